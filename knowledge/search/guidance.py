"""What editors tell the search: words that mean the same, results that come first; and who waits for an answer."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.articles.revision import is_editor
from knowledge.search import words
from portal.db import Model, db, utcnow

MOST_READINGS = 24  # of one text with synonyms in it


class Synonym(Model):
    """Words that mean the same in a language ("" for every one). `words` are searched for each other; with
    `is_one_way` only the first one's searches take in the others."""

    __tablename__ = "search_synonym"

    id: Mapped[int] = mapped_column(primary_key=True)
    lang: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[list[str]]
    is_one_way: Mapped[bool] = mapped_column(default=False)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Synonym"]:
        return select(cls) if is_editor(person) else select(cls).where(db.false())


class Pin(Model):
    """A result that stands first for a search. `folded` is the search as `SearchQuery.folded` has it."""

    __tablename__ = "search_pin"
    __table_args__ = (UniqueConstraint("folded", "lang", "kind", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(String(200), index=True)
    lang: Mapped[str] = mapped_column(String(20), default="")
    kind: Mapped[str] = mapped_column(String(10), default="article")
    item_id: Mapped[int]
    place: Mapped[int] = mapped_column(default=1)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Pin"]:
        return select(cls) if is_editor(person) else select(cls).where(db.false())


class Wish(Model):
    """'Tell me when this is answered': an address (double opt-in) and a search that found nothing.

    `token_hash` is of the key in the links that confirm and end it. `answered_at` is when the mail was written.
    """

    __tablename__ = "search_wish"
    __table_args__ = (UniqueConstraint("email", "folded"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(200))
    folded: Mapped[str] = mapped_column(String(200), index=True)
    lang: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(10))
    zone: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="SET NULL"))


class Alike(NamedTuple):
    """Words (stems, in order) that stand for others in a language's field; "" for every one."""

    lang: str
    stems: tuple[str, ...]
    others: tuple[str, ...]


class Guide:
    """Synonyms and pins as one edition has them."""

    def __init__(self) -> None:
        self.alike: dict[str, list[Alike]] = {}
        for row in db.session.execute(select(Synonym.lang, Synonym.words, Synonym.is_one_way)):
            for at, word in enumerate(row.words[:1] if row.is_one_way else row.words):
                stems = _stems(word, row.lang)
                others = tuple(other for n, other in enumerate(row.words) if n != at)
                if stems:
                    self.alike.setdefault(stems[0], []).append(Alike(row.lang, stems, others))
        self.pins: dict[str, list[Any]] = {}
        columns = (Pin.folded, Pin.lang, Pin.kind, Pin.item_id)
        for pin in db.session.execute(select(*columns).order_by(Pin.place, Pin.id)):
            self.pins.setdefault(pin.folded, []).append(pin)

    def meaning_the_same(self, text: str) -> list[Alike]:
        """What stands in the text and has synonyms."""
        return [one for one, _start, _end in self._places(text)]

    def said_otherwise(self, text: str, lang: str) -> list[str]:
        """The text, and what means the same in a language: with synonyms in the place of its words."""
        field, texts = words.field_of(lang), [text]
        places = [place for place in self._places(text) if not place[0].lang or words.field_of(place[0].lang) == field]
        for one, start, end in sorted(places, key=lambda place: -place[1]):  # what stands before stays where it is
            texts += [f"{before[:start]}{other}{before[end:]}" for other in one.others for before in texts]
            texts = texts[:MOST_READINGS]
        return texts

    def _places(self, text: str) -> list[tuple[Alike, int, int]]:
        """What stands in the text and has synonyms, with where."""
        found: list[tuple[Alike, int, int]] = []
        read: dict[str, tuple[str, ...]] = {}
        spans = [(start, end) for start, end, _ in words.spans(text)] + list(words.cjk_spans(text))
        for lang in {one.lang for some in self.alike.values() for one in some}:
            read[lang] = _stems(text, lang)
        for lang, stems in read.items():
            for at, stem in enumerate(stems):
                for one in self.alike.get(stem, ()):
                    if one.lang == lang and stems[at : at + len(one.stems)] == one.stems:
                        found.append((one, spans[at][0], spans[at + len(one.stems) - 1][1]))
        return found

    def pinned(self, text: str, lang: str) -> list[tuple[str, int]]:
        """(kind, item id) of what stands first for this search, in order."""
        mine = lang.split("-")[0]
        pins = self.pins.get(words.folded(text), ())
        return [(pin.kind, pin.item_id) for pin in pins if not pin.lang or pin.lang.split("-")[0] == mine]


_guides: "OrderedDict[tuple[str, int], Guide]" = OrderedDict()
_guides_lock = Lock()


def guide(token: str, number: int) -> Guide:
    """The synonyms and pins of this edition: whoever changes them advances it."""
    with _guides_lock:
        kept = _guides.get((token, number))
    if kept is None:
        kept = Guide()
        with _guides_lock:
            _guides[token, number] = kept
            while len(_guides) > 4:
                _guides.popitem(last=False)
    return kept


def _stems(text: str, lang: str) -> tuple[str, ...]:
    stem: Callable[[str], str] = words.stemmer(words.field_of(lang or "plain"))
    found: Sequence[str] = [stem(word) or words.fold(word) for _, _, word in words.spans(text)]
    return tuple(found) + tuple(text[a:b] for a, b in words.cjk_spans(text))
