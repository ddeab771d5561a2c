"""Articles that stopped tickets, that readers found wanting, and that nobody has read through for long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, or_, select

from knowledge.articles.article import Article, Vote
from knowledge.articles.votes import REASONS
from knowledge.insight.filters import Filters
from knowledge.insight.lists import Line, Listing, Rows, day, not_put_away
from knowledge.insight.trend import Trend
from knowledge.search.log import SearchClick, SearchQuery
from portal.db import db
from portal.tickets.ticket import Draft
from portal.web import settings

AFTER = timedelta(hours=1)  # whoever has filed no ticket by then went without one
MOST_DRAFTS = 2000  # unsent ticket forms that are looked through
MOST_COMMENTS = 8  # of an article
COLUMNS = (Article.id, Article.slug, Article.lang, Article.title, Article.product, Article.updated_at)
KEY = cast(Article.id, String)


def of_kind(filters: Filters) -> list[ColumnElement[bool]]:
    """What the filters say of an article that readers see."""
    where: list[ColumnElement[bool]] = [Article.status == "published"]
    where += [Article.lang == filters.lang] if filters.lang else []
    where += [Article.product == filters.product] if filters.product else []
    return where


def line_of(row: Any, **more: Any) -> Line:
    href = f"/kb/{row.slug}?in={row.lang}"
    common = {"key": str(row.id), "title": row.title, "lang": row.lang, "product": row.product, "href": href}
    return Line(**common, article_id=row.id, **more)


# Articles that stopped tickets ---------------------------------------------------------------------------------------


def _opened(filters: Filters, now: datetime) -> tuple[ColumnElement[bool], ...]:
    window = (SearchClick.clicked_at >= filters.since(now), SearchClick.clicked_at <= now - AFTER)
    return (SearchClick.kind == "article", *window, SearchQuery.ticket_number.is_(None))


def _stopped(filters: Filters, now: datetime) -> Rows:
    """(article, people from searches, forms left unsent, when last), the most first."""
    people, at = func.count(SearchQuery.asker.distinct()), func.max(SearchClick.clicked_at)
    opened = select(SearchClick.item_id, people.label("people"), at.label("at"))
    opened = opened.join(SearchQuery, SearchQuery.id == SearchClick.query_id).where(*_opened(filters, now))
    by_id = {row.item_id: (row.people, row.at) for row in db.session.execute(opened.group_by(SearchClick.item_id))}
    by_slug = _left_unsent(filters, now)
    found = or_(Article.id.in_(by_id), and_(Article.slug.in_(by_slug), Article.translation_of_id.is_(None)))
    query = select(*COLUMNS, Article.translation_of_id).where(
        *of_kind(filters), found, not_put_away("stopped", filters, KEY)
    )
    rows = []
    for row in db.session.execute(query):
        people, at = by_id.get(row.id, (0, None))
        forms, left = (0, None) if row.translation_of_id else by_slug.get(row.slug, (0, None))
        rows.append((row, people, forms, max(filter(None, (at, left)))))
    order = (lambda one: one[3]) if filters.sort == "newest" else (lambda one: (one[1] + one[2], one[3]))
    return sorted(rows, key=order, reverse=True)


def _left_unsent(filters: Filters, now: datetime) -> dict[str, tuple[int, datetime]]:
    """By article's address: forms of new tickets in which it was opened, and that were left then; and when last."""
    left = (Draft.ticket_id.is_(None), Draft.updated_at >= filters.since(now), Draft.updated_at <= now - AFTER)
    query = select(Draft.answers, Draft.updated_at).where(*left).order_by(Draft.updated_at.desc()).limit(MOST_DRAFTS)
    found: dict[str, tuple[int, datetime]] = {}
    for answers, at in db.session.execute(query):
        for slug in {_slug(str(one.get("url", ""))) for one in answers if one.get("opened")} - {""}:
            count, last = found.get(slug, (0, at))
            found[slug] = (count + 1, max(last, at))
    return found


