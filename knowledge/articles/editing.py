"""What editors do with articles. What readers see stays as it is until a revision is published.

Every verb takes the editor as `by=`; the pages let nobody else through. None of them commits.
"""

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from knowledge.articles import letters, writing
from knowledge.articles.article import Article
from knowledge.articles.following import tell_followers
from knowledge.articles.rendering import LONGEST, MOST_LINES
from knowledge.articles.revision import (
    DISCARDED,
    DRAFT,
    OPEN,
    PUBLISHED,
    REVIEW,
    SCHEDULED,
    OldAddress,
    Remark,
    Revision,
    is_editor,
)
from knowledge.articles.writing import PROPERTIES, Manuscript
from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.web import settings

TEXTS = ("title", "summary", "body", "note", "is_minor")
MORE = ("check_by", "translated_revision")  # properties that no manuscript has
LONGEST_NOTE = 300


class Overtaken(Refused):
    """Somebody else saved this revision in between. Nothing was written: both texts are there to be put together."""

    def __init__(self, revision: Revision) -> None:
        super().__init__(_("Somebody else saved this draft in the meantime. Both texts are below."))
        self.revision = revision


def begin(article: Article, *, by: User, now: datetime) -> Revision:
    """The open revision of an article, else a new draft of what is published."""
    keep_first(article)
    if found := open_revision(article):
        return found
    revision = Revision(article=article, number=_next_number(article), state=DRAFT, author_id=by.id)
    revision.title, revision.summary, revision.body = article.title, article.summary, article.body
    revision.properties = {**properties_of(article), "began_from": article.revision, "writers": []}
    revision.created_at = revision.updated_at = now
    try:
        with db.session.begin_nested():
            db.session.add(revision)
    except IntegrityError:  # two at once: the other one's draft is the draft
        return db.session.scalars(_open(article)).one()
    return revision


def begin_new(fields: Mapping[str, Any], *, by: User, now: datetime) -> Revision:
    """A draft of an article that isn't there yet. `fields` as for `save`, with slug and lang.

    With `translation_of` (the original's external id) it stands at the original's address.
    """
    original = original_of(fields.get("translation_of"))
    if original:
        keep_first(original)
        fields = {"translated_revision": original.revision, **fields, "slug": original.slug}
    article = Article(external_id=f"kb-{secrets.token_hex(8)}", status="draft", tags=[], toc=[], body="", html="")
    article.title, article.slug, article.lang = (str(fields.get(n) or "").strip() for n in ("title", "slug", "lang"))
    article.checksum, article.updated_at = "", now
    revision = Revision(article=article, number=1, state=DRAFT, author_id=by.id, created_at=now, updated_at=now)
    revision.title, revision.summary, revision.body, revision.saved = article.title, "", "", 1
    revision.properties = {"began_from": 0, "writers": [by.id]}
    with db.session.no_autoflush:
        _take(revision, fields)
        writing.check(manuscript_of(revision, now=now), None)
    article.translation_of_id = original.id if original else None
    db.session.add(revision)
    db.session.flush()
    return revision


def save(revision: Revision, fields: Mapping[str, Any], *, by: User, saved: int, page: str = "", now: datetime) -> None:
    """Keep what was written: title, summary, body, note, is_minor, category, product, versions, tags, visibility,
    machine_translated, translation_of, check_by, translated_revision, and slug and lang of what was never published.

    What isn't given stays. `saved` is the revision's as it was read: raises `Overtaken` when another one was first.
    `page` names the open page it was written on, which doesn't overtake itself when it saves twice at once.
    """
    _lock(revision)
    if revision.saved != saved and not (page and revision.properties.get("page") == page):
        raise Overtaken(revision)
    _expect(revision, DRAFT)
    article = revision.article
    _take(revision, fields)
    if is_new(article):
        article.title = revision.title
        article.slug = str(fields.get("slug") or article.slug) if not article.translation_of_id else article.slug
        article.lang = str(fields.get("lang") or article.lang)
    with db.session.no_autoflush:
        writing.check(manuscript_of(revision, now=now), article)
    revision.saved, revision.updated_at = revision.saved + 1, now
    revision.properties = {**revision.properties, "writers": sorted({*writers(revision), by.id}), "page": page}
    db.session.flush()


