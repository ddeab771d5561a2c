"""Canned replies: what is written again and again, kept under a name, with gaps that a ticket fills."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Select, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.tickets.answers import open_answer, read_article
from portal.tickets.telling import written
from portal.tickets.ticket import Ticket
from portal.web import is_zone, settings

LONGEST_NAME = 80
MOST = 300  # of one person: all of them stand in one list on the ticket page
GAP = re.compile(r"{(\w+)(?::([\w-]{1,120}))?}", re.ASCII)
UNKNOWN = "…"  # what stands in a gap that this ticket has nothing for: the agent sees it before it is sent
GAPS = {
    "customer": _l("the customer's name"),
    "agent": _l("your name"),
    "number": _l("the ticket's number"),
    "subject": _l("its subject"),
    "product": _l("its product"),
    "due": _l("when the next answer is due, in the customer's time"),
    "link": _l("the address of the ticket"),
    "article:first-steps": _l("title and address of an article"),
}


class CannedReply(Model):
    """A text under a name: its owner's alone, or shared with all who answer."""

    __tablename__ = "canned_reply"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    body: Mapped[str] = mapped_column(Text)
    is_shared: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)

    owner: Mapped[User] = relationship()

    @classmethod
    def visible_to(cls, person: User) -> Select["CannedReply"]:
        """Their own and what is shared; the gate of the desk has let in staff alone."""
        return select(cls).where(or_(cls.owner_id == person.id, cls.is_shared))

    def may_change(self, person: User) -> bool:
        """Whoever wrote it; shared ones admins too."""
        return self.owner_id == person.id or (self.is_shared and bool(person.has_role("admin")))


def offered(person: User) -> Sequence[Any]:
    """Rows with id and name, for the list in the composer."""
    shown = CannedReply.visible_to(person).with_only_columns(CannedReply.id, CannedReply.name)
    return db.session.execute(shown.order_by(CannedReply.name, CannedReply.id)).all()


def keep(row: CannedReply | None, name: str, body: str, *, is_shared: bool, by: User, now: datetime) -> CannedReply:
    """Write a new one, or change `row`. Gaps that nothing fills are refused here, not found by a customer."""
    if wrong := unknown_gaps(body, by):
        raise Refused(_("Nothing fills this: %(gaps)s", gaps=" ".join(wrong)))
    if row is None:
        own = select(func.count()).where(CannedReply.owner_id == by.id)
        if db.session.scalar(own) >= MOST:  # type: ignore[operator]
            raise Refused(_("You have too many. Remove some first."))
        row = CannedReply(owner_id=by.id)
        db.session.add(row)
    row.name, row.body, row.is_shared, row.changed_at = name, body, is_shared, now
    return row


def unknown_gaps(body: str, person: User) -> list[str]:
    """Those that are misspelt, or name an article that this person can't read."""
    names = {name for name in GAPS if ":" not in name}
    wrong = []
    for found in GAP.finditer(body):
        name, slug = found.groups()
        fits = bool(read_article(slug, person)) if name == "article" and slug else name in names and not slug
        if not fits:
            wrong.append(found[0])
    return wrong


def filled(row: CannedReply, ticket: Ticket, *, by: User) -> str:
    """The text for this ticket, in the customer's manner of dates. What fills a gap is never looked through again."""
    customer = ticket.requester
    zone = next((zone for zone in (customer.zone, ticket.promise_zone) if zone and is_zone(zone)), "UTC")
    with force_locale(customer.locale or ticket.language):
        known = {
            "customer": customer.display_name,
            "agent": by.display_name,
            "number": f"#{ticket.number}",
            "subject": ticket.subject,
            "product": ticket.product.name if ticket.product else "",
            "due": written(ticket.next_due_at, zone) if ticket.next_due_at else "",
            "link": absolute(url_for("tickets.show", number=ticket.number)),
        }

    def fill(found: re.Match[str]) -> str:
        name, slug = found.groups()
        if name == "article" and slug:
            article = read_article(slug, customer)
            return named(article) if article else UNKNOWN
        return known[name] or UNKNOWN if name in known else found[0]

    return GAP.sub(fill, row.body)


def article_named(token: str) -> str:
    """The line that leads to an article the search found; nothing for a token that isn't ours."""
    article = open_answer(token)
    return named(article) if article else ""


def named(article: dict[str, Any]) -> str:
    return f"{article['title']}: {absolute(article['url'])}"


def absolute(path: str) -> str:
    return f"{settings().base_url.rstrip('/')}{path}"