def _slug(url: str) -> str:
    path = url.partition("#")[0].partition("?")[0]
    return path.removeprefix("/kb/") if path.startswith("/kb/") and path.count("/") == 2 else ""


def _stopped_lines(rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    ids = [row.id for row, *_ in rows]
    trends = _click_trends(filters, now, SearchClick.item_id.in_(ids))
    return [
        line_of(row, count=people + forms, at=at, trend=trends.get(row.id), amounts=(people, forms), acts=("edit",))
        for row, people, forms, at in rows
    ]


def _click_trends(filters: Filters, now: datetime, *where: ColumnElement[bool]) -> dict[int, Trend]:
    on = func.date(SearchClick.clicked_at)
    happened: dict[int, list[tuple[datetime, int]]] = {}
    query = select(SearchClick.item_id, on.label("on"), func.count().label("times"))
    query = query.join(SearchQuery, SearchQuery.id == SearchClick.query_id).where(*_opened(filters, now), *where)
    for row in db.session.execute(query.group_by(SearchClick.item_id, on)):
        happened.setdefault(row.item_id, []).append((day(row.on), row.times))
    return {key: Trend.of(pairs, since=filters.since(now), now=now) for key, pairs in happened.items()}


def _stopped_moments(filters: Filters, now: datetime) -> Trend:
    on = func.date(SearchClick.clicked_at)
    query = select(on, func.count()).join(SearchQuery, SearchQuery.id == SearchClick.query_id)
    rows = db.session.execute(query.where(*_opened(filters, now)).group_by(on))
    return Trend.of(((day(on), count) for on, count in rows), since=filters.since(now), now=now)


# Low-rated articles --------------------------------------------------------------------------------------------------


def _wanting(filters: Filters, now: datetime) -> tuple[ColumnElement[bool], ...]:
    dealt = Vote.dealt_with_at.is_not(None) if filters.put_away else Vote.dealt_with_at.is_(None)
    return (~Vote.is_helpful, Vote.voted_at >= filters.since(now), dealt)


def _rated(filters: Filters, now: datetime) -> Select[Any]:
    yes = (Vote.article_id == Article.id, Vote.is_helpful, Vote.voted_at >= filters.since(now))
    helped = select(func.count(Vote.id)).where(*yes).correlate(Article).scalar_subquery()
    count, at = func.count(Vote.id).label("count"), func.max(Vote.voted_at).label("at")
    worded = func.sum(case((Vote.comment != "", 1), else_=0)).label("worded")
    query = select(*COLUMNS, count, at, worded, helped.label("helped")).join(Vote, Vote.article_id == Article.id)
    query = query.where(*of_kind(filters), *_wanting(filters, now)).group_by(*COLUMNS)
    order = {"newest": (at.desc(),), "comments": (worded.desc(), count.desc())}
    return query.order_by(*order.get(filters.sort, (count.desc(), at.desc())), Article.id)


def _rated_lines(rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    votes: dict[int, list[Any]] = {}
    columns = (Vote.article_id, Vote.reason, Vote.comment, Vote.voted_at)
    where = (Vote.article_id.in_([row.id for row in rows]), *_wanting(filters, now))
    for vote in db.session.execute(select(*columns).where(*where).order_by(Vote.voted_at.desc())):
        votes.setdefault(vote.article_id, []).append(vote)
    return [
        line_of(
            row,
            count=row.count,
            at=row.at,
            trend=Trend.of(((vote.voted_at, 1) for vote in votes[row.id]), since=filters.since(now), now=now),
            amounts=(row.helped, row.worded or 0),
            said=_said(votes[row.id]),
            acts=("edit",) if filters.put_away else ("edit", "dealt"),
        )
        for row in rows
        if row.id in votes
    ]


def _said(votes: Sequence[Any]) -> list[Any]:
    """(reason in words, comment, when) of those who gave either, the last ones."""
    given = [vote for vote in votes if vote.reason or vote.comment]
    return [(REASONS.get(vote.reason, ""), vote.comment, vote.voted_at) for vote in given[:MOST_COMMENTS]]


def _rated_moments(filters: Filters, now: datetime) -> Trend:
    on = func.date(Vote.voted_at)
    rows = db.session.execute(select(on, func.count()).where(*_wanting(filters, now)).group_by(on))
    return Trend.of(((day(on), count) for on, count in rows), since=filters.since(now), now=now)


def deal_with(article_id: int, *, now: datetime) -> int:
    """An editor has read what readers miss in this article; returns how many answers that were."""
    waiting = db.update(Vote).where(Vote.article_id == article_id, ~Vote.is_helpful, Vote.dealt_with_at.is_(None))
    return len(db.session.execute(waiting.values(dealt_with_at=now).returning(Vote.id)).all())


# Stale articles ------------------------------------------------------------------------------------------------------


def _stale(filters: Filters, now: datetime) -> Select[Any]:
    """Those whose day has passed, and those without one that nobody has touched for as long as the setting says."""
    old = now - timedelta(days=settings().stale_after_days)
    due = or_(Article.check_by < now.date(), and_(Article.check_by.is_(None), Article.updated_at < old))
    query: Any = select(*COLUMNS, Article.check_by).where(*of_kind(filters), due, not_put_away("stale", filters, KEY))
    order = {"title": (func.lower(Article.title),)}
    return query.order_by(*order.get(filters.sort, (func.coalesce(Article.check_by, func.date(Article.updated_at)),)))


def _stale_lines(rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    acts = ("edit", "holds", "dismiss")
    return [line_of(row, at=row.updated_at, amounts=(row.check_by,), acts=acts) for row in rows]


def still_holds(article: Article, *, now: datetime) -> None:
    """An editor has read it and found it right: it is asked about again after the time of the setting."""
    article.check_by = (now + timedelta(days=settings().stale_after_days)).date()


ARTICLES = (
    Listing(
        name="stopped",
        icon="shield-check",
        title=_l("Articles that stopped tickets"),
        says=_l(
            "People who opened it from a search, or beside the ticket form, and filed no ticket within the hour. "
            "Nobody is asked whether it helped: it is a sign, no proof."
        ),
        empty=(_l("Nothing to count yet"), _l("Articles that are opened from a search will stand here.")),
        sorts={"count": _l("Most stopped"), "newest": _l("Opened last")},
        find=_stopped,
        lines=_stopped_lines,
        moments=_stopped_moments,
        counted=_l("People"),
        columns=(_l("From searches"), _l("From ticket forms")),
        happened=_l("Last opened"),
        can_dismiss=False,
    ),
    Listing(
        name="rated",
        icon="thumbs-down",
        title=_l("Articles that did not help"),
        says=_l("What readers answered to “Was this helpful?”, with their reasons, until an editor has dealt with it."),
        empty=(_l("No complaints"), _l("When an article does not help, its readers' reasons will stand here.")),
        sorts={"count": _l("Most complaints"), "comments": _l("Most comments"), "newest": _l("Newest first")},
        find=_rated,
        lines=_rated_lines,
        moments=_rated_moments,
        counted=_l("Did not help"),
        columns=(_l("Helped"), _l("Comments")),
        happened=_l("Last answer"),
    ),
    Listing(
        name="stale",
        icon="hourglass",
        title=_l("Articles to read again"),
        says=_l("Their day to be checked has passed, or they have none and were not touched for long."),
        empty=(_l("Everything is fresh"), _l("Articles come here when their day to be checked has passed.")),
        sorts={"oldest": _l("Longest waiting"), "title": _l("By title")},
        find=_stale,
        lines=_stale_lines,
        counted="",
        columns=(_l("Check by"),),
        happened=_l("Last changed"),
        has_period=False,
    ),
)
