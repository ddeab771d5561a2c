"""The customer's chat, and what the pages of both sides ask for while it goes on."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotFound

from portal.chat import streams, talking
from portal.chat.chat import Chat, ChatFile
from portal.chat.forms import SayForm, StartForm
from portal.chat.handover import hand_over
from portal.chat.opening import standing_of
from portal.chat.showing import mark_for, parts, shown_last, shown_mark
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.tickets import attachments, drafts, intake
from portal.tickets.ticket import Attachment
from portal.web import INERT, choose_locale, choose_zone, limiter, settings, wants_partial

bp = Blueprint("chat", __name__, url_prefix="/chat")

SEEN_EVERY = timedelta(seconds=30)  # an open page is noted this often, not each time that it asks


@bp.get("/")
def index() -> ResponseReturnValue:
    """The chat that is going on, or the form of a new one where the plan has it and somebody is there."""
    if current_user.is_staff:
        return redirect(url_for("desk.chats"))
    if live := Chat.live_of(current_user):
        return redirect(url_for(".show", chat_id=live.id))
    return start_page(StartForm(formdata=None))


@bp.post("/")
@limiter.limit(lambda: settings().limit_filing, key_func=lambda: f"chat:{current_user.get_id()}")
def begin() -> ResponseReturnValue:
    if current_user.is_staff:
        return redirect(url_for("desk.chats"))
    form, now = StartForm().offer(current_user, now=utcnow()), utcnow()
    if not form.validate():
        return start_page(form), 422
    chosen = talking.Subject(**form.chosen, language=choose_locale(), zone=choose_zone())
    try:
        chat = talking.begin(form.body.data, chosen, by=current_user, now=now)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        form.form_errors.append(str(refusal))
        return start_page(form), 422
    except IntegrityError:  # begun twice at the same instant, or in another tab
        db.session.rollback()
        return redirect(url_for(".index"))
    return redirect(url_for(".show", chat_id=chat.id))


def start_page(form: StartForm) -> str:
    now = utcnow()
    standing = standing_of(current_user, now=now)
    return render_template("chat/start.html", form=form.offer(current_user, now=now), standing=standing)


@bp.get("/<int:chat_id>")
def show(chat_id: int) -> ResponseReturnValue:
    chat = get_or_404(Chat.kept_as(chat_id, current_user))
    if chat.is_answered_by(current_user):
        return redirect(url_for("desk.chat", chat_id=chat.id))
    return render_template("chat/show.html", **parts(chat, current_user, now=utcnow()))


@bp.get("/<int:chat_id>/talk")
def talk(chat_id: int) -> ResponseReturnValue:
    """What the page does not show yet; 204 when that is nothing."""
    chat, now = get_or_404(Chat.kept_as(chat_id, current_user)), utcnow()
    note_seen(chat, now=now)
    if mark_for(chat, current_user, now=now) == shown_mark():
        return "", 204
    return render_template("chat/_news.html", **parts(chat, current_user, now=now, after=shown_last()))


def note_seen(chat: Chat, *, now: datetime) -> None:
    if chat.requester_id == current_user.id and chat.is_live and now - chat.seen_at > SEEN_EVERY:
        chat.seen_at = now
        db.session.commit()


@bp.post("/<int:chat_id>/say")
@limiter.limit(lambda: settings().limit_chat, key_func=lambda: f"said:{current_user.get_id()}")
def say(chat_id: int) -> ResponseReturnValue:
    form, now = SayForm(), utcnow()
    try:
        if form.validate_on_submit():
            spoken(held(chat_id), form, now=now)
            db.session.commit()
            return said(chat_id, now=now)
    except Refused as refusal:
        form.form_errors.append(str(refusal))
    except IntegrityError:  # sent twice at the same instant: the other one has said it
        db.session.rollback()
        return said(chat_id, now=now)
    db.session.rollback()
    return refused(chat_id, form, now=now)


def spoken(chat: Chat, form: SayForm, *, now: datetime) -> None:
    """Say what the form holds, with its files; sent twice, it is said once. Raises `Refused` for a file, too."""
    key = form.form_key.data or drafts.new_key()
    draft = drafts.keep(current_user, key, {}, now=now, even_empty=True)
    if draft and (sentences := intake.take_files(form, draft, by=current_user, now=now)):
        raise Refused(" ".join(sentences))
    files = list(draft.attachments) if draft else []
    talking.say(chat, form.body.data or "", by=current_user, now=now, files=files, form_key=key)
    if draft:
        db.session.flush()
        db.session.expire(draft, ["attachments"])
        db.session.delete(draft)


def said(chat_id: int, *, now: datetime) -> ResponseReturnValue:
    chat = get_or_404(Chat.kept_as(chat_id, current_user))
    if not wants_partial():
        return redirect(url_for(".show", chat_id=chat_id, _anchor="composer"))
    return render_template("chat/_news.html", **parts(chat, current_user, now=now, after=shown_last()), was_sent=True)


def refused(chat_id: int, form: SayForm, *, now: datetime) -> ResponseReturnValue:
    """The words stay in the field, with the reason above them."""
    chat = get_or_404(Chat.kept_as(chat_id, current_user))
    shown = parts(chat, current_user, now=now, form=form)
    if not wants_partial():
        return render_template("chat/show.html", **shown), 422
    response = make_response(render_template("chat/_composer.html", **shown), 422)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#composer", "outerHTML"
    return response


@bp.post("/<int:chat_id>/typing")
def typing(chat_id: int) -> ResponseReturnValue:
    chat = get_or_404(Chat.kept_as(chat_id, current_user))
    talking.note_typing(chat.id, for_agent=chat.is_answered_by(current_user), now=utcnow())
    db.session.commit()
    return "", 204


@bp.post("/<int:chat_id>/end")
def end(chat_id: int) -> ResponseReturnValue:
    talking.end(held(chat_id), by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".show", chat_id=chat_id))


@bp.post("/<int:chat_id>/ticket")
def ticket(chat_id: int) -> ResponseReturnValue:
    """The customer would rather have an answer later, or nobody came."""
    chat = held(chat_id)
    if chat.is_answered_by(current_user):
        abort(404)
    made = hand_over(chat, by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for("tickets.show", number=made.number))


@bp.get("/<int:chat_id>/line")
def line(chat_id: int) -> ResponseReturnValue:
    """The page's stream is over: another, where this process has room for it."""
    chat = get_or_404(Chat.kept_as(chat_id, current_user))
    return render_template("chat/_line.html", chat=chat, has_room=streams.has_room())


@bp.get("/<int:chat_id>/stream")
def stream(chat_id: int) -> Response:
    chat = get_or_404(Chat.kept_as(chat_id, current_user))
    return streams.stream(chat, for_agent=chat.is_answered_by(current_user))


@bp.get("/files/<token>")
def file(token: str) -> Response:
    """The bytes, to be saved: nothing in them runs here."""
    found = get_or_404(ChatFile.visible_to(current_user).where(Attachment.token == token))
    path = attachments.path_of(found)
    if not path.exists():
        raise NotFound
    response = send_file(path, mimetype=found.content_type, as_attachment=True, download_name=found.filename, max_age=0)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


file.talisman_view_options = {"content_security_policy": INERT}  # type: ignore[attr-defined]


def held(chat_id: int) -> Chat:
    """The chat for somebody who is about to change it: the others wait."""
    query = Chat.kept_as(chat_id, current_user).with_for_update(of=Chat)
    chat: Chat = get_or_404(query.execution_options(populate_existing=True))
    return chat
