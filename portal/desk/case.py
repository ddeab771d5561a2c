"""All that is known of one ticket, for the agent who answers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from portal.accounts.people import User, staff
from portal.db import db
from portal.desk import drafts, forms, promises
from portal.desk.remote_panel import panel_of
from portal.desk.words import ICONS, event_words, fit_words
from portal.formats import date_locale
from portal.sla import versions
from portal.tickets import credentials, family, followers, merging, presence, splitting, tags, tasks
from portal.tickets.answers import answers_to
from portal.tickets.canned import offered as offered_replies
from portal.tickets.clocks import policy_of
from portal.tickets.custom_fields import FieldsForm, FieldValue, answered, asked_of, label_of
from portal.tickets.drafts import new_key
from portal.tickets.fitting import by_fit
from portal.tickets.following_up import related
from portal.tickets.quoting import Fields, held_of, holding_words, severity_name
from portal.tickets.satisfaction import rating_of
from portal.tickets.ticket import Credential, Message, ReadAnswer, Reveal, Ticket
from portal.web import choose_locale, choose_zone, is_zone, reader_zone


def crossed(ticket: Ticket, seen: int, person: User) -> bool:
    """True when somebody else has written on the ticket since the page with message `seen` was loaded."""
    if not seen:
        return False
    newer = select(func.count()).where(
        Message.ticket_id == ticket.id, Message.id > seen, Message.author_id.is_distinct_from(person.id)
    )
    return bool(db.session.scalar(newer))


def gather(
    ticket: Ticket, person: User, *, now: datetime, form: FlaskForm | None = None, **more: Any
) -> dict[str, Any]:
    """What the page shows. `form` is one that was refused: it stands with its words in the place of a fresh one."""
    messages = conversation_of(ticket, person)
    policy = policy_of(ticket)
    levels, channel = list(policy.severities), policy.channels.get(ticket.channel)
    draft, own = drafts.draft_of(ticket, person), answered(ticket.id)
    return {
        "ticket": ticket,
        "messages": messages,
        "files": [file for message in messages for file in message.attachments],
        "customer": customer_of(ticket, now),
        "version": version_of(ticket),
        "promises": promises.of(ticket, now=now),
        "log": log_of(ticket),
        "present": presence.others(ticket, person, now=now),
        "asked_every": presence.ASKED_EVERY,
        "parent": db.session.get(Ticket, ticket.parent_id) if ticket.parent_id else None,
        "parts": family.children(ticket),
        "tasks": tasks.tasks_of(ticket, person),
        "today": now.astimezone(reader_zone()).date(),
        "said": [(label_of(row.field.labels, choose_locale()), row.value) for row in own],
        "followers": followers.followers(ticket.id),
        "tags": tags.tags_of(ticket.id),
        "known_tags": tags.in_use(),
        "rating": rating_of(ticket.id),
        "related": related(ticket.id, ticket.follows_id, person),
        "answers": db.session.scalars(select(ReadAnswer).where(ReadAnswer.ticket_id == ticket.id)).all(),
        "credentials": credentials_of(ticket),
        "remote": panel_of(ticket, form, now=now),
        "forms": forms_of(ticket, draft, form, messages, own, now=now),
        "begun": next((name for name, text in draft.fields.items() if text), "") if draft else "",
        "refused": form,
        "waiting_files": draft.attachments if draft else [],
        "severity": severity_words(ticket, ticket.severity),
        "claimed": severity_words(ticket, ticket.severity_claimed) if ticket.channel == "ticket" else "",
        "channel": channel.name.to(str(date_locale())) if channel else ticket.channel,
        "level": levels.index(ticket.severity) + 1 if ticket.severity in levels else len(levels),
        "levels": len(levels),
        "is_triaged": any(event.kind == "triaged" for event in ticket.events),
        **insertable(ticket, person, more.get("seek", "")),
        **more,
    }


def insertable(ticket: Ticket, person: User, seek: str) -> dict[str, Any]:
    """What can be put into a reply: canned ones, and articles on `seek` that the customer can read."""
    found = answers_to(seek, ticket.requester, ticket.language) if seek else ()
    return {"canned": offered_replies(person), "articles": found}


def conversation_of(ticket: Ticket, person: User) -> Sequence[Message]:
    query = Message.visible_to(person).where(Message.ticket_id == ticket.id).order_by(Message.id)
    return db.session.scalars(query.options(selectinload(Message.author), selectinload(Message.attachments))).all()


def severity_words(ticket: Ticket, name: str | None) -> str:
    return severity_name(ticket, name, locale=str(date_locale())) if name else ""


def forms_of(
    ticket: Ticket,
    draft: Any,
    refused: FlaskForm | None,
    messages: Sequence[Message],
    own: Sequence[FieldValue],
    *,
    now: datetime,
) -> dict[str, FlaskForm]:
    """Every form of the page; texts come from the draft, unless they were just sent and refused."""
    kept = draft.fields if draft else {}
    written = {"reply": forms.ReplyForm, "note": forms.NoteForm, "resolve": forms.ResolveForm}
    made: dict[str, FlaskForm] = {
        name: kind(formdata=None, body=kept.get(name, ""), form_key=new_key()) for name, kind in written.items()
    }
    made["triage"] = forms.TriageForm(formdata=None, severity=ticket.severity).offer(ticket)
    made["assign"] = forms.AssignForm(formdata=None, to=ticket.assignee_id or 0)
    answering = db.session.scalars(staff().order_by(User.name)).all()
    fits = by_fit(ticket, answering, now=now)
    said = {fit.person.id: fit_words(fit) for fit in fits}
    made["assign"].offer([fit.person for fit in fits], now_with=ticket.assignee, words=said)
    made |= forms_beside(ticket, answering, messages) | {"fields": fields_of(ticket, own)}
    made["reopen"] = forms.ReopenForm(formdata=None, body=kept.get("reply", "") if ticket.status == "closed" else "")
    made["reveal"] = forms.RevealForm(formdata=None)
    for name, fresh in made.items():
        if type(refused) is type(fresh):
            made[name] = refused
    for name in written:
        made[name].seen.data = messages[-1].id if messages else 0
    return made


def forms_beside(ticket: Ticket, answering: Sequence[User], messages: Sequence[Message]) -> dict[str, Any]:
    """Those about other tickets and other people. `answering` are the staff."""
    mergeable = merging.offered(ticket) if ticket.status != "closed" else ()
    return {
        "merge": forms.MergeForm(formdata=None).offer(mergeable),
        "split": forms.SplitForm(formdata=None).offer(splitting.splittable(messages)),
        "parent": forms.ParentForm(formdata=None),
        "tell_parts": forms.TellAllForm(formdata=None, form_key=new_key()),
        "tag": forms.TagForm(formdata=None),
        "follow": forms.FollowForm(formdata=None).offer(answering, followers.shareable(ticket)),
        "add_task": forms.TaskForm(formdata=None, person=0).offer(answering),
    }


def fields_of(ticket: Ticket, own: Sequence[FieldValue], formdata: Any = None) -> FieldsForm:
    """The vendor's own fields with what the ticket says."""
    given = {f"field-{row.field_id}": row.value for row in own}
    return FieldsForm(asked_of(ticket.product_id), locale=choose_locale(), formdata=formdata, data=given)


