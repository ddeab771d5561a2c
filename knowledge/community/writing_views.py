"""The community's forms: begin a topic, answer, and see beforehand what it will look like."""

from typing import Any

from flask import abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from wtforms.fields import SelectChoice

from knowledge.articles.reading import product_names
from knowledge.community import answering, asking, drafting, listing, rights
from knowledge.community.blueprint import address_of, bp
from knowledge.community.forms import KINDS, ReplyForm, TopicForm
from knowledge.community.picture_pages import take_pictures
from knowledge.community.rendering import html_of
from knowledge.community.searched import KIND
from knowledge.community.secrets import SecretsFound
from knowledge.community.showing import Page, start_of
from knowledge.community.standing import is_doubtful
from knowledge.community.topic import ForumCategory, Topic
from knowledge.community.views import chosen, find, page_of
from knowledge.search import answers
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.tickets import drafts
from portal.web import limiter, reader, settings

FEWEST_LETTERS = 5


def poster() -> str:
    """Whose posts are counted: the person's, wherever they write from."""
    return f"community:{current_user.get_id()}"


@bp.get("/new")
def new() -> ResponseReturnValue:
    """The form, in the category that the reader came from."""
    given = {name: request.args.get(name, "") for name in ("title", "body", "tags", "product")}
    draft = None if any(given.values()) else drafting.latest(reader(), None)
    typed = {**given, **draft.fields, "form_key": draft.form_key} if draft else given | {"form_key": drafts.new_key()}
    form = TopicForm(formdata=None, **typed)
    if not offer(form):
        raise Refused(_why_nowhere())
    return render_template("community/new.html", form=form)


@bp.post("/new")
@limiter.limit(lambda: settings().limit_community, key_func=poster)
def create() -> ResponseReturnValue:
    form = TopicForm()
    if not offer(form):
        raise Refused(_why_nowhere())
    if there := asking.topic_of(form.form_key.data or "", current_user):
        return redirect(address_of(there))
    found = take_pictures(form)
    is_valid = form.validate() and not form.form_errors
    if found or not is_valid or is_seen_first():
        return new_page(form, 200 if is_valid and not found else 422, found)
    try:
        topic = begin(form)
    except Refused as error:
        db.session.rollback()
        offer(form)
        return new_page(form, 422, error)
    except IntegrityError:  # sent twice at once: the other one has posted it
        db.session.rollback()
        topic = asking.topic_of(form.form_key.data or "", current_user) or abort(409)
    drafting.discard(reader(), form.form_key.data)
    db.session.commit()
    return redirect(address_of(topic))


def begin(form: TopicForm) -> Topic:
    """The topic that the form asks for."""
    room = get_or_404(ForumCategory.visible_to(current_user).where(ForumCategory.id == form.category.data))
    asked: dict[str, Any] = {"kind": form.kind.data, "title": form.title.data, "body": form.body.data}
    asked |= {"tags": form.tag_list, "product": form.chosen_product}
    key = form.form_key.data or drafts.new_key()
    language = str(get_locale()).replace("_", "-")
    return asking.ask(room, **asked, **by_hand(), lang=language, by=reader(), now=utcnow(), form_key=key)


def is_seen_first() -> bool:
    """Whether the text comes back before it is posted: to be looked at, or with the pictures put into it."""
    return "preview" in request.form or "add" in request.form


def by_hand() -> dict[str, Any]:
    """Whether the form was filled in by somebody, as far as its trap and clock can tell."""
    return {"doubtful": is_doubtful(request.form.get("homepage", ""), request.form.get("shown", ""))}


def new_page(form: TopicForm, status: int, error: Refused | None = None) -> ResponseReturnValue:
    if error is not None and not isinstance(error, SecretsFound):
        form.form_errors.append(str(error))
    form.form_key.data = form.form_key.data or drafts.new_key()
    shown = seen_before(form.body.data) if "preview" in request.form else None
    found = error if isinstance(error, SecretsFound) else None
    return render_template("community/new.html", form=form, found=found, preview=shown), status


