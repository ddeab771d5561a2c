"""What the edit page shows beside its fields: the preview, the original of a translation, what is there already."""

from collections.abc import Sequence
from functools import cached_property

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from knowledge.articles import differences, editing
from knowledge.articles.article import Article
from knowledge.articles.files import files_of, is_inline, markdown_of
from knowledge.articles.pictures import measured
from knowledge.articles.rendering import TooLong, blocks
from knowledge.articles.revision import PUBLISHED, ArticleFile, Revision
from knowledge.articles.writing import callout_names
from knowledge.desk.fields import Field, changed_fields
from portal.accounts.people import User
from portal.db import db
from portal.web import settings


class Drawn:
    """Read when it is asked for."""

    def __init__(self, revision: Revision, body: str | None, lang: str) -> None:
        self.revision, self.article, self.body, self.lang = revision, revision.article, body or "", lang

    @property
    def html(self) -> Markup:
        """The text as readers will see it, but without ids: it stands on a page with ids of its own."""
        return drawn(self.body, self.lang)

    @cached_property
    def original(self) -> Article | None:
        asked = select(Article).filter_by(external_id=self.revision.properties.get("translation_of") or "")
        return db.session.scalars(asked).first()

    @property
    def original_html(self) -> Markup:
        return drawn(self.original.body, self.original.lang) if self.original else Markup()

    @property
    def is_behind(self) -> bool:
        """The original changed since this translation was made, or last found right."""
        known = self.revision.properties.get("translated_revision")
        return bool(self.original and known is not None and self.original.revision > known)

    @property
    def is_new(self) -> bool:
        return editing.is_new(self.article)

    @property
    def is_based_on_older(self) -> bool:
        """Another text was published while this one was a draft."""
        return bool(self.article.revision > self.revision.properties.get("began_from", self.article.revision))

    @cached_property
    def files(self) -> list[ArticleFile]:
        return files_of(self.article)

    markdown_of = staticmethod(markdown_of)
    is_inline = staticmethod(is_inline)
    compared = staticmethod(differences.compare)

    @property
    def changes(self) -> list[differences.Line]:
        """What this revision changes of the text that is published."""
        return differences.compare(self.article.body, self.body)

    @property
    def changed_fields(self) -> list[Field]:
        """What this revision changes of the properties of what is published."""
        return changed_fields(self.article, self.revision)

    @property
    def needs_approval(self) -> bool:
        return bool(settings().review_required) and not editing.is_approved(self.revision)

    @property
    def is_approved(self) -> bool:
        return editing.is_approved(self.revision)

    def may_approve(self, person: User) -> bool:
        return not settings().review_required or person.id not in editing.writers(self.revision)


def drawn(body: str, lang: str) -> Markup:
    try:
        return measured("\n".join(block.html for block in blocks(body, callout_names(lang))))
    except TooLong:
        return Markup("<p>{}</p>").format(_("The text is too long to be shown."))


def history(article: Article) -> Sequence[Revision]:
    """All revisions, the newest first."""
    mine = select(Revision).where(Revision.article_id == article.id)
    return db.session.scalars(mine.order_by(Revision.number.desc())).all()


def translations(article: Article) -> Sequence[Article]:
    """The article's family: the original and what was translated from it, those not published too."""
    origin = article.translation_of_id or article.id
    family = (Article.id == origin) | (Article.translation_of_id == origin)
    return db.session.scalars(select(Article).where(family).order_by(Article.lang)).all()


def numbered(article: Article, number: int) -> Revision | None:
    return db.session.scalars(select(Revision).filter_by(article_id=article.id, number=number)).first()


def last_published(article: Article) -> Revision | None:
    published = select(Revision).filter_by(article_id=article.id, state=PUBLISHED, number=article.revision)
    return db.session.scalars(published).first()
