"""Searches that found nothing, whose results nobody opened, and that ended in tickets all the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, func, select, tuple_

from knowledge.insight.filters import Filters
from knowledge.insight.lists import Line, Listing, Rows, day, not_put_away
from knowledge.insight.trend import Trend
from knowledge.search.guidance import Wish
from knowledge.search.log import SearchClick, SearchQuery
from portal.db import db
from portal.tickets.ticket import Ticket

Q = SearchQuery
OPENED = select(SearchClick.id).where(SearchClick.query_id == Q.id).exists()
NOTHING: tuple[ColumnElement[bool], ...] = (Q.results == 0,)
UNOPENED: tuple[ColumnElement[bool], ...] = (Q.results > 0, ~OPENED, Q.ticket_number.is_(None))
TICKETS: tuple[ColumnElement[bool], ...] = (Q.ticket_number.is_not(None),)
MOST_TICKETS = 5  # of a line
ACTS = ("write", "synonym", "pin", "dismiss")


def _where(filters: Filters, now: datetime, what: Sequence[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    where = [Q.updated_at >= filters.since(now), *what]
    where += [Q.lang == filters.lang] if filters.lang else []
    where += [Q.product == filters.product] if filters.product else []
    return where


def _find(name: str, what: Sequence[ColumnElement[bool]], filters: Filters, now: datetime) -> Select[Any]:
    """Searches grouped by what counts as the same, and their language."""
    waiting = (Wish.folded == Q.folded, Wish.confirmed_at.is_not(None), Wish.answered_at.is_(None))
    wishes = select(func.count(Wish.id)).where(*waiting).correlate(Q).scalar_subquery().label("waiting")
    count, at = func.count().label("count"), func.max(Q.updated_at).label("at")
    text, product = func.max(Q.text).label("text"), func.max(Q.product).label("product")
    there = not_put_away(name, filters, Q.folded, Q.lang)
    query = select(Q.folded, Q.lang, text, product, count, at, wishes).where(*_where(filters, now, what), there)
    order = {"newest": (at.desc(),), "waiting": (wishes.desc(), count.desc(), at.desc())}
    return query.group_by(Q.folded, Q.lang).order_by(*order.get(filters.sort, (count.desc(), at.desc())), Q.folded)


def _lines(name: str, what: Sequence[ColumnElement[bool]], rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    keys = [(row.folded, row.lang) for row in rows]
    trends = _trends(keys, what, filters, now)
    tickets = _tickets(keys, filters, now) if name == "tickets" and filters.sees_tickets else {}
    return [
        Line(
            key=row.folded,
            title=row.text,
            lang=row.lang,
            product=row.product,
            count=row.count,
            at=row.at,
            trend=trends.get((row.folded, row.lang)),
            amounts=(row.waiting,) if name == "nothing" else (),
            waiting=row.waiting,
            tickets=tickets.get((row.folded, row.lang), ()),
            acts=ACTS,
        )
        for row in rows
    ]


def _of(keys: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    return tuple_(Q.folded, Q.lang).in_(keys)


def _trends(
    keys: Sequence[tuple[str, str]], what: Sequence[ColumnElement[bool]], filters: Filters, now: datetime
) -> dict[tuple[str, str], Trend]:
    on = func.date(Q.updated_at)
    happened: dict[tuple[str, str], list[tuple[datetime, int]]] = {}
    query = select(Q.folded, Q.lang, on.label("on"), func.count().label("times"))
    for start in range(0, len(keys), 200):
        where = (*_where(filters, now, what), _of(keys[start : start + 200]))
        for row in db.session.execute(query.where(*where).group_by(Q.folded, Q.lang, on)):
            happened.setdefault((row.folded, row.lang), []).append((day(row.on), row.times))
    return {key: Trend.of(pairs, since=filters.since(now), now=now) for key, pairs in happened.items()}


def _moments(what: Sequence[ColumnElement[bool]], filters: Filters, now: datetime) -> Trend:
    """All of them together, for the overview."""
    on = func.date(Q.updated_at)
    rows = db.session.execute(select(on, func.count()).where(*_where(filters, now, what)).group_by(on))
    return Trend.of(((day(on), count) for on, count in rows), since=filters.since(now), now=now)


def _tickets(keys: Sequence[tuple[str, str]], filters: Filters, now: datetime) -> dict[tuple[str, str], list[Any]]:
    """The last tickets of each."""
    staffs = Ticket.readable(is_staff=True)
    seen = staffs.with_only_columns(Ticket.number, Ticket.subject, Ticket.status).subquery()
    query = select(Q.folded, Q.lang, seen.c.number, seen.c.subject, seen.c.status)
    query = query.join(seen, seen.c.number == Q.ticket_number).order_by(Q.updated_at.desc())
    found: dict[tuple[str, str], list[Any]] = {}
    for start in range(0, len(keys), 200):
        for row in db.session.execute(query.where(*_where(filters, now, TICKETS), _of(keys[start : start + 200]))):
            some = found.setdefault((row.folded, row.lang), [])
            if len(some) < MOST_TICKETS and row.number not in [one.number for one in some]:
                some.append(row)
    return found


def _listing(name: str, what: Sequence[ColumnElement[bool]], **words: Any) -> Listing:
    return Listing(
        name=name,
        find=lambda filters, now: _find(name, what, filters, now),
        lines=lambda rows, filters, now: _lines(name, what, rows, filters, now),
        moments=lambda filters, now: _moments(what, filters, now),
        counted=_l("Searches"),
        happened=_l("Last asked"),
        **words,
    )


SORTS = {"count": _l("Most asked"), "newest": _l("Asked last")}
SEARCHES = (
    _listing(
        "nothing",
        NOTHING,
        icon="circle-help",
        title=_l("Searches that found nothing"),
        says=_l("What people asked for and nothing answers yet. Those spelt alike in one language count as one."),
        empty=(_l("Every search found something"), _l("What nobody finds an answer to will stand here.")),
        sorts=SORTS | {"waiting": _l("Most waited for")},
        columns=(_l("Waiting for an answer"),),
    ),
    _listing(
        "unopened",
        UNOPENED,
        icon="eye-off",
        title=_l("Results nobody opened"),
        says=_l("Something was found, but nobody opened a result, nor filed a ticket: the titles may not tell enough."),
        empty=(_l("Whoever finds something opens it"), _l("Searches whose results stay closed will stand here.")),
        sorts=SORTS,
    ),
    _listing(
        "tickets",
        TICKETS,
        icon="ticket",
        title=_l("Searches that ended in tickets"),
        says=_l("Whoever asked this filed a ticket soon after. An article that answers it saves both sides the wait."),
        empty=(_l("No search ended in a ticket"), _l("When somebody searches and files all the same, it stands here.")),
        sorts=SORTS,
    ),
)
