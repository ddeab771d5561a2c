"""An article from a resolved ticket: what was asked and what was answered, without who it was.

Internal notes, attachments and remote-access credentials are never read here. What is personal in the rest is taken
out as far as a program can tell, and shown marked to the editor, who has the last look before anybody else reads it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.articles.revision import Revision
from knowledge.community.scanning import cover, scan
from knowledge.insight.beginning import begin
from knowledge.insight.tables import ArticleTicket
from knowledge.search.redaction import redact
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.tickets.ticket import Message, Ticket

DONE = ("resolved", "closed")
SHORTEST_NAME = 3  # of the parts of a name that are looked for by themselves
NAME, PLACE = "[name]", "[address]"
MOST_OF_END = 8  # lines of a signature

_GREETING = re.compile(
    r"\A\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|moin|servus|"
    r"sehr geehrte[rs]?|liebe[rs]?|beste|geachte|goede(?:morgen|middag|navond)|dag|hej|kære|god(?:dag|morgen)|"
    r"здравствуйте|добрый (?:день|вечер)|доброе утро|уважаем\w+|您好|你好|尊敬的)\b"
    r"[^,!.:\n，！。：]{0,60}(?:[,!.:，！。：]|$)\s*",
    re.IGNORECASE | re.MULTILINE,
)
_PARTING = re.compile(
    r"^\s*(?:--\s*|(?:with |many )?(?:kind(?:est)?|best|warm) regards.*|regards.*|sincerely.*|yours .*|cheers.*|"
    r"(?:many )?thanks(?: in advance)?|thank you(?: in advance| very much)?|"
    r"mit (?:freundlichen|besten) gr(?:ü|ue)(?:ß|ss)en.*|(?:viele|beste|liebe|freundliche) gr(?:ü|ue)(?:ß|ss)e.*|mfg|"
    r"vielen dank(?: im voraus)?|met vriendelijke groet.*|groet(?:en|jes)?.*|(?:met )?venlig(?:e)? hilsen.*|mvh.*|"
    r"с уважением.*|спасибо|此致.*|谢谢|祝好)[,.!\s，。！]*$",
    re.IGNORECASE,
)
_TOWN = r"(?:,? *(?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2})? [A-ZÄÖÜÉ][\w-]*)?"
_STREET = re.compile(
    r"\b(?:[A-ZÄÖÜÉ][\w.'-]{0,40} ){0,2}[\w.'-]{0,40}"
    r"(?i:stra(?:ß|ss)e|str\.|weg|allee|platz|gasse|straat|laan|kade|plein|"
    rf"gracht|gade|vej)\s+\d{{1,4}}[a-z]?\b{_TOWN}|"
    r"\b\d{1,5} (?:[A-Z][\w'-]{0,40} ){1,3}(?i:street|road|avenue|lane|drive|square|boulevard)\b" + _TOWN
)
_WORDS = re.compile(r"\s*\S+\s*")
REACH = 200  # words; what is taken out of the middle of a text is shorter


@dataclass(frozen=True)
class Part:
    """A message of the ticket. `pieces` are (text, is_removed) of what it was; `text` is what is left of it."""

    kind: str
    at: datetime
    text: str
    pieces: Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Material:
    """What an article can be made of. `removed` counts the places where something was taken out."""

    title: str
    heading: Part
    parts: Sequence[Part]

    @property
    def removed(self) -> int:
        return sum(is_removed for part in (self.heading, *self.parts) for _, is_removed in part.pieces)


def material_of(ticket: Ticket) -> Material:
    """Subject, the customer's first message and the public replies of those who answered. Raises `Refused`."""
    if ticket.status not in DONE:
        raise Refused(_("Only a resolved ticket has an answer to write down."))
    messages = _public(ticket)
    names = _names_of(ticket, messages)
    asked = next((one for one in messages if one.kind == "customer"), None)
    said = [one for one in messages if one is asked or one.kind == "agent"]
    heading = _part("subject", ticket.created_at, ticket.subject, names)
    return Material(heading.text, heading, [_part(one.kind, one.created_at, one.body, names) for one in said])


