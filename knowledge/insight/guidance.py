"""What editors tell the search: synonyms and pinned results, one by one or from a file. They hold at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from knowledge.articles.article import Article
from knowledge.edition import Edition
from knowledge.search.guidance import Pin, Synonym
from knowledge.search.ranking import LONGEST
from knowledge.search.words import folded
from portal import spreadsheets
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.web import settings

MOST_WORDS = 12  # of one line of synonyms
LONGEST_WORD = 60
MOST_PLACES = 10
MOST_SYNONYMS, MOST_PINS = 2000, 5000


def keep_synonym(row: Synonym, words: Sequence[str], lang: str, is_one_way: bool, *, by: User, now: datetime) -> None:
    """Write a line of words that mean the same, new or changed. Raises `Refused` with what is wrong with it."""
    tidy = list(dict.fromkeys(" ".join(word.replace("\0", "").lower().split()) for word in words))
    row.words = [word for word in tidy if word]
    if len(row.words) < 2:
        raise Refused(_("It takes two words at least."))
    if len(row.words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in row.words):
        raise Refused(_("At most %(most)s words of %(length)s letters.", most=MOST_WORDS, length=LONGEST_WORD))
    row.lang, row.is_one_way = _lang(lang), is_one_way
    row.by_id, row.updated_at = by.id, now
    if row not in db.session:
        _expect_room(Synonym, MOST_SYNONYMS)
    db.session.add(row)
    db.session.flush()
    Edition.advance()


def keep_pin(row: Pin, text: str, address: str, lang: str, place: int, *, by: User, now: datetime) -> None:
    """Write a result that stands at a place for a search, new or changed. `address` is an article's, in any form."""
    row.folded = folded(text.replace("\0", " ")[:LONGEST])
    if not row.folded:
        raise Refused(_("Say for which search."))
    article = article_at(address, lang)
    if article is None:
        raise Refused(_("There is no published article at “%(address)s”.", address=address[:120]))
    row.kind, row.item_id, row.lang = "article", article.id, _lang(lang)
    row.place = min(max(place, 1), MOST_PLACES)
    row.by_id, row.updated_at = by.id, now
    if row not in db.session:
        _expect_room(Pin, MOST_PINS)
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Refused(_("This article is pinned for that search already.")) from None
    Edition.advance()


def remove(row: Synonym | Pin) -> None:
    db.session.delete(row)
    db.session.flush()
    Edition.advance()


def article_at(address: str, lang: str) -> Article | None:
    """The published article that an address, a path or a slug names; its original if that language isn't there."""
    path = address.replace("\0", "").strip().partition("?")[0].partition("#")[0].rstrip("/")
    slug = path.rpartition("/kb/")[2] if "/kb/" in path else path.rpartition("/")[2]
    rows = db.session.scalars(select(Article).where(Article.slug == slug[:120], Article.status == "published")).all()
    ordered = sorted(rows, key=lambda one: (one.lang != lang, one.translation_of_id is not None, one.id))
    return ordered[0] if ordered else None


def _lang(lang: str) -> str:
    if lang and lang not in settings().languages:
        raise Refused(_("This is no language of the portal."))
    return lang


def _expect_room(kind: Any, most: int) -> None:
    with db.session.no_autoflush:
        count = db.session.scalar(select(db.func.count(kind.id))) or 0
    if count >= most:
        raise Refused(_("There is room for %(most)s of them. Remove some first.", most=most))


def listed_pins(person: Any) -> Select[Any]:
    """Pins with the title and address of what they pin."""
    mine = Pin.visible_to(person).subquery()
    query = select(mine, Article.title, Article.slug, Article.lang.label("article_lang"), Article.status)
    query = query.outerjoin(Article, Article.id == mine.c.item_id).where(mine.c.kind == "article")
    return query.order_by(mine.c.folded, mine.c.lang, mine.c.place, mine.c.id)


# As files ------------------------------------------------------------------------------------------------------------

SYNONYM_HEAD = ("language", "one way", "words")
PIN_HEAD = ("search", "language", "place", "address")


def synonym_cells(row: Synonym) -> Sequence[str]:
    return row.lang, "yes" if row.is_one_way else "", " | ".join(row.words)


def pin_cells(row: Any) -> Sequence[Any]:
    return row.folded, row.lang, row.place, f"/kb/{row.slug}" if row.slug else ""


def take_synonyms(content: bytes, *, by: User, now: datetime) -> int:
    """Add the lines of a file, all or none; those that are there already are left alone. Returns how many are new."""
    there = {(row.lang, tuple(row.words), row.is_one_way) for row in db.session.scalars(select(Synonym))}
    count = 0
    for number, line in _lines(content, SYNONYM_HEAD):
        words = [word.strip().lower() for word in line["words"].split("|") if word.strip()]
        key = (line["language"].strip(), tuple(words), line["one way"].strip().lower() in ("yes", "1", "true"))
        if key not in there:
            _named(number, lambda key=key: keep_synonym(Synonym(), key[1], key[0], key[2], by=by, now=now))
            there.add(key)
            count += 1
    return count


def take_pins(content: bytes, *, by: User, now: datetime) -> int:
    there = {(row.folded, row.lang, row.item_id) for row in db.session.scalars(select(Pin))}
    count = 0
    for number, line in _lines(content, PIN_HEAD):
        lang, place = line["language"].strip(), line["place"].strip()
        article = article_at(line["address"], lang)
        key = (folded(line["search"]), lang, article.id if article else None)
        if key not in there:
            given = (line["search"], line["address"], lang, int(place) if place.isdecimal() and len(place) < 4 else 1)
            _named(number, lambda given=given: keep_pin(Pin(), *given, by=by, now=now))
            there.add(key)  # type: ignore[arg-type]
            count += 1
    return count


def _lines(content: bytes, head: Sequence[str]) -> Sequence[tuple[int, Mapping[str, str]]]:
    too_long, not_text = _("The file is too long."), _("This is no CSV file in UTF-8.")
    lines = list(spreadsheets.read(content, too_long, not_text))
    if lines and not set(head) <= set(lines[0][1]):
        raise Refused(_("The first line must name the columns: %(columns)s.", columns=", ".join(head)))
    return lines


def _named(number: int, write: Any) -> None:
    """Say in which line it stands, when it is refused."""
    try:
        write()
    except Refused as error:
        raise Refused(_("Line %(number)s: %(reason)s", number=number, reason=error)) from None
