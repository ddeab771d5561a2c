"""Tickets that belong together, or don't: merged into one, split in two, parts of one problem."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.db import db, get_or_404, utcnow
from portal.desk import drafts
from portal.desk.acts import attempt, locked
from portal.desk.forms import MergeForm, ParentForm, SplitForm, TellAllForm
from portal.desk.gate import bp
from portal.errors import Refused
from portal.tickets import family, merging, splitting
from portal.tickets.drafts import was_sent
from portal.tickets.ticket import Message, Ticket


@bp.post("/<int:number>/merge")
def merge(number: int) -> ResponseReturnValue:
    """Let the ticket go on in another one of the same customer; the page of that one follows."""
    ticket: Ticket = get_or_404(Ticket.numbered(number, current_user))
    form = MergeForm().offer(merging.offered(ticket))

    def join() -> None:
        into = db.session.execute(Ticket.numbered(int(form.into.data), current_user)).scalar_one()
        merging.hold(ticket, into)
        merging.merge(ticket, into, by=current_user, now=utcnow())
        drafts.follow(ticket, into)

    return attempt(ticket, form, join, _("The tickets are merged, and the customer is told."))


@bp.post("/<int:number>/split")
def split(number: int) -> ResponseReturnValue:
    """Let a message that is about something else have a ticket of its own."""
    ticket = locked(number)
    form = SplitForm().offer(splitting.splittable(ticket.messages))

    def part() -> None:
        message = db.session.get_one(Message, form.message.data)
        splitting.split(ticket, message, form.subject.data or "", by=current_user, now=utcnow())

    return attempt(ticket, form, part, _("The message has a ticket of its own now, and the customer is told."))


@bp.post("/<int:number>/parent")
def parent(number: int) -> ResponseReturnValue:
    """Make the ticket a part of a larger problem, or take it out."""
    ticket, form = locked(number), ParentForm()

    def put() -> None:
        above = Ticket.held(form.number, current_user) if form.number else None
        if form.number and above is None:
            raise Refused(_("There is no ticket with that number."))
        family.put_below(ticket, above, by=current_user, now=utcnow())

    return attempt(ticket, form, put, _("Done. The customer is not told."))


@bp.post("/<int:number>/parts")
def tell_parts(number: int) -> ResponseReturnValue:
    """One message to the customers of all tickets that are parts of this one. The same form sends it once."""
    ticket, form = locked(number), TellAllForm()

    def tell() -> None:
        if was_sent(form.form_key.data):
            return
        body, solved = form.body.data or "", form.solved.data
        sent = family.tell_all(ticket, body, by=current_user, now=utcnow(), solved=solved)
        sent[0].form_key = form.form_key.data or None

    return attempt(ticket, form, tell, _("The message is on its way to all of their customers."))
