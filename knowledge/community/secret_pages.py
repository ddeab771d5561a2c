"""What must not be public goes into a ticket, and what a ticket found out comes to the community."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from knowledge.community import drafting, pictures, tickets
from knowledge.community.blueprint import address_of, bp
from knowledge.community.secrets import SecretsFound, check
from knowledge.community.topic import ForumCategory, Post, Topic
from knowledge.community.views import chosen
from knowledge.insight.drafting import Material, material_of
from portal.accounts.entitlement import entitlement_of
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.tickets import drafts, telling
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.form import with_plain_lines
from portal.tickets.ticket import Ticket
from portal.web import LARGEST, choose_locale, choose_zone, reader

TOO_LONG = _l("Please keep it under %(max)d characters.")


class TellForm(FlaskForm):  # type: ignore[misc]
    """An answer from a ticket. Category, title and question only where the ticket came from no topic."""

    category = SelectField(_l("Category"), choices=[], coerce=int)
    title = StringField(_l("Title"), [DataRequired(_l("Write a title.")), Length(max=200, message=TOO_LONG)])
    question = TextAreaField(
        _l("Question"),
        [DataRequired(_l("Write what was asked.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )
    answer = TextAreaField(
        _l("Answer"),
        [DataRequired(_l("Write what helped.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )
    form_key = HiddenField("form_key", filters=[drafts.own_key])


def files_tickets() -> bool:
    """Whether the reader's plan has tickets: else nothing is offered that would be refused."""
    return bool(entitlement_of(current_user, now=utcnow()).may_open("ticket"))


@bp.post("/private")
def keep_private() -> ResponseReturnValue:
    """One press: the post that was stopped becomes the draft of a ticket, with the promise beside it."""
    now, typed = utcnow(), {"topic": "product", "subject": request.form.get("title", "")}
    if about := min(request.form.get("topic_id", 0, type=int), LARGEST):
        typed["subject"] = get_or_404(Topic.visible_to(current_user).where(Topic.id == about)).title
    typed |= {"body": request.form.get("body", ""), "product": request.form.get("product", "")}
    key = drafts.own_key(request.form.get("form_key"))  # pressed twice, it is one draft
    text = typed["body"]
    typed["body"] = pictures.without(text)
    draft = drafts.keep(current_user, key or drafts.new_key(), typed, now=now, even_empty=True)
    tickets.take_along(text, draft, by=reader(), now=now)
    drafting.discard(current_user, key)
    db.session.commit()
    return redirect(url_for("tickets.new", draft=draft.id if draft else None))


@bp.get("/topic/<int:topic_id>/ticket")
def to_ticket(topic_id: int) -> ResponseReturnValue:
    topic, zone = _movable(topic_id), choose_zone()
    if there := tickets.ticket_of(topic, current_user):
        return redirect(_ticket_address(there))
    quote = tickets.quote_of(topic, now=utcnow(), zone=zone)
    return render_template(
        "community/to_ticket.html",
        topic=topic,
        address=address_of(topic),
        quote=quote,
        promise=telling.promised_sentence(quote, zone=zone),
        refusal=" ".join(telling.explained(quote, locale=choose_locale(), zone=zone)),
        found=_found_in(topic),
    )


@bp.post("/topic/<int:topic_id>/ticket")
def make_ticket(topic_id: int) -> ResponseReturnValue:
    topic = _movable(topic_id, is_held=True)
    reader = {"by": current_user, "language": choose_locale(), "zone": choose_zone()}
    ticket = tickets.move(topic, address=address_of(topic, _external=True), now=utcnow(), **reader)
    db.session.commit()
    flash(_("Filed. In the community, what must not be read is covered."), "success")
    return redirect(_ticket_address(ticket))


@bp.route("/tickets/<int:number>/answer", methods=["GET", "POST"])
def from_ticket(number: int) -> ResponseReturnValue:
    """Staff look at what is left of a resolved ticket, mend it and publish it. Once for each ticket."""
    if not current_user.is_staff:
        abort(404)
    ticket, found = Ticket.held(number, current_user) or abort(404), None
    form, material, topic = TellForm(), material_of(ticket), tickets.began_in(ticket, current_user)
    if there := tickets.told_in(ticket, current_user):
        return redirect(address_of(there))
    _offer(form, material, topic)
    if form.validate_on_submit():
        try:
            return redirect(address_of(_tell(form, ticket, topic)))
        except Refused as error:
            db.session.rollback()
            found = error if isinstance(error, SecretsFound) else None
            form.form_errors += [] if found else [str(error)]
    shown = {"ticket": ticket, "material": material, "form": form, "topic": topic, "found": found}
    return render_template("community/from_ticket.html", **shown), 422 if form.is_submitted() else 200


def _tell(form: TellForm, ticket: Ticket, topic: Topic | None) -> Topic:
    given: dict[str, Any] = {"answer": form.answer.data, "form_key": form.form_key.data or drafts.new_key()}
    if topic is None:
        rooms = ForumCategory.visible_to(current_user).where(ForumCategory.id == form.category.data)
        given |= {"category": get_or_404(rooms), "title": form.title.data, "question": form.question.data}
        topic = tickets.tell(ticket, **given, by=current_user, now=utcnow())
    else:
        tickets.answer(topic, **given, by=current_user, now=utcnow())
    db.session.commit()
    return topic


def _movable(topic_id: int, *, is_held: bool = False) -> Topic:
    """The topic, for its author and for staff."""
    query = Topic.visible_to(current_user).where(Topic.id == topic_id)
    topic: Topic = get_or_404(query.with_for_update(of=Topic) if is_held else query)
    if tickets.ticket_of(topic, current_user) is None and not tickets.may_move(topic, current_user):
        abort(404)
    return topic


def _ticket_address(ticket: Ticket) -> str:
    is_own = ticket.requester_id == current_user.id
    return url_for("tickets.show" if is_own else "desk.show", number=ticket.number)


def _found_in(topic: Topic) -> SecretsFound | None:
    posts = db.session.scalars(Post.visible_to(current_user).where(Post.topic_id == topic.id).order_by(Post.number))
    try:
        check(title=topic.title, body="\n\n".join(post.body for post in posts))
    except SecretsFound as found:
        return found
    return None


def _offer(form: TellForm, material: Material, topic: Topic | None) -> None:
    """The rooms for questions; and, before anything was sent, what is left of the ticket."""
    if topic is not None:
        del form.category, form.title, form.question
    else:
        rooms = db.session.scalars(
            ForumCategory.visible_to(current_user)
            .where(~ForumCategory.is_archived)
            .order_by(ForumCategory.position, ForumCategory.id)
        )
        named = [SelectChoice(room.id, chosen().choose(room.titles)) for room in rooms if "question" in room.kinds]
        form.category.choices = named
        form.category.data = form.category.data or next((choice.value for choice in named), None)
    if form.is_submitted():
        return
    form.form_key.data = drafts.new_key()
    said = {
        kind: "\n\n".join(part.text for part in material.parts if part.kind == kind) for kind in ("customer", "agent")
    }
    form.answer.data = said["agent"]
    if topic is None:
        form.title.data, form.question.data = material.title, said["customer"]
