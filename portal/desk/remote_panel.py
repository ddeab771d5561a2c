"""What the desk shows of a ticket's remote sessions, and the forms for the next step."""

from dataclasses import dataclass
from datetime import datetime

from flask_wtf import FlaskForm

from portal.desk.forms import BeginForm, ProposeForm
from portal.formats import date_locale
from portal.policies import the_policy
from portal.sla.terms import RemoteSupport
from portal.tickets import remote
from portal.tickets.remote import RemoteSession
from portal.tickets.ticket import Ticket


@dataclass(frozen=True)
class Panel:
    """`terms` are None where the customer has no remote support, `current` where no session is under way."""

    terms: RemoteSupport | None
    explained_by: str
    current: RemoteSession | None
    past: list[RemoteSession]
    propose: ProposeForm
    begin: BeginForm


def panel_of(ticket: Ticket, refused: FlaskForm | None, *, now: datetime) -> Panel:
    """`refused` is a form that was just sent: if it is one of these, it stands as it was."""
    sessions, terms = remote.sessions_of(ticket.id), remote.terms(ticket, now=now)
    channels, by = the_policy().channels, terms.explained_first_by if terms else None
    return Panel(
        terms=terms,
        explained_by=channels[by].name.to(str(date_locale())) if by in channels else "",
        current=next((one for one in sessions if one.ended_at is None), None),
        past=[one for one in sessions if one.state == "ended"],
        propose=refused if isinstance(refused, ProposeForm) else ProposeForm(formdata=None),
        begin=refused if isinstance(refused, BeginForm) else BeginForm(formdata=None),
    )