@dataclass(frozen=True)
class Customer:
    """The person who asked: `clock` is the time on their wall, and `offset` the zone it is in."""

    person: User
    organisation: str
    reseller: str  # who filed it for them
    is_reseller: bool
    region: str
    holding: str
    source: str
    language: str
    clock: str
    zone: str


def customer_of(ticket: Ticket, now: datetime) -> Customer:
    person, organisation = ticket.requester, ticket.organisation
    zone = next(zone for zone in (person.zone, ticket.promise_zone, choose_zone()) if zone and is_zone(zone))
    locale, spoken = date_locale(), person.locale or ticket.language
    there, held = ZoneInfo(zone), held_of(ticket, Fields(product=ticket.product), now=now)
    clock = f"{format_skeleton('E', now, there, locale=locale)} {format_time(now, 'short', there, locale)}"
    return Customer(
        person=person,
        organisation=organisation.name if organisation else "",
        reseller=ticket.reseller.name if ticket.reseller else "",
        is_reseller=bool(organisation and held.reseller),
        region=(organisation.region if organisation else None) or "",
        holding=holding_words(ticket, locale=str(locale)),
        source=source_words(held),
        language=_language(spoken, locale),
        clock=clock,
        zone=zone,
    )


def source_words(held: Any) -> str:
    """Where the entitlement comes from today, with what proves it."""
    words = {
        "contract": _("Contract on record"),
        "tier": _("Support tier bought"),
        "subscription": _("Active subscription"),
        "licence": _("Licence key claimed"),
        "order_email": _("Order sent to this e-mail address"),
        "free": _("Free account"),
    }
    return " · ".join(filter(None, (words.get(held.source, held.source), held.reference)))


def _language(code: str, locale: Locale) -> str:
    try:
        return Locale.parse(code.replace("-", "_")).get_display_name(locale) or code
    except ValueError:  # babel.UnknownLocaleError is another: both mean that there is no such language
        return code


@dataclass(frozen=True)
class Version:
    """How far the product's version is supported (R17), and the release to try first, if any."""

    state: str
    advise: str


def version_of(ticket: Ticket) -> Version | None:
    """None when no version was named, or one that is none."""
    if not ticket.product or not ticket.product_version:
        return None
    known = [release.version for release in ticket.product.releases]
    try:
        found = versions.check(policy_of(ticket), known, ticket.product_version)
    except ValueError:
        return None
    return Version(found.state, str(found.advise or ""))


@dataclass(frozen=True)
class Entry:
    text: str
    icon: str
    at: datetime


def log_of(ticket: Ticket) -> list[Entry]:
    """The events in words, newest first."""
    ids = {event.by_id for event in ticket.events} | {event.detail.get("to") for event in ticket.events}
    ids |= {person for event in ticket.events for person in event.detail.get("told", ())}
    ids |= {event.detail.get("taken_by") for event in ticket.events}
    found = db.session.scalars(select(User).where(User.id.in_(ids - {None})))
    people = {person.id: person.display_name for person in found}
    told = ((event, event_words(event, people, lambda name: severity_words(ticket, name))) for event in ticket.events)
    return [Entry(words, ICONS.get(event.kind, "circle-dot"), event.at) for event, words in told][::-1]


@dataclass(frozen=True)
class Sealed:
    """Remote-access credentials: how many can still be read, and who has read them."""

    kept: int
    reveals: Sequence[Any]
    purged_at: datetime | None


def credentials_of(ticket: Ticket) -> Sealed | None:
    """None for a ticket that never had any."""
    rows = db.session.scalars(select(Credential).where(Credential.ticket_id == ticket.id)).all()
    if not rows:
        return None
    looked = (
        select(Reveal.at, User.name, User.email)
        .join(User, User.id == Reveal.by_id)
        .where(Reveal.credential_id.in_([row.id for row in rows]))
        .order_by(Reveal.id.desc())
    )
    return Sealed(len(credentials.kept(ticket)), db.session.execute(looked).all(), rows[-1].purged_at)