def send(
    revision: Revision, *, by: User, reviewer: User | None, due: date | None, remark: str = "", now: datetime
) -> None:
    """Have somebody (or whoever comes first) read it before it is published, until a day."""
    _lock(revision)
    _expect(revision, DRAFT)
    if reviewer is not None and (not reviewer.active or not is_editor(reviewer)):
        raise Refused(_("%(name)s is no editor.", name=reviewer.display_name))
    if reviewer is not None and settings().review_required and reviewer.id in writers(revision):
        raise Refused(_("Choose somebody who has not written in it."))
    revision.state, revision.review_due = REVIEW, due
    revision.reviewer = reviewer
    _remark(revision, "sent", remark, by=by, now=now)
    if reviewer and reviewer.id != by.id:
        letters.send_assigned(revision, reviewer, by=by, remark=remark)


def approve(revision: Revision, *, by: User, remark: str = "", now: datetime) -> None:
    """Find it right. It may be published from now on, also where that needs a second pair of eyes."""
    _lock(revision)
    _expect(revision, REVIEW)
    if settings().review_required and by.id in writers(revision):
        raise Refused(_("Somebody else has to approve what you have written."))
    _remark(revision, "approved", remark, by=by, now=now)
    if revision.author and revision.author_id != by.id:
        letters.send_approved(revision, revision.author, by=by, remark=remark)


def send_back(revision: Revision, remark: str, *, by: User, now: datetime) -> None:
    """Make it a draft again, with a remark on what is missing. Authors may take theirs back without a word."""
    _lock(revision)
    _expect(revision, REVIEW, SCHEDULED)
    if not remark.strip() and revision.author_id != by.id:
        raise Refused(_("Say what is to be changed."))
    _return(revision, remark, by=by, now=now)
    if revision.author and revision.author_id != by.id:
        letters.send_returned(revision, revision.author, by=by, remark=remark)


def schedule(revision: Revision, *, at: datetime, by: User, now: datetime) -> None:
    """Have it published at a time to come; whoever asks for it must be an editor still when it comes."""
    _lock(revision)
    _expect(revision, *OPEN)
    _expect_approval(revision)
    if at <= now:
        raise Refused(_("That time is past. Choose a later one, or publish now."))
    revision.state, revision.publish_at, revision.published_by_id = SCHEDULED, at, by.id
    db.session.flush()


def publish_revision(revision: Revision, *, by: User, now: datetime) -> Article:
    """Show it to readers. Raises `Refused` for what can't be shown, or not yet."""
    _lock(revision)
    _expect(revision, *OPEN)
    _expect_approval(revision)
    article = revision.article
    writing.rewrite(article, manuscript_of(revision, now=now), now=now)
    last = _next_number(article) - 1
    revision.number = last + 1 if revision.number < last else revision.number  # an import came in between
    revision.state, revision.published_at, revision.published_by_id, revision.publish_at = PUBLISHED, now, by.id, None
    article.revision = revision.number
    article.check_by = _day(revision.properties.get("check_by"))
    article.translated_revision = revision.properties.get("translated_revision")
    db.session.flush()
    tell_followers(article, revision)
    return article


def discard(revision: Revision, *, by: User, now: datetime) -> None:
    """Give an open revision up. Its text stays in the history."""
    _lock(revision)
    _expect(revision, *OPEN)
    revision.state, revision.publish_at = DISCARDED, None
    _remark(revision, "discarded", "", by=by, now=now)


