"""Sharing a ticket with colleagues, from its own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.tickets import followers, news
from portal.tickets.blueprint import bp
from portal.tickets.ticket import Ticket
from portal.web import limiter, settings


@dataclass(frozen=True)
class Sharing:
    """Whom a ticket is shared with, and to whoever may change that, whom else it could be."""

    shared: list[tuple[int, str]]  # id and name
    others: list[tuple[int, str]]
    may_share: bool


def sharing_of(ticket: Any, person: User) -> Sharing | None:
    """For somebody inside; None where there is nothing to show. `ticket` has id, requester, organisation, reseller."""
    if ticket.organisation_id is None:
        return None
    may, company = followers.may_share(ticket, person), followers.company(ticket)
    shared = [(row.id, row.name or row.email.split("@")[0]) for row in company if row.follows]
    others = [(row.id, row.name or row.email.split("@")[0]) for row in company if may and not row.follows]
    return Sharing(shared, others, may) if shared or others else None


@bp.post("/<int:number>/followers")
@limiter.limit(lambda: settings().limit_filing)  # each sends a mail
def share(number: int) -> ResponseReturnValue:
    ticket = held(number)
    if not followers.may_share(ticket, current_user):
        abort(403)
    news.share(ticket, named(followers.shareable(ticket)), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Your colleague can read the ticket now, and is told by mail."), "success")
    return redirect(url_for(".show", number=ticket.number, _anchor="sharing"))


@bp.post("/<int:number>/follow")
def follow(number: int) -> ResponseReturnValue:
    """By whoever acts for its customer: to get the answers by mail, too. Others share it, or are told anyway."""
    ticket = acted_on(number)
    followers.follow(ticket, current_user, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("You get our answers by mail now."), "success")
    return redirect(url_for(".show", number=ticket.number))


@bp.post("/<int:number>/unfollow")
def unfollow(number: int) -> ResponseReturnValue:
    ticket = acted_on(number)
    followers.unfollow(ticket, current_user, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("You get no more mails about it."), "success")
    return redirect(url_for(".show", number=ticket.number))


def acted_on(number: int) -> Ticket:
    """The ticket, for one of a reseller's people who acts for its customer."""
    ticket = held(number)
    if followers.is_inside(ticket, current_user):
        abort(403)
    return ticket


@bp.post("/<int:number>/followers/remove")
def unshare(number: int) -> ResponseReturnValue:
    """By whoever may share it, or by the colleague: nobody has to follow."""
    ticket = held(number)
    person = named(followers.told_colleagues(ticket))
    is_own = person.id == current_user.id
    if not is_own and not followers.may_share(ticket, current_user):
        abort(403)
    followers.unfollow(ticket, person, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The ticket is no longer shared with %(name)s.", name=person.display_name), "success")
    return redirect(url_for(".index") if is_own else url_for(".show", number=ticket.number, _anchor="sharing"))


def held(number: int) -> Ticket:
    return Ticket.held(number, current_user) or abort(404)


def named(people: Sequence[User]) -> User:
    """The one of them whom the form names; of anybody else it says nothing."""
    chosen = request.form.get("person", "")
    for person in people:
        if str(person.id) == chosen:
            return person
    raise Refused(_("Choose one of your colleagues."))
