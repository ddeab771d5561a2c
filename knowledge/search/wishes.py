"""'Tell me when this is answered': searches that found nothing, and the one mail that is sent when an article answers.

Without an account an address is asked to confirm by a link in a mail (double opt-in). Every link carries a key of 128
bits of which only the hash is stored; what it is made of stands in the row, so that each later mail carries the same.
A wish is kept without what was personal or secret in it, fires once, and is then over.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Flask
from huey import crontab
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from knowledge.articles.article import Article, Section, best_language
from knowledge.edition import Edition
from knowledge.link_keys import AGAIN_AFTER, ASKED_A_DAY, FORGOTTEN_AFTER, hash_of, key_made_of
from knowledge.search import words
from knowledge.search.guidance import Guide, Wish, guide
from knowledge.search.ranking import LONGEST
from knowledge.search.redaction import redact
from knowledge.search.snippets import snippet
from knowledge.search.words import CJK, IDENT, folded
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.audience import PUBLIC, sees
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job
from portal.mail import compose
from portal.web import settings

KEPT_FOR = timedelta(days=365)  # who has waited longer than that has helped themselves
MOST_OF_ADDRESS = 50  # wishes of one address that wait
AT_ONCE = 200  # articles that are looked at in one job
_WAITING = (Wish.confirmed_at.is_not(None), Wish.answered_at.is_(None))


def wish(text: str, *, by: User, now: datetime, lang: str, locale: str, zone: str) -> Wish | None:
    """Wish with an account: its address is confirmed already. None for a text of which nothing is left."""
    if row := kept(kept_text(text), by.email, now=now, lang=lang, locale=locale, zone=zone):
        row.user_id, row.confirmed_at = by.id, row.confirmed_at or now
    return row


def ask_to_wish(text: str, email: str, *, lang: str, locale: str, zone: str) -> None:
    """Have an address asked whether it wants to be told. Whatever is known of it, the same is done here."""
    if clean := kept_text(text):
        enqueue("ask_wisher", text=clean, email=email.lower(), lang=lang, locale=locale, zone=zone)


@job("ask_wisher")
def ask_wisher(text: str, email: str, lang: str, locale: str, zone: str) -> None:
    """Send the mail that asks to confirm, unless one was sent lately or the address gets too many.

    What was searched for stands on the page behind its link alone: nobody can have us send words of theirs to others.
    """
    now, mine = utcnow(), Wish.email == email
    row = db.session.scalar(select(Wish).where(mine, Wish.folded == folded(text)))
    if row and not row.answered_at and (row.confirmed_at or row.created_at > now - AGAIN_AFTER):
        return
    unconfirmed = (Wish.confirmed_at.is_(None), Wish.created_at > now - timedelta(days=1))
    asked = db.session.scalar(select(func.count(Wish.id)).where(mine, *unconfirmed)) or 0
    if asked >= ASKED_A_DAY:
        return
    row = kept(text, email, now=now, lang=lang, locale=locale, zone=zone)
    if row is None or row.confirmed_at:
        return
    row.created_at = now
    link = _link(row)
    subject = N_("Shall we tell you when there is an answer?")
    compose(email, "wishes/mail/asked", subject, locale=locale, zone=zone, link=link)


def kept(text: str, email: str, *, now: datetime, lang: str, locale: str, zone: str) -> Wish | None:
    """The row of this address, which may be new. One that was answered begins anew. Two at once: one gets in."""
    email, known = email.lower(), Wish.email == email.lower()
    mine = select(Wish).where(known, Wish.folded == folded(text))
    if row := db.session.scalar(mine):
        if row.answered_at:
            row.answered_at = row.confirmed_at = row.article_id = None
        return row
    waiting = db.session.scalar(select(func.count(Wish.id)).where(known, Wish.answered_at.is_(None))) or 0
    if not text or waiting >= MOST_OF_ADDRESS:
        return None
    row = Wish(email=email, text=text, folded=folded(text), lang=lang, locale=locale, zone=zone, created_at=now)
    row.token_hash = hash_of(key_of(row))
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return db.session.scalars(mine).one()
    return row


def kept_text(text: str) -> str:
    """The search without what is secret or personal."""
    return " ".join(redact(text.replace("\0", " ")[:LONGEST]).split())[:LONGEST]


def of_key(key: str) -> Wish | None:
    """The wish whose link this is."""
    return db.session.scalar(select(Wish).filter_by(token_hash=hash_of(key)))


def is_waiting(text: str, *, by: User) -> bool:
    mine = (Wish.user_id == by.id, Wish.folded == folded(kept_text(text)), Wish.answered_at.is_(None))
    return db.session.scalar(select(Wish.id).where(*mine)) is not None


def confirm(row: Wish, *, now: datetime) -> None:
    row.confirmed_at = row.confirmed_at or now


def stop(row: Wish) -> None:
    db.session.delete(row)


# When an article appears ---------------------------------------------------------------------------------------------


def look_for_wishes(article_ids: Iterable[int]) -> None:
    """Have the wishes looked through that these articles may answer, after this transaction commits."""
    ids = sorted(set(article_ids))
    if db.session.scalar(select(Wish.id).where(*_WAITING).limit(1)) is None:
        return
    for start in range(0, len(ids), AT_ONCE):
        enqueue("look_for_wishes", article_ids=ids[start : start + AT_ONCE])


@job("look_for_wishes")
def look(article_ids: Sequence[int]) -> None:
    """Tell everybody whose wish one of these articles answers. The mail and the note of it stand in one transaction."""
    wishes = db.session.scalars(select(Wish).where(*_WAITING).order_by(Wish.id).with_for_update()).all()
    if not wishes:
        return
    candidates, now, said = list(_candidates(article_ids)), utcnow(), guide(*Edition.current())
    audiences: dict[int | None, tuple[str, ...] | None] = {None: (PUBLIC,)}
    for row in wishes:
        if row.user_id not in audiences:
            user = db.session.get(User, row.user_id)
            audiences[row.user_id] = sees(user) if user and user.active else None
        seen = audiences[row.user_id]
        readable = [one for one in candidates if seen and one.visibility in seen]
        if found := _best([one for one in readable if answers(row.text, row.lang, one, said)], row):
            _tell(row, found, said, now=now)


@dataclass(frozen=True)
class Candidate:
    """A section with what stands above it. `titles` are the words of title, tags and heading."""

    article_id: int
    slug: str
    lang: str
    title: str
    visibility: str
    titles: frozenset[tuple[str, str]]
    terms: frozenset[tuple[str, str]]
    text: str


def answers(text: str, lang: str, candidate: Candidate, said: Guide) -> bool:
    """Whether a section answers a wish well enough to write a mail.

    All telling words of the wish must stand in one section, the title, tags and heading above it included: a section
    is what a search finds, and words that are spread over a long article answer nothing. Telling is what is no stop
    word, neither in the article's language nor in the reader's. A single word must stand in title, tags or heading,
    for it is said in passing everywhere; but a code, a version or a file name may stand anywhere. What editors said
    means the same stands for the words of the wish, as in a search.
    """
    return any(_answers(wish, lang, candidate) for wish in said.said_otherwise(text, candidate.lang))


def _answers(text: str, lang: str, candidate: Candidate) -> bool:
    wanted = telling(text, candidate.lang, lang)
    there = candidate.titles | candidate.terms
    if not wanted or not all(any(form in there for form in forms) for forms in wanted):
        return False
    [first, *more] = wanted
    return bool(more) or any(form in candidate.titles or form[0] == IDENT for form in first)


def telling(text: str, lang: str, own_lang: str) -> list[frozenset[tuple[str, str]]]:
    """The telling words of a wish as text in `lang` would hold them, each with the forms that stand for it."""
    field, own = words.field_of(lang), words.stemmer(words.field_of(own_lang))
    stem, names = words.stemmer(field), words.identifiers(text, asked=True)
    found = [frozenset({(IDENT, name)}) for name in names]
    spanned = [(a, b) for a, b, _ in words.identifier_spans(text)]
    for start, end, word in words.spans(text):
        inside = any(a <= start and end <= b for a, b in spanned)
        if not inside and own(word) and (term := stem(word)):
            found.append(frozenset({(field, term)}))
    found += [frozenset({(CJK, pair)}) for pair in words.pairs(text)]
    return list(dict.fromkeys(found))


def _terms(text: str, lang: str) -> set[tuple[str, str]]:
    field = words.field_of(lang)
    cut = ((field, words.terms(text, field)), (CJK, words.pairs(text)), (IDENT, words.identifiers(text)))
    return {(name, term) for name, some in cut for term in some}


def _candidates(article_ids: Collection[int]) -> Iterable[Candidate]:
    columns = (Article.id, Article.slug, Article.lang, Article.title, Article.summary, Article.tags, Article.visibility)
    query = select(*columns, Section.heading, Section.position, Section.text)
    query = query.join(Section, Section.article_id == Article.id).where(Article.status == "published")
    for row in db.session.execute(query.where(Article.id.in_(article_ids)).order_by(Article.id, Section.position)):
        above = " \n".join((row.title, row.heading, *row.tags))
        text = row.text if row.position else f"{row.summary} {row.text}"
        titles, terms = _terms(above, row.lang), _terms(text, row.lang)
        of_article = (row.id, row.slug, row.lang, row.title, row.visibility)
        yield Candidate(*of_article, frozenset(titles), frozenset(terms), text)


def _best(found: Sequence[Candidate], row: Wish) -> Candidate | None:
    """The one in the language of whoever waits, else in that of the search, else the first."""
    lang = best_language((row.locale, row.lang), [one.lang for one in found])
    return next((one for one in found if one.lang == lang), found[0] if found else None)


def _tell(row: Wish, found: Candidate, said: Guide, *, now: datetime) -> None:
    user = db.session.get(User, row.user_id) if row.user_id else None
    row.answered_at, row.article_id = now, found.article_id
    wanted: dict[str, dict[str, float]] = {}
    for text in said.said_otherwise(row.text, found.lang):
        for name, term in (form for forms in telling(text, found.lang, row.lang) for form in forms):
            wanted.setdefault(name, {})[term] = 1.0
    compose(
        user.email if user else row.email,
        "wishes/mail/answered",
        N_("“%(text)s” is answered"),
        locale=(user.locale if user else None) or row.locale,
        zone=(user.zone if user else None) or row.zone,
        unsubscribe=f"{_link(row)}/stop",
        text=row.text,
        title=found.title,
        snippet=snippet(found.text, found.lang, wanted).striptags(),
        article_lang=found.lang,
        link=f"{settings().base_url}/kb/{quote(found.slug)}?in={quote(found.lang)}",
    )


def _link(row: Wish) -> str:
    """The address that confirms it; `/stop` behind it ends it. Made anew if the secret key was changed."""
    key = key_of(row)
    row.token_hash = hash_of(key)
    return f"{settings().base_url}/search/wish/{key}"


def key_of(row: Wish) -> str:
    return key_made_of("wish", row.email, row.folded, at=row.created_at)


def forget_wishes(*, now: datetime) -> int:
    """Forget what was never confirmed, and what is over for long; returns how many."""
    unconfirmed = Wish.confirmed_at.is_(None) & (Wish.created_at < now - FORGOTTEN_AFTER)
    over = unconfirmed | (Wish.created_at < now - KEPT_FOR) | (Wish.answered_at < now - FORGOTTEN_AFTER * 4)
    return len(db.session.execute(delete(Wish).where(over).returning(Wish.id)).all())


def init_wishes(app: Flask) -> None:
    """Put the forgetting into the queue."""

    @app.extensions["queue"].periodic_task(crontab(minute="37"), name="forget_wishes")
    def forget_every_hour() -> None:
        with app.app_context(), writing(), db.session.begin():
            forget_wishes(now=utcnow())
