"""What a program does to tickets: the verbs of the pages, by way of the same forms and drafts."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms.validators import InputRequired, Optional

from portal.accounts.people import User, staff
from portal.accounts.tokens import DESK, WRITE
from portal.api import shown
from portal.api.asking import body
from portal.api.gate import bp, is_at_desk, locked, scoped, too_fast, visible_messages
from portal.api.once import once
from portal.db import db, get_or_404, utcnow
from portal.errors import Problem
from portal.tickets import conversation, drafts, intake, progress, satisfaction
from portal.tickets.form import ReplyForm, TicketForm
from portal.tickets.ticket import Draft, Message, Ticket
from portal.web import choose_locale


@bp.post("/tickets")
@scoped(WRITE)
@once
def file_ticket() -> ResponseReturnValue:
    now, sent = utcnow(), {"topic": "product"} | body("NewTicket")
    answers = {f"field-{key}": value for key, value in sent.pop("fields", {}).items()}
    form: Any = filled(TicketForm, sent, form_key=drafts.new_key(), **answers)
    form.offer(current_user, now=now)
    ease(form, answers)
    refuse(form, is_valid=form.validate())
    draft = begun(form.form_key.data)
    refuse(form, is_valid=not intake.take_files(form, draft, by=current_user, now=now))
    try:
        intake.count_filing(current_user)
    except intake.TOO_FAST as reached:
        raise too_fast(reached) from None
    ticket = intake.file(form, draft, by=current_user, now=now)
    refuse(form, is_valid=ticket is not None)
    return told(ticket, 201)  # type: ignore[arg-type]


@bp.post("/tickets/<int:number>/messages")
@scoped(WRITE)
@once
def add_message(number: int) -> ResponseReturnValue:
    """A reply, as a customer or at the desk; there also an internal note."""
    sent, ticket = body("NewMessage"), locked(number)
    if not is_at_desk() and (sent.get("kind") == "note" or sent.get("wait")):
        raise Problem(403, f"Notes and waiting are for the desk: this token lacks the scope {DESK}.")
    if sent.get("kind") == "note":
        if has_files():
            raise Problem(422, "A note takes no files.")
        return said(conversation.note(ticket, sent["body"], by=current_user, now=utcnow()))
    return said(say(ticket, partial(conversation.reply, wait=sent.get("wait", False)), sent))


@bp.post("/tickets/<int:number>/reopen")
@scoped(WRITE)
@once
def reopen(number: int) -> ResponseReturnValue:
    sent, ticket = body("Reason"), locked(number)
    say(ticket, progress.reopen, sent)
    return told(ticket)


@bp.post("/tickets/<int:number>/close")
@scoped(WRITE)
@once
def close(number: int) -> ResponseReturnValue:
    ticket = locked(number)
    progress.close(ticket, by=current_user, now=utcnow())
    return told(ticket)


@bp.post("/tickets/<int:number>/rating")
@scoped(WRITE)
@once
def rate(number: int) -> ResponseReturnValue:
    """Who filed a ticket says how it went."""
    sent, ticket = body("NewRating"), locked(number)
    if ticket.requester_id != current_user.id:
        raise Problem(403, "Who filed a ticket rates it.")
    satisfaction.rate(ticket, sent["score"], sent.get("comment", ""), by=current_user, now=utcnow())
    return told(ticket)


@bp.post("/tickets/<int:number>/resolve")
@scoped(WRITE)
@scoped(DESK)
@once
def resolve(number: int) -> ResponseReturnValue:
    sent, ticket = body("Reason"), locked(number)
    progress.resolve(ticket, sent["body"], by=current_user, now=utcnow())
    return told(ticket)


@bp.post("/tickets/<int:number>/triage")
@scoped(WRITE)
@scoped(DESK)
@once
def triage(number: int) -> ResponseReturnValue:
    sent, ticket = body("Triage"), locked(number)
    progress.triage(ticket, sent["severity"], by=current_user, now=utcnow(), reason=sent.get("reason", ""))
    return told(ticket)


@bp.post("/tickets/<int:number>/assign")
@scoped(WRITE)
@scoped(DESK)
@once
def assign(number: int) -> ResponseReturnValue:
    sent, ticket = body("Assignment"), locked(number)
    to = None if sent["to"] is None else db.session.scalar(staff().where(User.id == sent["to"]))
    if sent["to"] is not None and to is None:
        raise Problem(422, "The body is not as documented.", errors=[("to", "None of the staff has this id.")])
    progress.assign(ticket, to, by=current_user, now=utcnow())
    return told(ticket)


def filled(kind: type[FlaskForm], sent: dict[str, Any], **more: str) -> FlaskForm:
    """The page's form with what a program sent, so that one set of rules judges both."""
    texts = {name: "y" if value is True else str(value) for name, value in sent.items() if value not in (None, False)}
    return kind(formdata=MultiDict(texts | more), meta={"csrf": False})


def ease(form: TicketForm, answers: dict[str, str]) -> None:
    """What the vendor asks about a product may be left out by programs, whose authors know nothing of next year's."""
    if strange := sorted(set(answers) - {field.name for field in form.custom}):
        errors = [(name.replace("field-", "fields."), "Nobody asks this about the product.") for name in strange]
        raise Problem(422, "The body is not as documented.", errors=errors)
    for field in form.custom:
        field.validators = [Optional(), *(one for one in field.validators if not isinstance(one, InputRequired))]


def refuse(form: FlaskForm, *, is_valid: bool) -> None:
    """Stop at what the form says is wrong, field by field."""
    if not is_valid:
        errors = [
            ((field or "").replace("field-", "fields."), " ".join(map(str, said)))
            for field, said in form.errors.items()
        ]
        raise Problem(422, " ".join(text for _field, text in errors), errors=errors)


def has_files() -> bool:
    return any(file.filename for file in request.files.getlist("files"))


def begun(key: str, ticket: Ticket | None = None) -> Draft:
    """A draft for as long as the request: files belong to one before they are sent."""
    draft = Draft(owner_id=current_user.id, form_key=key, ticket_id=ticket.id if ticket else None)
    db.session.add(draft)
    db.session.flush()
    return draft


def say(ticket: Ticket, verb: Callable[..., Message], sent: dict[str, Any]) -> Message:
    """Say something by the verb that replies or reopens; returns the message."""
    now, key = utcnow(), drafts.new_key()
    form: Any = filled(ReplyForm, {"body": sent["body"]}, form_key=key)
    refuse(form, is_valid=form.validate())
    draft = begun(key, ticket)
    refuse(form, is_valid=not intake.take_files(form, draft, by=current_user, now=now))
    refuse(form, is_valid=intake.send(verb, ticket, form, draft, by=current_user, now=now))
    message: Message = get_or_404(visible_messages().where(Message.form_key == key))
    return message


def told(ticket: Ticket, status: int = 200) -> ResponseReturnValue:
    """The ticket as it is now."""
    db.session.flush()
    headers = {"Location": f"/api/v1/tickets/{ticket.number}"} if status == 201 else {}
    return shown.ticket_alone(ticket, locale=choose_locale(), desk=is_at_desk()), status, headers


def said(message: Message) -> ResponseReturnValue:
    db.session.flush()
    return shown.message(message), 201