def draft_from(ticket: Ticket, *, by: User, now: datetime) -> Revision:
    """The draft of an article, tied to the ticket. Once for each ticket: a second press leads to the same draft."""
    material = material_of(ticket)
    asked = "\n\n".join(part.text for part in material.parts if part.kind == "customer" and part.text)
    answered = "\n\n".join(part.text for part in material.parts if part.kind == "agent" and part.text)
    lang = ticket.language.replace("_", "-")
    with force_locale(ticket.language):
        headings = _("What happens"), _("What helps")
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in zip(headings, (asked, answered), strict=True))
    fields: dict[str, Any] = {"title": material.title or _("From a ticket"), "body": body}
    fields |= {"product": ticket.product.slug if ticket.product else None}
    fields |= {"note": _("Drafted from ticket #%(number)s", number=ticket.number)}
    revision = begin(fields, lang, by=by, now=now)
    db.session.add(ArticleTicket(article_id=revision.article_id, ticket_id=ticket.id, by_id=by.id, created_at=now))
    return revision


def drafted(ticket: Ticket, person: User) -> ArticleTicket | None:
    """The article that was drafted from this ticket."""
    mine = ArticleTicket.visible_to(person).where(ArticleTicket.ticket_id == ticket.id)
    return db.session.scalars(mine.order_by(ArticleTicket.id.desc())).first()


def _public(ticket: Ticket) -> Sequence[Message]:
    query = select(Message).where(Message.ticket_id == ticket.id, Message.kind.in_(("customer", "agent")))
    return db.session.scalars(query.order_by(Message.id)).all()


def _names_of(ticket: Ticket, messages: Sequence[Message]) -> list[str]:
    """The names of the people and the organisation of a ticket, whole and in parts; the longest first."""
    everybody = (ticket.requester, ticket.assignee, *(one.author for one in messages))
    people = [person for person in everybody if person]
    whole = [name for person in people for name in (person.name, person.email) if name]
    whole += [ticket.organisation.name] if ticket.organisation else []
    whole += [ticket.requester.email.partition("@")[2]]
    parts = [part for person in people for part in re.split(r"[\s.-]+", person.name or "")]
    parts += ticket.organisation.name.split()[:1] if ticket.organisation else []
    found = {name for name in whole if name} | {part for part in parts if len(part) >= SHORTEST_NAME}
    return sorted(found, key=lambda name: (-len(name), name))


def clean(text: str, names: Sequence[str]) -> str:
    """The text without greeting and signature, and with what is personal in it replaced."""
    text = _without_end(_GREETING.sub("", text.strip(), count=1))
    if names:
        known = "|".join(re.escape(name) for name in names)
        text = re.sub(rf"(?<![^\W_])(?:{known})(?![^\W_])", NAME, text, flags=re.IGNORECASE)
    text = re.sub(rf"{re.escape(NAME)}(?:[\s,]+{re.escape(NAME)})+", NAME, text)
    text = redact(_STREET.sub(PLACE, text)).strip()
    text = cover(text, scan(text))  # knows more kinds, and countries' telephone numbers
    return text[:1].upper() + text[1:]


def _without_end(text: str) -> str:
    """Without what follows a parting word among the last lines."""
    lines = text.rstrip().split("\n")
    for index in range(max(len(lines) - MOST_OF_END, 1), len(lines)):
        if _PARTING.match(lines[index]):
            return "\n".join(lines[:index]).rstrip()
    return "\n".join(lines)


def _part(kind: str, at: datetime, text: str, names: Sequence[str]) -> Part:
    left = clean(text, names) if kind != "subject" else clean(text.replace("\n", " "), names)
    return Part(kind, at, left, list(_pieces(text, left)))


def _pieces(before: str, after: str) -> Iterator[tuple[str, bool]]:
    """The text as it was, cut where something is no longer there.

    In time that grows with the text: it was written by a stranger, and a general comparison may take minutes.
    """
    old = _WORDS.findall(before)
    was, left = [word.strip().lower() for word in old], after.lower().split()
    stays, i, j = set[int](), 0, 0
    while i < len(was) and j < len(left):
        if was[i] == left[j]:
            stays.add(i)
            i, j = i + 1, j + 1
        else:
            i, j = _where_it_goes_on(was, i, left, j)
    for is_removed, words in groupby(enumerate(old), lambda one: one[0] not in stays):
        text = "".join(word for _, word in words)
        said = text.strip()
        start = text.index(said)
        yield from ((text[:start], False), (said, is_removed), (text[start + len(said) :], False))


def _where_it_goes_on(was: Sequence[str], i: int, left: Sequence[str], j: int) -> tuple[int, int]:
    """The next places at which both texts say the same again: some words of the one, a few for them in the other."""
    for ahead in range(1, REACH):
        for place in (ahead, *range(4)):
            here, there = i + ahead, j + place
            words = 1 if place == ahead or "".join(left[there + 1 : there + 2]).startswith("[") else 2
            if was[here : here + words] == left[there : there + words] != []:
                return here, there
    return i + 1, j
