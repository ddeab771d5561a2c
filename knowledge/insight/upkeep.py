"""What has to be mended or translated: broken links, translations behind their original, languages that are missing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.orm import aliased

from knowledge.articles.article import Article, Vote
from knowledge.articles.reading import language_name
from knowledge.insight.articles import ARTICLES, COLUMNS, KEY, line_of, of_kind
from knowledge.insight.filters import Filters
from knowledge.insight.links import REASONS
from knowledge.insight.lists import Line, Listing, Rows, not_put_away
from knowledge.insight.searches import SEARCHES
from knowledge.insight.tables import BrokenLink
from knowledge.search.log import SearchClick
from portal.db import db
from portal.web import settings

MOST_READ = 500  # articles whose languages are looked at


def _links(filters: Filters, now: datetime) -> Select[Any]:
    columns = (BrokenLink.id.label("link_id"), BrokenLink.target, BrokenLink.words, BrokenLink.reason)
    query: Any = select(*COLUMNS, *columns, BrokenLink.found_at).join(BrokenLink, BrokenLink.article_id == Article.id)
    query = query.where(*of_kind(filters), not_put_away("links", filters, _link_key()))
    order = {"reason": (BrokenLink.reason, func.lower(Article.title)), "newest": (BrokenLink.found_at.desc(),)}
    return query.order_by(*order.get(filters.sort, (func.lower(Article.title), Article.id)), BrokenLink.id)


def _link_key() -> Any:
    """The article and the beginning of the address: a link that is found again another night is the same."""
    return cast(BrokenLink.article_id, String) + " " + func.substr(BrokenLink.target, 1, 180)


def _links_lines(rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    lines = []
    for row in rows:
        reason, target = REASONS.get(row.reason, row.reason), (row.target, row.words)
        line = line_of(row, at=row.found_at, amounts=target, reason=reason, acts=("edit", "dismiss"))
        lines.append(Line(**{**line.__dict__, "key": f"{row.id} {row.target[:180]}"}))
    return lines


def _outdated(filters: Filters, now: datetime) -> Select[Any]:
    """Published translations whose original was revised since they were made, or last found right."""
    original: Any = aliased(Article)
    behind = (original.revision - Article.translated_revision).label("behind")
    query = select(*COLUMNS, original.updated_at.label("since"), original.title.label("original"), behind)
    query = query.join(original, original.id == Article.translation_of_id)
    query = query.where(*of_kind(filters), original.revision > Article.translated_revision)
    query = query.where(not_put_away("outdated", filters, KEY))
    order = {"oldest": (original.updated_at,), "title": (func.lower(Article.title),)}
    return query.order_by(*order.get(filters.sort, (behind.desc(), original.updated_at)), Article.id)


def _outdated_lines(rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    acts = ("compare", "edit", "dismiss")
    return [line_of(row, count=row.behind, at=row.since, amounts=(row.original,), acts=acts) for row in rows]


def _missing(filters: Filters, now: datetime) -> Rows:
    """(original, how often it was opened, languages it lacks): the most opened in the period first."""
    window = (SearchClick.kind == "article", SearchClick.clicked_at >= filters.since(now))
    opened = select(SearchClick.item_id, func.count().label("count")).where(*window).group_by(SearchClick.item_id)
    clicks, votes = opened.subquery(), _votes(filters, now)
    count = func.coalesce(func.sum(func.coalesce(clicks.c.count, 0) + func.coalesce(votes.c.count, 0)), 0)
    query = select(Article.slug, count.label("count")).where(Article.status == "published").group_by(Article.slug)
    query = query.outerjoin(clicks, clicks.c.item_id == Article.id).outerjoin(votes, votes.c.article_id == Article.id)
    read = query.having(count > 0).order_by(count.desc()).limit(MOST_READ)
    counts = {slug: int(number) for slug, number in db.session.execute(read)}
    return _lacking(counts, filters)


def _votes(filters: Filters, now: datetime) -> Any:
    query = select(Vote.article_id, func.count().label("count")).where(Vote.voted_at >= filters.since(now))
    return query.group_by(Vote.article_id).subquery()


def _lacking(counts: dict[str, int], filters: Filters) -> list[Any]:
    wanted = [filters.lang] if filters.lang else list(settings().languages)
    there: dict[str, list[Any]] = {}
    kind = of_kind(Filters(product=filters.product))
    query = select(*COLUMNS, Article.translation_of_id).where(*kind, Article.slug.in_(counts))
    for row in db.session.execute(query.where(not_put_away("missing", filters, KEY)).order_by(Article.id)):
        there.setdefault(row.slug, []).append(row)
    found = []
    for slug, rows in there.items():
        has = {row.lang.split("-")[0] for row in rows}
        lacks = [lang for lang in wanted if lang.split("-")[0] not in has]
        original = next((row for row in rows if row.translation_of_id is None), rows[0])
        if lacks:
            found.append((original, counts[slug], lacks))
    by_title = filters.sort == "title"
    return sorted(found, key=lambda one: one[0].title.lower() if by_title else (-one[1], one[0].title))


def _missing_lines(rows: Rows, filters: Filters, now: datetime) -> list[Line]:
    acts = ("translate", "dismiss")
    return [line_of(row, count=count, at=row.updated_at, amounts=(lacks,), acts=acts) for row, count, lacks in rows]


UPKEEP = (
    Listing(
        name="links",
        icon="link",
        title=_l("Broken links"),
        says=_l(
            "Links in published articles that lead nowhere, as the check of last night found them. "
            "Addresses outside the portal are only checked for their spelling."
        ),
        empty=(_l("Every link leads somewhere"), _l("They are checked every night; what breaks will stand here.")),
        sorts={"article": _l("By article"), "reason": _l("By reason"), "newest": _l("Newest first")},
        find=_links,
        lines=_links_lines,
        counted="",
        columns=(_l("Link"), _l("Its words")),
        happened=_l("Found"),
        has_period=False,
    ),
    Listing(
        name="outdated",
        icon="history",
        title=_l("Translations behind their original"),
        says=_l("The original was revised after they were made, or after an editor last found them right."),
        empty=(_l("Every translation is up to date"), _l("When an original is revised, its translations come here.")),
        sorts={"behind": _l("Furthest behind"), "oldest": _l("Longest waiting"), "title": _l("By title")},
        find=_outdated,
        lines=_outdated_lines,
        counted=_l("Revisions behind"),
        columns=(_l("Original"),),
        happened=_l("Original changed"),
        has_period=False,
    ),
    Listing(
        name="missing",
        icon="globe",
        title=_l("Translations that are missing"),
        says=_l("Articles that readers open from searches or rate most, and the languages they are not there in."),
        empty=(_l("Nothing is missing"), _l("What is read most is there in every language of the portal.")),
        sorts={"count": _l("Most read"), "title": _l("By title")},
        find=_missing,
        lines=_missing_lines,
        counted=_l("Opened or rated"),
        columns=(_l("Missing in"),),
        happened=_l("Last changed"),
    ),
)
LISTINGS = {listing.name: listing for listing in (*SEARCHES, *ARTICLES, *UPKEEP)}


def spoken(value: Any) -> str:
    """A cell of an export."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, list):
        return ", ".join(language_name(code) for code in value)
    return "" if value is None else str(value)


def cells(listing: Listing, line: Line) -> Sequence[str]:
    """A line of an export."""
    told = " / ".join(f"{reason}: {comment}" if comment else str(reason) for reason, comment, _ in line.said)
    numbers = " ".join(str(ticket.number) for ticket in line.tickets)
    more = [spoken(amount) for amount in line.amounts]
    values = [line.title, line.lang, line.product, line.count, line.at, *more, line.reason, told, numbers, line.href]
    return [spoken(value) for value in values]


def head(listing: Listing) -> Sequence[str]:
    first = (_l("What"), _l("Language"), _l("Product"), listing.counted or _l("Count"), listing.happened)
    return [str(name) for name in (*first, *listing.columns, _l("Reason"), _l("Said"), _l("Tickets"), _l("Address"))]