@bp.post("/topic/<int:topic_id>/reply")
@limiter.limit(lambda: settings().limit_community, key_func=poster)
def reply(topic_id: int) -> ResponseReturnValue:
    """An answer. The same form sent twice says it once; a refused one loses nothing."""
    here, form = Topic.visible_to(current_user).where(Topic.id == topic_id), ReplyForm()
    found = take_pictures(form, topic_id) if may_write(get_or_404(here)) else None
    topic = get_or_404(here.with_for_update(of=Topic))
    if there := answering.post_of(form.form_key.data or "", current_user):
        return redirect(address_of(there.topic, there.number))
    is_valid = form.validate() and not form.form_errors
    if found or not is_valid or is_seen_first():
        return reply_page(topic_id, form, 200 if is_valid and not found else 422, found)
    given = {
        "body": form.body.data,
        "form_key": form.form_key.data or drafts.new_key(),
        "reply_to": form.to,
        **by_hand(),
    }
    try:
        post = answering.reply(topic, **given, by=reader(), now=utcnow())
    except Refused as error:
        db.session.rollback()
        return reply_page(topic_id, form, 422, error)
    drafting.discard(reader(), form.form_key.data)
    answer = address_of(topic, post.number)  # a commit forgets what was read
    db.session.commit()
    return redirect(answer)


def may_write(topic: Topic) -> bool:
    return not rights.why_not(reader(), topic.category, now=utcnow(), locked=topic.locked_at is not None)


def reply_page(topic_id: int, form: ReplyForm, status: int, error: Refused | None = None) -> ResponseReturnValue:
    """The end of the topic with what was typed."""
    if error is not None and not isinstance(error, SecretsFound):
        form.form_errors.append(str(error))
    form.form_key.data = form.form_key.data or drafts.new_key()
    topic = find(topic_id)
    shown = seen_before(form.body.data) if "preview" in request.form else None
    found = error if isinstance(error, SecretsFound) else None
    page = Page(topic, reader(), start_of(topic.last or 1))
    return page_of(page, form, found=found, preview=shown), status


@bp.post("/draft")
@bp.post("/topic/<int:topic_id>/draft")
def save_draft(topic_id: int | None = None) -> ResponseReturnValue:
    """Autosave."""
    if topic_id is not None:
        get_or_404(Topic.visible_to(current_user).where(Topic.id == topic_id))
    key = request.form.get("form_key")
    is_kept = drafting.keep(reader(), key, request.form, topic_id=topic_id, now=utcnow())
    db.session.commit()
    return "", 204, {} if is_kept else drafts.NOT_KEPT


@bp.post("/preview")
@limiter.limit(lambda: settings().limit_community_previews, key_func=poster)
def preview() -> ResponseReturnValue:
    """What a text will look like, as a piece of the page."""
    return render_template("community/_preview.html", preview=seen_before(request.form.get("body", "")))


@bp.get("/similar")
@limiter.limit(lambda: settings().limit_community_previews, key_func=poster)
def similar() -> ResponseReturnValue:
    """What there is already on the title that is being typed, as a piece of the page."""
    title = request.args.get("title", "").strip()[:200]
    try:
        enough = len(title) >= FEWEST_LETTERS
        alike = answers(title, reader(), str(get_locale()), kind=KIND) if enough else []
    except Exception:  # the form stands without it
        current_app.logger.exception("search broke down beside the form of a topic")
        alike = []
    return render_template("community/_similar.html", alike=alike)


def seen_before(body: str | None) -> Markup:
    """The text as it will be shown; what is over the limits says so."""
    try:
        return Markup(html_of((body or "").replace("\0", "")))
    except Refused as error:
        return Markup("<p>{}</p>").format(str(error))


def offer(form: TopicForm) -> bool:
    """Fill in what the reader may choose; False where they may begin a topic nowhere."""
    person, now, languages = reader(), utcnow(), chosen()
    rooms = [room for room in listing.rooms(person) if not room.is_archived]
    mine = [room for room in rooms if not rights.why_not(person, room, now=now)]
    form.category.choices = [SelectChoice(room.id, languages.choose(room.titles)) for room in mine]
    kinds = dict.fromkeys(kind for room in mine for kind in rights.kinds_for(person, room))
    form.kind.choices = [SelectChoice(kind, KINDS[kind]) for kind in KINDS if kind in kinds]
    names = product_names()
    form.product.choices = [SelectChoice("", "–"), *(SelectChoice(slug, name) for slug, name in names.items())]
    if not form.is_submitted() and mine:
        wanted = request.args.get("category")
        form.category.data = next((room.id for room in mine if room.slug == wanted), mine[0].id)
        form.kind.data = form.kind.choices[0].value if form.kind.choices else None
    return bool(mine)


def _why_nowhere() -> str:
    rooms = [room for room in listing.rooms(reader()) if not room.is_archived]
    reasons = [rights.why_not(reader(), room, now=utcnow()) for room in rooms]
    return next((reason for reason in reversed(reasons) if reason), "") or str(abort(404))
