"""The pages of those who keep order: what waits for them, the log, and one member. Nobody else finds them."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select

from knowledge.community import about_incidents, moderation, sanctions
from knowledge.community.audit import ModerationAct
from knowledge.community.blueprint import address_of, bp
from knowledge.community.flag_pages import REASONS
from knowledge.community.post_views import held
from knowledge.community.standing import Sanction
from knowledge.community.topic import ForumCategory, Post, Topic, is_keeper
from knowledge.community.views import chosen
from knowledge.community.waiting import waiting
from portal.accounts.people import User
from portal.db import db, get_or_404, utcnow
from portal.status.incident import Incident
from portal.web import LARGEST, reader

PAGE = 50
ACTS = {
    "let": _l("let a post stand"),
    "hide": _l("hid a post"),
    "held": _l("held a post that several had flagged"),
    "lock": _l("locked a topic"),
    "unlock": _l("unlocked a topic"),
    "pin": _l("pinned a topic"),
    "unpin": _l("unpinned a topic"),
    "move": _l("moved a topic"),
    "merge": _l("merged a topic"),
    "split": _l("split a topic"),
    "warning": _l("warned a member"),
    "suspension": _l("suspended a member"),
    "ban": _l("banned a member"),
    "lift": _l("took a measure back"),
    "keep": _l("answered an appeal"),
    "appeal": _l("appealed"),
}


def keepers_only() -> None:
    if not is_keeper(current_user):
        abort(404)


@bp.get("/order")
def order() -> ResponseReturnValue:
    keepers_only()
    found = waiting(reader())
    words = {post.id: Markup(post.html) for post in (*found.held, *found.flagged)}  # cleaned when it was written
    return render_template("community/order.html", waiting=found, words=words, reasons=REASONS)


@bp.get("/order/log")
def order_log() -> ResponseReturnValue:
    keepers_only()
    before = request.args.get("before", type=int)
    query = ModerationAct.visible_to(current_user).limit(PAGE + 1)
    rows = db.session.scalars(query.where(ModerationAct.id < min(before, LARGEST)) if before else query).all()
    return render_template("community/order_log.html", rows=rows[:PAGE], more=len(rows) > PAGE, acts=ACTS)


@bp.post("/order/post/<int:post_id>/<any(let,hide):act>")
def order_post(post_id: int, act: str) -> ResponseReturnValue:
    keepers_only()
    post = held(post_id)
    if act == "let":
        moderation.let(post, by=reader(), now=utcnow())
    else:
        moderation.hide(post, by=reader(), now=utcnow(), reason=request.form.get("reason", ""))
    db.session.commit()
    flash(_("Done."), "success")
    return redirect(url_for(".order") if "queue" in request.form else address_of(post.topic, post.number))


@bp.post("/order/topic/<int:topic_id>/<any(lock,unlock,pin,unpin):act>")
def order_topic(topic_id: int, act: str) -> ResponseReturnValue:
    topic = held_topic(topic_id)
    moderation.steer(topic, act, by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(topic))


@bp.get("/order/topic/<int:topic_id>")
def order_topic_page(topic_id: int) -> ResponseReturnValue:
    """Move, merge or split a topic."""
    keepers_only()
    topic = get_or_404(Topic.visible_to(current_user).where(Topic.id == topic_id))
    rooms = db.session.scalars(
        ForumCategory.visible_to(current_user).order_by(ForumCategory.position, ForumCategory.id)
    )
    posts = db.session.scalars(select(Post).where(Post.topic_id == topic.id, Post.number > 1).order_by(Post.number))
    given = {"topic": topic, "rooms": rooms.all(), "posts": posts.all(), "languages": chosen()}
    given |= {
        "about": about_incidents.incident_of(topic.id),
        "offered": about_incidents.offered(reader(), now=utcnow()),
    }
    return render_template("community/order_topic.html", **given)


@bp.post("/order/topic/<int:topic_id>/incident")
def link_topic(topic_id: int) -> ResponseReturnValue:
    """Link it to an incident of the status page, or, with none chosen, to none."""
    topic, wanted = held_topic(topic_id), request.form.get("incident", "")[:40]
    found = None
    if wanted:
        seen = Incident.visible_to(current_user).where(Incident.public_id == wanted, ~Incident.is_draft)
        found = get_or_404(seen)
    about_incidents.link(topic, found, by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(topic))


@bp.post("/order/topic/<int:topic_id>/move")
def move_topic(topic_id: int) -> ResponseReturnValue:
    topic = held_topic(topic_id)
    room = ForumCategory.visible_to(current_user).where(ForumCategory.id == number_in("category"))
    moderation.move(topic, get_or_404(room), by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(topic))


@bp.post("/order/topic/<int:topic_id>/merge")
def merge_topic(topic_id: int) -> ResponseReturnValue:
    """Both are held in the order of their numbers: two merges at once never wait for each other."""
    keepers_only()
    into_id = number_in("into")
    found = {number: held_topic(number) for number in sorted({topic_id, into_id})}
    moderation.merge(found[topic_id], found[into_id], by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(found[into_id]))


@bp.post("/order/topic/<int:topic_id>/split")
def split_topic(topic_id: int) -> ResponseReturnValue:
    topic = held_topic(topic_id)
    numbers = {int(text) for text in request.form.getlist("post") if text.isdecimal() and len(text) < 9}
    made = moderation.split(topic, numbers, request.form.get("title", ""), by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(made))


@bp.get("/order/person/<int:user_id>")
def order_person(user_id: int) -> ResponseReturnValue:
    keepers_only()
    person = get_or_404(select(User).where(User.id == user_id))
    mine = Sanction.visible_to(current_user).where(Sanction.user_id == user_id).order_by(Sanction.id.desc())
    acts = ModerationAct.visible_to(current_user).where(ModerationAct.person_id == user_id).limit(PAGE)
    given: dict[str, Any] = {"sanctions": db.session.scalars(mine).all(), "rows": db.session.scalars(acts).all()}
    return render_template("community/order_person.html", person=person, acts=ACTS, **given)


@bp.post("/order/person/<int:user_id>/<any(warning,suspension,ban):kind>")
def punish(user_id: int, kind: str) -> ResponseReturnValue:
    keepers_only()
    person = get_or_404(select(User).where(User.id == user_id))
    reason = request.form.get("reason", "")
    sanctions.punish(person, kind, reason=reason, by=reader(), now=utcnow(), days=number_in("days"))
    db.session.commit()
    flash(_("Done. The member was told by mail."), "success")
    return redirect(url_for(".order_person", user_id=user_id))


@bp.post("/order/sanction/<int:sanction_id>/<any(lift,keep):act>")
def answer_appeal(sanction_id: int, act: str) -> ResponseReturnValue:
    keepers_only()
    given = get_or_404(Sanction.visible_to(current_user).where(Sanction.id == sanction_id).with_for_update(of=Sanction))
    verb = sanctions.lift if act == "lift" else sanctions.keep
    verb(given, by=reader(), now=utcnow(), answer=request.form.get("answer", ""))
    db.session.commit()
    return redirect(url_for(".order_person", user_id=given.user_id))


def held_topic(topic_id: int) -> Topic:
    keepers_only()
    topic: Topic = get_or_404(Topic.visible_to(current_user).where(Topic.id == topic_id).with_for_update(of=Topic))
    return topic


def number_in(name: str) -> int:
    """The number in the form's field; 0 for none."""
    text = request.form.get(name, "").strip().lstrip("#")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
