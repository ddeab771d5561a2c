"""The agent's side of chats: who waits, one's own, and each of them to talk in, take over and file as a ticket."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy.orm import joinedload

from portal.chat import talking
from portal.chat.chat import Chat
from portal.chat.forms import HandoverForm
from portal.chat.handover import hand_over, subject_of
from portal.chat.showing import parts
from portal.db import db, get_or_404, utcnow
from portal.desk.gate import bp
from portal.policies import the_policy
from portal.tickets import quoting
from portal.web import wants_partial

MOST_LISTED = 200


@bp.get("/chats")
def chats() -> ResponseReturnValue:
    """All that go on: those that wait first, then one's own, then the others'. htmx asks for the list alone."""
    live = Chat.visible_to(current_user).where(Chat.state != "ended").order_by(Chat.rank, Chat.id).limit(MOST_LISTED)
    shown_beside = (Chat.requester, Chat.agent, Chat.organisation, Chat.product)
    found = list(db.session.scalars(live.options(*map(joinedload, shown_beside))))
    groups = {
        "waiting": [chat for chat in found if chat.state == "waiting"],
        "own": [chat for chat in found if chat.state == "open" and chat.agent_id == current_user.id],
        "others": [chat for chat in found if chat.state == "open" and chat.agent_id != current_user.id],
    }
    shown = request.args.get("shown", type=int)
    template = "desk/_chats.html" if wants_partial() else "desk/chats.html"
    return render_template(template, groups=groups, shown=shown)


@bp.get("/chats/<int:chat_id>")
def chat(chat_id: int) -> ResponseReturnValue:
    found = get_or_404(Chat.kept_as(chat_id, current_user))
    return chat_page(found, handover_form(found))


def chat_page(found: Chat, form: HandoverForm) -> str:
    now = utcnow()
    held = quoting.held_for(found.requester, found.organisation, quoting.Fields(product=found.product), now=now)
    policy, locale = the_policy(), str(get_locale())
    return render_template(
        "desk/chat.html",
        handover=form,
        plan_name=policy.plans[held.plan].name.to(locale),
        tier_name=policy.tiers[held.tier].name.to(locale),
        **parts(found, current_user, now=now),
    )


def handover_form(found: Chat) -> HandoverForm:
    """With the severities of what the customer holds."""
    form, policy = HandoverForm(), the_policy()
    form.subject.data = form.subject.data or subject_of(found)
    held = quoting.held_for(found.requester, found.organisation, quoting.Fields(product=found.product), now=utcnow())
    offered = quoting.severities(policy, held.tier)
    form.severity.choices = [(id_, policy.severities[id_].name.to(str(get_locale()))) for id_ in offered]
    if form.severity.data not in offered:
        form.severity.data = policy.default_severity(held.tier) if offered else None
    return form


@bp.post("/chats/<int:chat_id>/take")
def take_chat(chat_id: int) -> ResponseReturnValue:
    """`instead_of` is who had it when the page was drawn: of two who press at once, the second is told."""
    talking.take(
        locked_chat(chat_id), by=current_user, instead_of=request.form.get("instead_of", type=int), now=utcnow()
    )
    db.session.commit()
    return redirect(url_for(".chat", chat_id=chat_id))


@bp.post("/chats/<int:chat_id>/ticket")
def file_chat(chat_id: int) -> ResponseReturnValue:
    found = locked_chat(chat_id)
    form = handover_form(found)
    if not form.validate():
        return chat_page(found, form), 422
    subject, severity = (form.subject.data or "").strip(), form.severity.data
    made = hand_over(found, by=current_user, now=utcnow(), subject=subject, severity=severity)
    db.session.commit()
    return redirect(url_for(".show", number=made.number))


def locked_chat(chat_id: int) -> Chat:
    query = Chat.kept_as(chat_id, current_user).with_for_update(of=Chat)
    found: Chat = get_or_404(query.execution_options(populate_existing=True))
    return found
