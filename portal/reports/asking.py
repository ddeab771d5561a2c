"""What was asked of people and of the search: ratings of tickets, and searches that ended without one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, func, or_, select

from knowledge.search.log import SearchClick, SearchQuery
from portal.db import read
from portal.reports.asked import Asked
from portal.tickets.satisfaction import Rating
from portal.tickets.ticket import Ticket


def ratings(asked: Asked) -> Sequence[Any]:
    """(tier, asked, good, bad) of the tickets filed in that time. Who rated without being asked was asked."""
    columns = (
        Ticket.tier,
        func.count().label("asked"),
        func.sum(_one(Rating.score == "good")).label("good"),
        func.sum(_one(Rating.score == "bad")).label("bad"),
    )
    query: Any = Ticket.readable(is_staff=True).with_only_columns(*columns).join(Rating, Rating.ticket_id == Ticket.id)
    query = query.where(*asked.filed, or_(Rating.asked_at.is_not(None), Rating.score.is_not(None)))
    return read(query.group_by(Ticket.tier))


def searches(asked: Asked) -> Sequence[Any]:
    """(lang, searches, unfound, opened, tickets) of the searches begun in that time, with that product if one is asked
    for; `tickets` ended in one all the same."""
    opened = select(SearchClick.id).where(SearchClick.query_id == SearchQuery.id).exists()
    where = [SearchQuery.created_at >= asked.start, SearchQuery.created_at < asked.end]
    where += [SearchQuery.product == asked.product] if asked.product else []
    query = select(
        SearchQuery.lang,
        func.count().label("searches"),
        func.sum(_one(SearchQuery.results == 0)).label("unfound"),
        func.sum(_one(opened)).label("opened"),
        func.sum(_one(SearchQuery.ticket_number.is_not(None))).label("tickets"),
    )
    return read(query.where(*where).group_by(SearchQuery.lang).order_by(SearchQuery.lang))


def _one(condition: Any) -> Any:
    return case((condition, 1), else_=0)