def restore(older: Revision, *, by: User, now: datetime) -> Revision:
    """Open a draft with the text of an older revision. A draft that is open already goes into the history."""
    article = older.article
    if current := open_revision(article):
        _expect(current, DRAFT)
        if current.id == older.id:
            return current
        discard(current, by=by, now=now)
    revision = begin(article, by=by, now=now)
    kept = {name: older.properties.get(name) for name in (*PROPERTIES, *MORE, "tags") if name in older.properties}
    revision.title, revision.summary, revision.body = older.title, older.summary, older.body
    revision.properties = {**revision.properties, **kept, "writers": [by.id]}
    revision.note = _("Revision %(number)s restored", number=older.number)
    db.session.flush()
    return revision


def archive(article: Article, *, by: User, now: datetime) -> None:
    """Take an article away from readers. Its address says so; what was scheduled is not published."""
    article.status = "archived"
    if (current := open_revision(article)) and current.state == SCHEDULED:
        _return(current, _("The article was archived."), by=by, now=now)
    _show_change([article.id])


def unarchive(article: Article, *, by: User, now: datetime) -> None:
    """Show it to readers again, as it was."""
    if article.status == "archived":
        article.status = "published" if article.published_at else "draft"
        _show_change([article.id])


def move(article: Article, slug: str) -> None:
    """Give an article and its translations a new address. The old one leads there for ever."""
    slug, before = slug.strip(), article.slug
    if slug == before:
        return
    family = db.session.scalars(select(Article).filter_by(slug=before).order_by(Article.id)).all()
    back = db.session.get(OldAddress, slug)
    if back and back.article_id in {one.id for one in family}:
        db.session.delete(back)  # it moves back to where it was
        db.session.flush()
    for one in family:
        writing.check(Manuscript(one.external_id, slug, one.lang, one.title, ""), one)
    if db.session.scalar(select(Article.id).filter_by(slug=slug).limit(1)):
        raise Refused(_("The address /kb/%(slug)s is taken.", slug=slug))
    try:
        with db.session.begin_nested():
            for one in family:
                one.slug = slug
    except IntegrityError:
        raise Refused(_("The address /kb/%(slug)s is taken.", slug=slug)) from None
    if any(not is_new(one) for one in family):
        first = next((one for one in family if one.translation_of_id is None), article)
        db.session.add(OldAddress(slug=before, article_id=first.id))
    _show_change([one.id for one in family])


# What is asked of revisions -------------------------------------------------------------------------------------------


def open_revision(article: Article) -> Revision | None:
    return db.session.scalars(_open(article)).first()


def is_new(article: Article) -> bool:
    """True for what readers have never seen: its address may still change without a trace."""
    return article.published_at is None and article.status == "draft" and not article.revision


def is_approved(revision: Revision) -> bool:
    """True when the last that was decided about it was to approve it."""
    decisions = [remark.decision for remark in revision.remarks if remark.decision in ("sent", "approved", "returned")]
    return bool(decisions) and decisions[-1] == "approved"


def writers(revision: Revision) -> set[int]:
    """The ids of those who have written in it."""
    return {int(number) for number in (revision.author_id, *revision.properties.get("writers", ())) if number}


def manuscript_of(revision: Revision, *, now: datetime) -> Manuscript:
    """A revision as it would be published, at its article's address."""
    article, kept = revision.article, revision.properties
    return Manuscript(
        external_id=article.external_id,
        slug=article.slug,
        lang=article.lang,
        title=revision.title,
        body=revision.body,
        summary=revision.summary,
        tags=tuple(kept.get("tags") or ()),
        updated_at=now,
        **{name: kept[name] for name in PROPERTIES if kept.get(name) is not None},
    )


def original_of(external_id: str | None) -> Article | None:
    """The article that a translation is made from. Raises `Refused` when it can't be that."""
    if not external_id:
        return None
    original = db.session.scalars(select(Article).filter_by(external_id=external_id)).first()
    if original is None or original.translation_of_id:
        raise Refused(_("There is no original “%(id)s”.", id=external_id[:80]))
    return original


