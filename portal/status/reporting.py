"""Saying what happens: incidents, their updates, and what they do to components. The caller commits."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.status import publishing, spans, telling
from portal.status.component import OPERATIONAL, STATES, Component
from portal.status.incident import (
    IMPACTS,
    INCIDENT,
    INCIDENT_STATUSES,
    MAINTENANCE,
    MAINTENANCE_STATUSES,
    OVER,
    AffectedComponent,
    Incident,
    IncidentComponent,
    IncidentEvent,
    IncidentUpdate,
)
from portal.tickets.conversation import clean, one_line
from portal.tickets.prose import prose

LONGEST_BODY = 20_000
AHEAD = timedelta(minutes=5)  # that another clock may be ahead of ours


def open_incident(
    *,
    title: str,
    impact: str,
    status: str,
    body: str,
    components: Mapping[int, str],
    by: User | None,
    now: datetime,
    form_key: str,
    at: datetime | None = None,
    source: str = "staff",
    source_key: str | None = None,
    is_draft: bool = False,
    notify: bool = True,
) -> Incident:
    """A new incident and its first update. `components` gives the state of each by id; `at` in the past backfills.

    Raises `Refused`. A form sent twice, or a source that tells again, has made its incident: see `reported_with`.
    """
    title = one_line(title)[:200]
    if not title:
        raise Refused(_("Give it a title."))
    if impact not in IMPACTS or status not in INCIDENT_STATUSES:
        raise Refused(_("Choose a status and an impact."))
    incident = Incident(
        kind=INCIDENT,
        title=title,
        impact=impact,
        status=status,
        began_at=at or now,
        source=source,
        source_key=source_key,
        is_draft=is_draft,
        created_by_id=by.id if by else None,
        created_at=now,
        updated_at=now,
        form_key=form_key,
    )
    db.session.add(incident)
    db.session.flush()
    note("opened", incident=incident, by=by, now=now)
    first = f"{form_key[:62]}.1"
    add_update(
        incident, status=status, body=body, components=components, by=by, now=now, at=at, form_key=first, notify=notify
    )
    return incident


def add_update(
    incident: Incident,
    *,
    status: str,
    body: str,
    components: Mapping[int, str],
    by: User | None,
    now: datetime,
    form_key: str,
    at: datetime | None = None,
    notify: bool = True,
) -> IncidentUpdate:
    """Say more. Components that aren't named stay as this incident has them; once it is over, all are operational.

    Raises `Refused` for a moment in the future or before the incident, an empty text, an unknown state or component.
    """
    moment = at or not_before(incident, now)
    body = clean(body)[:LONGEST_BODY]
    _check(incident, status, body, components, moment, now)
    latest = not incident.updates or moment >= incident.updates[-1].at
    update = IncidentUpdate(
        incident_id=incident.id,
        status=status,
        body=body,
        html=str(prose(body)),
        at=moment,
        is_told=notify,
        by_id=by.id if by else None,
        created_at=now,
        updated_at=now,
        form_key=form_key,
    )
    db.session.add(update)
    claimed = {claim.component_id: claim for claim in incident.claims}
    new = dict(components)
    if status in OVER:
        new |= dict.fromkeys(claimed, OPERATIONAL)
    for component_id, state in sorted(new.items()):
        claim = claimed.get(component_id)
        if claim is None:
            claim = IncidentComponent(component_id=component_id)
            incident.claims.append(claim)
        old = claim.state or OPERATIONAL
        if component_id in components or old != state:
            update.affected.append(AffectedComponent(component_id=component_id, old_state=old, new_state=state))
        if latest:
            claim.state = state
    if latest:
        incident.status = status
        incident.resolved_at = (incident.resolved_at or moment) if status in OVER else None
    incident.updated_at = now
    db.session.flush()
    db.session.expire(incident, ["updates"])  # they have an order
    note("updated", incident=incident, by=by, now=now, status=status)
    spans.redraw({*new, *claimed}, now=now)
    publishing.changed()
    telling.tell(update, now=now)
    return update


def reword(update: IncidentUpdate, body: str, *, by: User, now: datetime) -> None:
    """Another text for what was said. Subscribers are not told again."""
    body = clean(body)[:LONGEST_BODY]
    if not body:
        raise Refused(_("Write what is known."))
    note("reworded", incident=update.incident, by=by, now=now, before=update.body)
    update.body, update.html, update.updated_at = body, str(prose(body)), now
    update.incident.updated_at = now
    publishing.changed()


def edit(incident: Incident, *, title: str, impact: str, by: User, now: datetime) -> None:
    """Another title or impact. Subscribers are not told: what is said next carries it. Raises `Refused`."""
    title = one_line(title)[:200]
    if not title:
        raise Refused(_("Give it a title."))
    if impact not in IMPACTS or (impact == "maintenance") != (incident.kind == MAINTENANCE):
        raise Refused(_("Choose an impact."))
    if (title, impact) == (incident.title, incident.impact):
        return
    note("edited", incident=incident, by=by, now=now, title=incident.title, impact=incident.impact)
    incident.title, incident.impact, incident.updated_at = title, impact, now
    publishing.changed()


def discard(incident: Incident, *, by: User, now: datetime) -> None:
    """A false alarm: the draft ends without a word to anybody. It stays for staff, and what raised it is not asked
    again until it fails anew."""
    if not incident.is_draft or incident.is_over:
        raise Refused(_("Only a draft can be discarded."))
    calm = dict.fromkeys((claim.component_id for claim in incident.claims), OPERATIONAL)
    given = {"by": by, "now": now, "form_key": f"{incident.public_id}.discarded", "notify": False}
    add_update(incident, status="resolved", body=_("A false alarm."), components=calm, **given)  # type: ignore[arg-type]
    note("discarded", incident=incident, by=by, now=now)


def publish(incident: Incident, *, by: User | None, now: datetime) -> None:
    """A draft becomes public, and its subscribers are told what was said last."""
    if not incident.is_draft:
        return
    incident.is_draft, incident.updated_at = False, now
    note("published", incident=incident, by=by, now=now)
    spans.redraw([claim.component_id for claim in incident.claims], now=now)
    publishing.changed()
    telling.tell(incident.updates[-1], now=now)


def look_back(incident: Incident, text: str, *, by: User, now: datetime, notify: bool = True) -> None:
    """The post-mortem: what happened and what is done about it. The first time it is told as an update."""
    text = clean(text)[:LONGEST_BODY]
    if not text:
        raise Refused(_("Write what happened and what is done about it."))
    if not incident.is_over:
        raise Refused(_("It is not over yet."))
    is_first = not incident.postmortem
    incident.postmortem, incident.postmortem_html, incident.updated_at = text, str(prose(text)), now
    note("looked back", incident=incident, by=by, now=now)
    if is_first and incident.kind == INCIDENT:
        key = f"{incident.public_id}.postmortem"
        told = _("We wrote down what happened and what we do about it.")
        add_update(incident, status="postmortem", body=told, components={}, by=by, now=now, form_key=key, notify=notify)
    publishing.changed()


def not_before(incident: Incident, now: datetime) -> datetime:
    """Now; on a clock that was set back, the moment of what was said last."""
    return max([now, *(update.at for update in incident.updates)])


def reported_with(form_key: str) -> Incident | None:
    """The incident that this form made already."""
    return db.session.scalar(select(Incident).where(Incident.form_key == form_key))


def said_with(form_key: str) -> IncidentUpdate | None:
    """The update that this form made already."""
    return db.session.scalar(select(IncidentUpdate).where(IncidentUpdate.form_key == form_key))


def note(
    kind: str,
    *,
    by: User | None,
    now: datetime,
    incident: Incident | None = None,
    component: Component | None = None,
    **detail: str,
) -> None:
    """Write down who did what."""
    db.session.add(
        IncidentEvent(
            incident_id=incident.id if incident else None,
            component_id=component.id if component else None,
            kind=kind,
            by_id=by.id if by else None,
            at=now,
            detail=detail,
        )
    )


def _check(
    incident: Incident, status: str, body: str, components: Mapping[int, str], moment: datetime, now: datetime
) -> None:
    known = INCIDENT_STATUSES if incident.kind == INCIDENT else MAINTENANCE_STATUSES
    if status not in known:
        raise Refused(_("Choose a status."))
    if not body:
        raise Refused(_("Write what is known."))
    if moment > not_before(incident, now) + AHEAD:
        raise Refused(_("What was said can't lie in the future."))
    if incident.updates and moment < incident.updates[0].at:
        raise Refused(_("That was before it began."))
    if set(components.values()) - set(STATES):
        raise Refused(_("Choose a state for each component."))
    found = set(db.session.scalars(select(Component.id).where(Component.id.in_(components))))
    if set(components) - found:
        raise Refused(_("One of the components doesn't exist any more."))
