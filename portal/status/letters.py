"""The mails of the status page: the question, that somebody ended it, and what happened."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import force_locale

from portal.accounts.texts import N_
from portal.mail import Mail, compose, drawn, thread_id
from portal.sla.text import Text
from portal.status.component import Component
from portal.status.incident import MAINTENANCE, Incident, IncidentUpdate
from portal.status.subscriber import Sending, Subscriber
from portal.status.words import STATE_NAMES, STATUS_NAMES
from portal.tickets.prose import plain, prose
from portal.web import settings

MARK = "qxlinkofsubscriberxq"  # stands for the token in what is drawn for many at once


def send_question(row: Subscriber, token: str) -> Mail:
    """Ask whether they meant it; whoever is told already gets the link again."""
    is_told = row.confirmed_at is not None and row.stopped_at is None
    return compose(
        row.address,
        "status/mail/question",
        N_("Your subscription to our status page") if is_told else N_("Shall we tell you about incidents?"),
        locale=row.lang,
        zone=row.zone,
        is_told=is_told,
        link=link_of(token),
    )


def send_follow_question(row: Subscriber, incident: Incident, token: str) -> Mail:
    """Ask whether they want to be told of this incident."""
    return compose(
        row.address,
        "status/mail/follow",
        N_("Shall we tell you about “%(title)s”?"),
        locale=row.lang,
        zone=row.zone,
        title=incident.title,
        link=f"{link_of(token)}/incidents/{incident.public_id}",
    )


def send_stopped(row: Subscriber, token: str) -> Mail:
    """For an address that several people read: one of them ended it, and any of them can go on."""
    subject = N_("We tell you no more about incidents")
    return compose(row.address, "status/mail/stopped", subject, locale=row.lang, zone=row.zone, link=link_of(token))


Drawn = tuple[str, str, str]


def draw_update(update: IncidentUpdate, parts: Sequence[Component], *, locale: str, zone: str, kind: str) -> Drawn:
    """What is said, for all who read that language in that zone and see those components. `MARK` stands for the token.

    Every mail of an incident has the same subject, by which some mail programs keep them together.
    """
    incident = update.incident
    with force_locale(locale):
        states = [(Text(part.titles).to(locale), str(STATE_NAMES[part.state])) for part in parts]
        status = str(STATUS_NAMES[update.status])
    return drawn(
        "status/mail/update",
        N_("Incident: %(title)s") if incident.kind != MAINTENANCE else N_("Planned maintenance: %(title)s"),
        locale=locale,
        zone=zone,
        unsubscribe=stop_link(MARK, incident.public_id),
        title=incident.title,
        status=status,
        is_reminder=kind == "reminder",
        incident=incident,
        update=update,
        states=states,
        body=plain(update.body),
        body_html=prose(update.body),
        link=link_of(MARK),
        address=address_of(update),
    )


def as_mail(row: Sending, to: Subscriber, incident: Incident, drawn: Drawn, token: str, *, now: datetime) -> Mail:
    """As it goes out. A second one of the same row has the same Message-ID."""
    subject, text, html = drawn
    root = thread_id(incident.id, kind="incident")
    return Mail(
        recipient=to.address,
        subject=subject[:500],
        text=text.replace(MARK, token),
        html=html.replace(MARK, token),
        language=to.lang,
        message_id=thread_id(row.id, kind="status"),
        in_reply_to=root,
        references=[root],
        unsubscribe=stop_link(token, incident.public_id),
        created_at=now,
    )


def address_of(update: IncidentUpdate) -> str:
    return f"{_base()}/status/incidents/{update.incident.public_id}"


def link_of(token: str) -> str:
    return f"{_base()}/status/subscribe/{token}"


def stop_link(token: str, public_id: str) -> str:
    """Ends what the mail came for: this incident alone for who only follows it, else all."""
    return f"{link_of(token)}/stop?about={public_id}"


def _base() -> str:
    return str(settings().base_url.rstrip("/"))