def keep_first(article: Article) -> None:
    """Begin the history of an imported article with the text that readers see."""
    if article.revision or is_new(article):
        return
    first = Revision(article=article, number=_next_number(article), state=PUBLISHED, title=article.title)
    first.summary, first.body, first.properties = article.summary, article.body, properties_of(article)
    first.created_at = first.updated_at = first.published_at = article.updated_at
    db.session.add(first)
    article.revision = first.number
    db.session.flush()


def _take(revision: Revision, fields: Mapping[str, Any]) -> None:
    body = str(fields.get("body", revision.body))
    if len(body.encode()) > LONGEST or body.count("\n") > MOST_LINES:
        most = {"size": LONGEST // 1024, "lines": MOST_LINES}
        raise Refused(_("The text is longer than %(size)s KB or %(lines)s lines. Divide it in two articles.", **most))
    if len(str(fields.get("note", ""))) > LONGEST_NOTE:
        raise Refused(_("The note on what changed is longer than %(most)s characters.", most=LONGEST_NOTE))
    for name in TEXTS:
        if name in fields:
            value = fields[name]
            setattr(revision, name, value if isinstance(value, bool) or name == "body" else str(value).strip())
    given = {name: fields[name] for name in (*PROPERTIES, *MORE) if name in fields}
    given |= {"tags": _tags(fields["tags"])} if "tags" in fields else {}
    given |= {"check_by": given["check_by"].isoformat() if given["check_by"] else None} if "check_by" in given else {}
    revision.properties = {**revision.properties, **given}


def _tags(tags: Any) -> list[str]:
    tidy = dict.fromkeys(" ".join(str(tag).split())[:40] for tag in tags)
    return [tag for tag in tidy if tag][:20]


def properties_of(article: Article) -> dict[str, Any]:
    """What a revision of the published text keeps beside title, summary and text."""
    original = db.session.get(Article, article.translation_of_id) if article.translation_of_id else None
    named = {name: getattr(article, name) for name in ("product", "versions", "visibility", "machine_translated")}
    named |= {"category": article.category.slug if article.category else None, "tags": list(article.tags)}
    named |= {"translation_of": original.external_id if original else None}
    named |= {"check_by": article.check_by.isoformat() if article.check_by else None}
    return named | {"translated_revision": article.translated_revision}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _open(article: Article) -> Any:
    return select(Revision).where(Revision.article_id == article.id, Revision.state.in_(OPEN))


def _next_number(article: Article) -> int:
    highest = select(func.max(Revision.number)).where(Revision.article_id == article.id)
    return (db.session.scalar(highest) or 0) + 1


def _lock(revision: Revision) -> None:
    """Nobody else changes it until this transaction ends; it is read anew."""
    db.session.refresh(revision, with_for_update={"of": Revision})


def _expect(revision: Revision, *states: str) -> None:
    if revision.state not in states:
        raise Refused(_("That can't be done any more: somebody has moved it on. Reload the page to see where it is."))


def _expect_approval(revision: Revision) -> None:
    if settings().review_required and not is_approved(revision):
        raise Refused(_("Somebody else has to approve it first."))


def _return(revision: Revision, remark: str, *, by: User | None, now: datetime) -> None:
    revision.state, revision.publish_at = DRAFT, None
    _remark(revision, "returned", remark, by=by, now=now)


def _remark(revision: Revision, decision: str, text: str, *, by: User | None, now: datetime) -> None:
    said = text.replace("\0", "").strip()[:4000]
    revision.remarks.append(Remark(by_id=by.id if by else None, text=said, decision=decision, created_at=now))
    db.session.flush()


def _show_change(article_ids: list[int]) -> None:
    db.session.flush()
    Edition.advance()
    note_changes(article_ids)
