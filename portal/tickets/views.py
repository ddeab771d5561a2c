"""The list of tickets, and one ticket: what was said, what was promised, what happened."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Row

from portal.db import db, read, utcnow
from portal.tickets import (
    conversation,
    drafts,
    drawing,
    followers,
    following_up,
    intake,
    listing,
    progress,
    rating_views,
    remote_pages,
    sharing_pages,
)
from portal.tickets.blueprint import bp
from portal.tickets.form import ReplyForm
from portal.tickets.new_views import is_back, kept_for_reader, take_back
from portal.tickets.ticket import Draft, Message, Ticket
from portal.web import wants_partial


@bp.get("/")
def index() -> ResponseReturnValue:
    led = listing.led_by(current_user)
    filters = listing.Filters.from_args(request.args, sees_more=bool(led))
    counts = listing.counts(current_user, filters, led=led)
    number = request.args.get("page", 1, type=int)
    page = listing.page_of(current_user, filters, number, led=led, total=counts[filters.status])
    context: dict[str, Any] = {"address": request.query_string, "sees_more": bool(led), "now": utcnow()}
    shown = drawing.listed(page, filters, counts, read(listing.PRODUCTS), **context)
    if wants_partial():
        return str(shown)
    unclaimed = kept_for_reader()
    unsent = drafts.unsent(current_user, unclaimed)
    shared = [] if current_user.is_staff else read(listing.SHARED, reader=current_user.id)
    return render_template("tickets/index.html", shown=shown, unsent=unsent, unclaimed=unclaimed, shared=shared)


@bp.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    if is_back(unclaimed := kept_for_reader()):
        return take_back(unclaimed, now=utcnow())
    standing = drawing.standing(number, current_user)
    return redirect(url_for(".show", number=standing.number)) if standing.number != number else page_of(standing)


@bp.post("/<int:number>/reply")
def reply(number: int) -> ResponseReturnValue:
    """A customer's message."""
    return say(number, conversation.reply)


@bp.post("/<int:number>/draft")
def save_reply(number: int) -> ResponseReturnValue:
    """Autosave of a reply."""
    ticket, form = locked(number), ReplyForm()
    draft = drafts.keep(current_user, form.form_key.data or "", form.typed(), now=utcnow(), ticket=ticket)
    db.session.commit()
    return "", 204, {} if draft else drafts.NOT_KEPT


@bp.post("/<int:number>/close")
def close(number: int) -> ResponseReturnValue:
    progress.close(locked(number), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The ticket is closed. Thank you."), "success")
    return redirect(url_for(".show", number=number))


@bp.post("/<int:number>/reopen")
def reopen(number: int) -> ResponseReturnValue:
    """Closed too early: the reason is a message like any other."""
    return say(number, progress.reopen, _("The ticket is open again."))


def say(number: int, verb: Callable[..., Message], done: str = "") -> ResponseReturnValue:
    """Send a message by its verb. The same form sent twice says it once; a refused one loses nothing."""
    now, form = utcnow(), ReplyForm()
    ticket = locked(number)
    there = redirect(url_for(".show", number=number, _anchor="latest"))
    is_valid, key = form.validate(), form.form_key.data or ""
    if drafts.was_sent(key):
        return there
    draft = drafts.keep(current_user, key, form.typed(), now=now, ticket=ticket, even_empty=True)
    if draft is None:
        form.form_key.data = drafts.new_key()
        form.form_errors.append(_("This form was out of date. Please check it and send it again."))
        return conversation_page(number, form), 422
    is_valid = not intake.take_files(form, draft, by=current_user, now=now) and is_valid
    is_sent = is_valid and intake.send(verb, ticket, form, draft, by=current_user, now=now)
    db.session.commit()
    if not is_sent:
        return conversation_page(number, form), 422
    if done:
        flash(done, "success")
    return there


def locked(number: int) -> Ticket:
    """The ticket for somebody who is about to change it."""
    return Ticket.held(number, current_user) or abort(404)


def conversation_page(number: int, form: ReplyForm | None = None) -> str:
    return page_of(drawing.standing(number, current_user), form)


def page_of(ticket: Row[Any], form: ReplyForm | None = None) -> str:
    """One ticket as this reader may see it; without a form the reply goes on where it was left, or begins."""
    now = utcnow()
    draft = db.session.scalar(Draft.kept_as(ticket.draft_id, current_user)) if ticket.draft_id else None
    context: dict[str, Any] = {
        "unclaimed": kept_for_reader(),
        "just_filed": "filed" in request.args,
    }
    if form is None and draft is not None:
        form = ReplyForm(formdata=None, body=draft.fields.get("body"), form_key=draft.form_key)
    if form is None and context["unclaimed"] is None:
        context["reply"] = drawing.reply(ticket)
    elif form is None:
        form = ReplyForm(formdata=None, form_key=drafts.new_key())
    context |= {
        "ticket": ticket,
        "is_over": following_up.is_over(ticket, now=now),
        "form": form,
        "draft": draft,
        "conversation": drawing.conversation(ticket),
    }
    facts = drawing.facts(ticket, is_own=ticket.requester_id == current_user.id, now=now)
    if ticket.status in ("resolved", "closed") and ticket.requester_id == current_user.id:
        context["question"] = rating_views.question(ticket)
    if ticket.follows_id or ticket.is_followed:
        context["related"] = following_up.related(ticket.id, ticket.follows_id, current_user)
    context["is_inside"] = followers.is_inside(ticket, current_user)
    context["sharing"] = sharing_pages.sharing_of(ticket, current_user) if context["is_inside"] else None
    context["remote_session"] = remote_pages.session_of(ticket, current_user)
    context["head"] = drawing.head(ticket, facts["standing"])
    return render_template("tickets/show.html", **context, **facts)
