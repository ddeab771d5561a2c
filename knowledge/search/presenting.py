"""What is shown of the things found: read from the database with the reader's rights, words marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from knowledge.search.finding import Found, search
from knowledge.search.items import Shown, sources
from knowledge.search.ranking import Hit
from knowledge.search.snippets import Wanted, mark, matches, snippet
from portal.web import settings

LOOKED_THROUGH = 30  # of what was found, for things of one kind


@dataclass(frozen=True)
class Place:
    """An item of a found thing: a section under its heading, a page."""

    heading: str
    url: str


@dataclass(frozen=True)
class Result:
    """One thing found, as it is shown. `url` is a path of the portal with the anchor of its best item.

    `snippet` and `marked_title` are safe HTML with the words in `<mark>`. `is_covered` says whether it is confirmed
    for the version that was wanted; None where nothing is known.
    """

    id: str
    kind: str
    item_id: int
    lang: str
    url: str
    title: str
    marked_title: Markup
    snippet: Markup
    score: float
    places: tuple[Place, ...]
    product: str | None
    versions: str | None
    is_covered: bool | None
    is_answered: bool
    is_pinned: bool
    status: str
    updated_at: Any


def present(found: Found, hits: Sequence[Hit], person: Any, locale: str) -> list[Result]:
    """Read what is shown from the database: what was withdrawn or isn't this person's any more is left out."""
    by_kind: dict[str, list[Any]] = {}
    for hit in hits:
        by_kind.setdefault(hit.best.kind, []).extend(hit.refs)
    known = sources()
    shown = {kind: known[kind].shown(refs, person, locale) for kind, refs in by_kind.items() if kind in known}
    results = (_result(hit, shown.get(hit.best.kind, {}), found.wanted) for hit in hits)
    return [result for result in results if result is not None]


def _result(hit: Hit, shown: Mapping[tuple[int, int], Shown], wanted: Wanted) -> Result | None:
    ordered = [item for ref in hit.refs if (item := shown.get((ref.item_id, ref.position)))]
    if not ordered:
        return None
    best = ordered[0]
    places = tuple(Place(item.place or item.heading, _url(item)) for item in ordered if item.anchor)
    return Result(
        id=best.id,
        kind=best.ref.kind,
        item_id=best.ref.item_id,
        lang=best.lang,
        url=_url(best),
        title=best.title,
        marked_title=mark(best.title, matches(best.title, best.lang, wanted)),
        snippet=snippet(best.text, best.lang, wanted),
        score=round(hit.score, 4),
        places=places,
        product=best.ref.product,
        versions=best.ref.versions,
        is_covered=hit.is_covered,
        is_answered=best.is_answered,
        is_pinned=hit.is_pinned,
        status=best.status,
        updated_at=best.updated_at,
    )


def _url(item: Shown) -> str:
    return item.url + (f"#{quote(item.anchor, safe='=')}" if item.anchor else "")


def answers(
    text: str,
    person: Any,
    locale: str,
    product: str | None = None,
    version: str | None = None,
    limit: int = 5,
    kind: str | None = None,
) -> list[Result]:
    """Things that may answer a ticket before it is filed, from its subject. `product` (a slug) comes first, and of it
    what is for `version`. Of `kind`, some of the best are among them, and come first."""
    found = search(text, person, locale, prefer=product, version=version, typing=True)
    first = [hit for hit in found.hits[:LOOKED_THROUGH] if hit.best.kind == kind][: limit // 2 + 1]
    rest = [hit for hit in found.hits[:limit] if hit not in first]
    return present(found, [*first, *rest][:limit], person, locale)


def answer(text: str, person: Any, lang: str, limit: int) -> dict[str, Any]:
    """What `/api/search` and `python -m portal search --json` say."""
    found = search(text, person, lang)
    return listed(found, found.hits, person, lang, limit)


def listed(found: Found, hits: Sequence[Hit], person: Any, lang: str, limit: int) -> dict[str, Any]:
    """The same of hits that were narrowed."""
    shown = present(found, hits[:limit], person, lang)
    gone = len(hits[:limit]) - len(shown)  # hidden or withdrawn a moment ago: not counted either
    base = str(settings().base_url).rstrip("/")
    return {
        "results": [
            {
                "id": result.id,
                "url": base + result.url,
                "title": result.title,
                "kind": result.kind,
                "snippet": result.snippet.striptags(),
                "score": result.score,
            }
            for result in shown
        ],
        "total": len(hits) - gone,
    }
