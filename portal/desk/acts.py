"""What an agent does to a ticket. Each act is one form and one verb; `attempt` answers for all of them."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_security.utils import verify_password
from flask_wtf import FlaskForm

from portal.accounts.people import User, staff
from portal.db import db, utcnow
from portal.desk import drafts
from portal.desk.case import crossed, gather
from portal.desk.forms import (
    AssignForm,
    NoteForm,
    ReopenForm,
    ReplyForm,
    ResolveForm,
    RevealForm,
    Seen,
    TriageForm,
)
from portal.desk.gate import bp
from portal.errors import Refused
from portal.tickets import conversation, credentials, progress
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.drafts import NOT_KEPT, was_sent
from portal.tickets.ticket import Draft, Message, Ticket
from portal.web import limiter, settings, wants_partial

CROSSING = ("reply", "resolve")  # what the customer reads must not miss what somebody has just written


def locked(number: int) -> Ticket:
    """The ticket, held against others until this act is done."""
    return Ticket.held(number, current_user) or abort(404)


@bp.post("/<int:number>/reply")
def reply(number: int) -> ResponseReturnValue:
    ticket, form, now = locked(number), ReplyForm(), utcnow()

    def send() -> Message:
        draft = drafts.draft_of(ticket, current_user)
        sent = list(draft.attachments) if draft else []
        return conversation.reply(
            ticket, form.body.data, by=current_user, now=now, attachments=sent, wait=form.wait.data
        )

    return attempt(ticket, form, send, _("Your reply is on its way to the customer."), "reply")


@bp.post("/<int:number>/note")
def note(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), NoteForm()

    def write() -> Message:
        return conversation.note(ticket, form.body.data, by=current_user, now=utcnow())

    return attempt(ticket, form, write, _("The note is kept. Only staff can read it."), "note")


@bp.post("/<int:number>/resolve")
def resolve(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), ResolveForm()

    def settle() -> Message:
        return progress.resolve(ticket, form.body.data, by=current_user, now=utcnow())

    return attempt(ticket, form, settle, _("The ticket is resolved, and the customer is told."), "resolve")


@bp.post("/<int:number>/triage")
def triage(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), TriageForm()
    form.offer(ticket)

    def judge() -> None:
        severity, reason = form.severity.data or None, form.reason.data or ""
        progress.triage(ticket, severity, by=current_user, now=utcnow(), reason=reason)

    return attempt(ticket, form, judge, _("The customer is told that the ticket is logged."))


@bp.post("/<int:number>/assign")
def assign(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), AssignForm()
    form.offer(db.session.scalars(staff()).all())

    def give() -> None:
        to = db.session.get(User, form.to.data) if form.to.data else None
        progress.assign(ticket, to, by=current_user, now=utcnow())

    return attempt(ticket, form, give, _("The ticket is assigned."))


@bp.post("/<int:number>/close")
def close(number: int) -> ResponseReturnValue:
    ticket = locked(number)

    def end() -> None:
        progress.close(ticket, by=current_user, now=utcnow())

    return attempt(ticket, FlaskForm(), end, _("The ticket is closed, and its credentials are forgotten."))


@bp.post("/<int:number>/reopen")
def reopen(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), ReopenForm()

    def take_up() -> Message:
        return progress.reopen(ticket, form.body.data or "", by=current_user, now=utcnow())

    return attempt(ticket, form, take_up, _("The ticket is open again."))


@bp.post("/<int:number>/draft")
def draft(number: int) -> ResponseReturnValue:
    """Keep what is being written; the page sends it along while the agent types."""
    ticket, kind, text = locked(number), request.args.get("kind", ""), request.form.get("body", "")[:LONGEST_BODY]
    is_late = was_sent(Seen().form_key.data)  # saved on the way of the answer itself: the words are out already
    is_kept = kind in drafts.KINDS and not is_late
    if is_kept:
        is_kept = drafts.save(ticket, kind, text, by=current_user, now=utcnow())
        db.session.commit()
    return "", 204, {} if is_kept else NOT_KEPT


@bp.post("/<int:number>/credentials")
@limiter.limit(lambda: settings().limit_sign_in)
def reveal(number: int) -> ResponseReturnValue:
    """Show the credentials to someone who has just proved who they are. Never redirected: it is shown once."""
    form, known = RevealForm(), current_user.password
    db.session.rollback()  # hashing takes its time: nobody should wait for the write lock meanwhile
    if form.validate_on_submit() and not verify_password(form.password.data, known):
        form.password.errors = [*form.password.errors, _("That is not your password.")]
    ticket = locked(number)
    if form.errors:
        return page(ticket, 422, form=form)
    secrets = credentials.reveal(ticket, by=current_user, now=utcnow())
    db.session.commit()
    return page(ticket, secrets=secrets)


def attempt(
    ticket: Ticket, form: FlaskForm, act: Callable[[], Message | None], done: str, kind: str = ""
) -> ResponseReturnValue:
    """Do the act and answer. What stands in the way is told with 422; of a written `kind` the words are kept."""
    number, crossing, refusal = ticket.number, False, None
    key = form.form_key.data if kind else None
    if key and was_sent(key):
        return answer(ticket, number, done)
    try:
        draft = begun(ticket, form, kind) if kind else None
        crossing = kind in CROSSING and crossed(ticket, form.seen.data, current_user)
        if form.validate() and not crossing:
            with db.session.begin_nested():
                message = act()
                if message and key:
                    message.form_key = key
            if draft:
                drafts.forget(draft, kind)
            db.session.commit()
            return answer(ticket, number, done)
    except Refused as reason:
        refusal = str(reason)
    db.session.commit()
    return page(ticket, 422, form=form, crossing=crossing, refusal=refusal, written=kind)


def begun(ticket: Ticket, form: FlaskForm, kind: str) -> Draft:
    """Keep the words and files before anything can go wrong with them."""
    now = utcnow()
    draft = drafts.keep(ticket, kind, (form.body.data or "")[:LONGEST_BODY], by=current_user, now=now)
    if "files" in form:
        drafts.keep_files(draft, form.files.data or (), by=current_user, now=now)
    return draft


def answer(ticket: Ticket, number: int, done: str) -> ResponseReturnValue:
    if wants_partial():
        return page(ticket, done=done)
    flash(done, "success")
    return redirect(url_for(".show", number=number))


def page(ticket: Ticket, status: int = 200, **more: Any) -> ResponseReturnValue:
    template = "desk/_ticket.html" if wants_partial() else "desk/show.html"
    return render_template(template, **gather(ticket, current_user, now=utcnow(), **more)), status
