"""Documents as the search sees them: first the document itself by its title and summary, then its pages."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import literal, or_, select

from knowledge.documents.addresses import file_url, page_url
from knowledge.documents.document import Document, DocumentPage
from knowledge.search.items import Item, Ref, Scope, Shown
from portal.audience import sees
from portal.db import db

KIND = "document"
COLUMNS = (
    Document.id,
    Document.external_id,
    Document.slug,
    Document.title,
    Document.summary,
    Document.product,
    Document.version,
    Document.lang,
    Document.filename,
    Document.visibility,
    Document.updated_at,
)


class DocumentSource:
    """Position 0 is the document, n its page n. Versions and languages of one share its address."""

    kind = KIND

    def ids(self) -> Sequence[int]:
        return db.session.scalars(select(Document.id).where(Document.status == "published").order_by(Document.id)).all()

    def items(self, ids: Sequence[int]) -> Iterator[Item]:
        query = select(*COLUMNS).where(Document.status == "published", Document.id.in_(ids))
        for row in db.session.execute(query).all():
            yield _item(row, 0, row.summary)
            pages = select(DocumentPage.number, DocumentPage.text).filter_by(document_id=row.id)
            for page in db.session.execute(pages.order_by(DocumentPage.number)):  # of one alone: it may have thousands
                yield _item(row, page.number, page.text)

    def shown(self, refs: Collection[Ref], person: Any, locale: str) -> Mapping[tuple[int, int], Shown]:
        wanted = {(ref.item_id, ref.position): ref for ref in refs}
        ids, numbers = ({key[n] for key in wanted} for n in (0, 1))
        visible = (Document.status == "published", Document.visibility.in_(sees(person)), Document.id.in_(ids))
        documents = {row.id: row for row in db.session.execute(select(*COLUMNS).where(*visible))}
        pages = select(DocumentPage.document_id, DocumentPage.number, DocumentPage.text)
        here = (DocumentPage.document_id.in_(documents), DocumentPage.number.in_(numbers))
        texts = {(row.document_id, row.number): row.text for row in db.session.execute(pages.where(*here))}
        return {
            key: _shown(ref, documents[ref.item_id], texts.get(key))
            for key, ref in wanted.items()
            if ref.item_id in documents and (ref.position == 0 or key in texts)
        }

    def plain(self, words: Collection[str], scope: Scope, most: int) -> Iterable[tuple[Ref, str, str]]:
        visible = [Document.status == "published", Document.visibility.in_(scope.audiences)]
        visible += [Document.lang == scope.lang] if scope.lang else []
        visible += [Document.product == scope.product] if scope.product else []
        whole = select(*COLUMNS, literal(0).label("position"), Document.summary.label("text")).where(
            *visible, or_(*(column.icontains(word, autoescape=True) for word in words for column in _NAMES))
        )
        paged = (
            select(*COLUMNS, DocumentPage.number.label("position"), DocumentPage.text.label("text"))
            .join(DocumentPage, DocumentPage.document_id == Document.id)
            .where(*visible, or_(*(DocumentPage.text.icontains(word, autoescape=True) for word in words)))
        )
        for query in (whole, paged):
            for row in db.session.execute(query.limit(most)):
                yield _ref(row, row.position), row.title, row.text


_NAMES = (Document.title, Document.summary, Document.filename)


def _ref(row: Any, position: int) -> Ref:
    return Ref(KIND, row.id, position, f"manuals/{row.slug}", row.lang, row.product, row.version or None)


def _item(row: Any, position: int, text: str) -> Item:
    return Item(
        ref=_ref(row, position),
        audience=row.visibility,
        title=row.title,
        heading="",
        text=text,
        about=tuple(filter(None, (row.product, row.version, row.filename if position == 0 else ""))),
        is_first=position == 0,
    )


def _shown(ref: Ref, row: Any, text: str | None) -> Shown:
    """A page leads into the file, where PDF viewers open it; the document itself to what is said of it."""
    is_page = ref.position > 0
    return Shown(
        ref=ref,
        id=row.external_id,
        url=file_url(row) if is_page else page_url(row),
        anchor=f"page={ref.position}" if is_page else "",
        title=row.title,
        heading="",
        text=text if is_page and text else row.summary,
        lang=row.lang,
        updated_at=row.updated_at,
        place=_("page %(number)s", number=ref.position) if is_page else "",
    )
