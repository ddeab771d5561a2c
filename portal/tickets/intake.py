"""Between the form and the verbs: what was sent is kept as a draft first, files with it, then filed or refused."""

from collections.abc import Callable
from datetime import datetime

from flask import request
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import IntegrityError

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.status import known
from portal.tickets import attachments, drafts, filing
from portal.tickets.answers import read_article, shown_answers
from portal.tickets.following_up import followed
from portal.tickets.form import ReplyForm, TicketForm
from portal.tickets.ticket import Draft, Message, Ticket
from portal.web import choose_locale, choose_zone, limiter, settings


def keep(form: TicketForm, person: User, *, now: datetime, even_empty: bool = False) -> Draft | None:
    """The form as a draft, with what search showed beside it. None: nothing typed yet, or sent before."""
    secret = form.credentials.data or ""
    draft = drafts.keep(person, form.form_key.data or "", form.typed(), now=now, secret=secret, even_empty=even_empty)
    if draft is None:
        return None
    drafts.add_answers(draft, shown_answers(request.form.getlist("shown")))
    if form.article.data and (article := read_article(form.article.data, person)):
        drafts.add_answers(draft, [article], opened=True)
    if form.forget_credentials.data and not secret.strip():
        draft.sealed = None
    return draft


def take_files(form: TicketForm | ReplyForm, draft: Draft, *, by: User, now: datetime) -> list[str]:
    """Keep the uploaded files with the draft; returns a sentence for each that was refused."""
    refused = []
    for upload in request.files.getlist("files"):
        if not upload.filename:
            continue
        try:
            attachments.attach(draft, upload.stream, upload.filename, by=by, now=now)  # type: ignore[arg-type]
        except Refused as error:
            refused.append(str(error))
    if refused:
        form.files.errors = [*form.files.errors, *refused]
    return refused


def file(form: TicketForm, draft: Draft, *, by: User, now: datetime) -> Ticket | None:
    """File the draft. None when it is refused: the form then says why. A limit that is reached raises."""
    asked = filing.Request(
        form_key=draft.form_key,
        subject=form.subject.data or "",
        body=form.body.data or "",
        language=choose_locale(),
        zone=choose_zone(),
        topic=form.topic.data,
        organisation=form.chosen_organisation,
        reseller_id=form.offered.reseller_id,
        product=form.chosen_product,
        version=(form.version.data or "").strip() or None,
        severity=form.offered.fields.severity,
        remote_access=form.remote_access.data and form.offered.may_consent,
        sealed=draft.sealed if form.offered.may_consent else None,
        attachments=list(draft.attachments),
        answers=draft.answers,
        fields=form.custom.values(),
    )
    try:
        with db.session.begin_nested():
            ticket = filing.file_ticket(asked, by=by, now=now)
            if earlier := followed(form.follows.data or "", by):
                ticket.follows_id = earlier.id
            if form.incident.data:
                known.attach(ticket, form.incident.data, by=by, now=now)
            filing.finish(draft)
        return ticket
    except Refused as error:
        form.form_errors.append(str(error))
    except IntegrityError:  # sent twice at the same instant: the other one has made the ticket
        return filing.filed_with(asked.form_key, by=by)
    return None


def count_filing(person: User) -> None:
    """Raises `RateLimitExceeded` for somebody who files too fast."""
    with limiter.limit(settings().limit_filing, key_func=lambda: f"filing:{person.id}"):
        pass


def send(
    verb: Callable[..., Message], ticket: Ticket, form: ReplyForm, draft: Draft, *, by: User, now: datetime
) -> bool:
    """Say what a draft holds, by the verb that replies or reopens. False when it is refused: the form then says why."""
    key, files = draft.form_key, list(draft.attachments)
    try:
        with db.session.begin_nested():
            verb(ticket, form.body.data or "", by=by, now=now, attachments=files, form_key=key)
            filing.finish(draft)
    except IntegrityError:  # sent twice at the same instant: the other one has said it
        return True
    except Refused as error:
        form.form_errors.append(str(error))
        return False
    return True


TOO_FAST = RateLimitExceeded


def too_fast() -> str:
    return _("You have filed many tickets in a short time. This one is kept as a draft: send it again a little later.")
