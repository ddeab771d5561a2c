"""Incidents and planned maintenance in the one search: what goes on, what is planned, and what was lately."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from huey import crontab
from markupsafe import Markup
from sqlalchemy import event, inspect, or_, select
from sqlalchemy.orm import Session, selectinload

from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from knowledge.search.items import CURRENT, Item, Ref, Scope, Shown, register
from portal.audience import PUBLIC, SIGNED_IN
from portal.db import db, utcnow
from portal.status.component import Component
from portal.status.incident import MAINTENANCE_STATUSES, OVER, Incident, IncidentComponent, IncidentUpdate

KIND = "incident"
KEPT = timedelta(days=90)
PLANNED, PAST = 1.0, 0.5  # what is over stands behind
_SEARCHED = ("visibility", "titles", "product")  # of a component
_WHOLE = (
    selectinload(Incident.updates),
    selectinload(Incident.claims).selectinload(IncidentComponent.component),
)


class IncidentSource:
    """One item for each audience that sees a component of the incident, so that it tells nobody what is hidden."""

    kind = KIND

    def ids(self) -> Sequence[int]:
        return db.session.scalars(_kept(utcnow()).with_only_columns(Incident.id).order_by(Incident.id)).all()

    def items(self, ids: Sequence[int]) -> Iterator[Item]:
        for incident in db.session.scalars(_kept(utcnow()).where(Incident.id.in_(ids)).options(*_WHOLE)):
            for position, audience in enumerate(audiences_of(incident), 1):
                yield _item(incident, position, audience)

    def shown(self, refs: Collection[Ref], person: Any, locale: str) -> Mapping[tuple[int, int], Shown]:
        ids = {ref.item_id for ref in refs}
        mine = Incident.visible_to(person).where(Incident.id.in_(ids), Incident.is_draft.is_(False))
        found = {incident.id: incident for incident in db.session.scalars(mine.options(selectinload(Incident.updates)))}
        return {
            (ref.item_id, ref.position): _shown(ref, incident) for ref in refs if (incident := found.get(ref.item_id))
        }

    def plain(self, words: Collection[str], scope: Scope, most: int) -> Iterable[tuple[Ref, str, str]]:
        said = select(IncidentUpdate.incident_id)
        here = [Incident.title.icontains(word, autoescape=True) for word in words]
        here += [Incident.id.in_(said.where(IncidentUpdate.body.icontains(word, autoescape=True))) for word in words]
        query = _kept(utcnow()).where(or_(*here)).options(*_WHOLE)
        query = query.where(Incident.lang == scope.lang) if scope.lang else query
        for incident in db.session.scalars(query.order_by(Incident.id.desc()).limit(most)):
            for position, audience in enumerate(audiences_of(incident), 1):
                ref = _ref(incident, position, audience)
                if audience in scope.audiences and scope.product in (None, ref.product):
                    yield ref, incident.title, _text(incident)


def audiences_of(incident: Incident) -> list[str]:
    """The audiences that see it between them: those of its components, unless everybody does."""
    theirs = {claim.component.visibility for claim in incident.claims} or {PUBLIC}
    return next(([wide] for wide in (PUBLIC, SIGNED_IN) if wide in theirs), sorted(theirs))


def _kept(now: datetime) -> Any:
    """Those that are searched. The day begins at midnight, so that nothing gets old between two looks at the index."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - KEPT
    return select(Incident).where(
        Incident.is_draft.is_(False), or_(Incident.resolved_at.is_(None), Incident.resolved_at >= since)
    )


def _parts(incident: Incident, audience: str) -> list[Component]:
    """The components that everybody of an audience may know of."""
    parts = (claim.component for claim in incident.claims if claim.component.visibility in (PUBLIC, audience))
    return sorted(parts, key=lambda part: part.id)


def _ref(incident: Incident, position: int, audience: str) -> Ref:
    products = {part.product for part in _parts(incident, audience)}
    product = products.pop() if len(products) == 1 else None
    prior = PAST if incident.is_over else PLANNED if incident.status == "scheduled" else CURRENT
    return Ref(KIND, incident.id, position, f"status/{incident.id}", incident.lang, product, None, prior)


def _item(incident: Incident, position: int, audience: str) -> Item:
    names = [name for part in _parts(incident, audience) for name in (*part.titles.values(), part.product) if name]
    return Item(
        ref=_ref(incident, position, audience),
        audience=audience,
        title=incident.title,
        heading="",
        text=_text(incident),
        about=tuple(dict.fromkeys(names)),
        is_first=position == 1,
    )


def _text(incident: Incident) -> str:
    """What was said of it, the newest first."""
    return "\n".join(str(Markup(update.html).striptags()) for update in reversed(incident.updates))


def _shown(ref: Ref, incident: Incident) -> Shown:
    return Shown(
        ref=ref,
        id=f"incident-{incident.public_id}",
        url=f"/status/incidents/{incident.public_id}",
        anchor="",
        title=incident.title,
        heading="",
        text=_text(incident),
        lang=incident.lang,
        updated_at=incident.updates[-1].at if incident.updates else incident.updated_at,
        status=incident.status,
    )


@event.listens_for(db.session, "after_flush")
def note_incidents(session: Session, _context: object) -> None:
    """Whoever writes of an incident, staff, a probe or the command: it is indexed after this transaction."""
    changed, parts = set[int](), set[int]()
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Incident):
            changed.add(row.id)
        elif isinstance(row, IncidentUpdate | IncidentComponent):
            changed.add(row.incident_id)
        elif isinstance(row, Component) and any(inspect(row).attrs[name].history.has_changes() for name in _SEARCHED):
            parts.add(row.id)
    if parts:
        touched = select(IncidentComponent.incident_id).where(IncidentComponent.component_id.in_(parts))
        changed.update(session.scalars(touched))
    noted = session.info.setdefault("incidents_noted", set())
    if new := sorted(number for number in changed - noted if number):
        noted.update(new)
        if session.scalar(select(Edition.id)) is None:  # as nothing was ever searched
            session.add(Edition(id=1))
        note_changes(new, KIND)


@event.listens_for(db.session, "after_transaction_end")
def forget_noted(session: Session, transaction: Any) -> None:
    """What was noted in a part that was rolled back has to be noted again."""
    if transaction.parent is None or transaction.nested:
        session.info.pop("incidents_noted", None)


def note_old(*, now: datetime) -> int:
    """Have those taken out of the index that became too old; returns how many."""
    kept = _kept(now).with_only_columns(Incident.id)
    lately = Incident.resolved_at >= now - KEPT - timedelta(days=8)
    old = db.session.scalars(select(Incident.id).where(lately, Incident.id.not_in(kept), ~Incident.is_draft)).all()
    if old:
        note_changes(old, KIND)
    return len(old)


def status_kind(status: str) -> str:
    """The look of the badge that says how it stands."""
    return "ok" if status in OVER else "accent" if status in MAINTENANCE_STATUSES else "warn"


def is_maintenance(status: str) -> bool:
    """Whether only a maintenance stands so."""
    return status in MAINTENANCE_STATUSES


def init_incidents(app: Flask) -> None:
    register(IncidentSource())
    app.add_template_global(status_kind)
    app.add_template_global(is_maintenance)
    queue: Any = app.extensions["queue"]

    @queue.periodic_task(crontab(hour="0", minute="7"), name="note_old_incidents")
    def note_each_night() -> None:
        with app.app_context(), db.session.begin():
            note_old(now=utcnow())
