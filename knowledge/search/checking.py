"""Whether the index holds what the database says: looked at each night, and by `python -m portal doctor`."""

from collections import Counter
from typing import NamedTuple

from knowledge.edition import Edition
from knowledge.search.changes import noted_changes
from knowledge.search.cutting import every_item, key_of
from knowledge.search.engine import Unavailable, engine
from knowledge.search.index import ailing
from knowledge.search.items import sources


class Tally(NamedTuple):
    """Of one kind of items: how many the database has, how many of them aren't in the index, and how many of the
    index's aren't in the database, or otherwise."""

    kind: str
    items: int
    missing: int
    stale: int


def tallies() -> list[Tally] | None:
    """What each kind comes to; None when the index can't be read, or was written to meanwhile.

    What waits for the indexer is counted as well, but can't be missing or stale.
    """
    if not Edition.current()[0]:
        return []  # nothing was ever written
    generation, token, waiting = engine().generation(), Edition.current()[0], _waiting()
    try:
        with engine().opened(token) as searcher:
            held = set(searcher.refs())
    except Unavailable:
        return None
    items, missing = Counter[str](), []
    for ref in (item.ref for item in every_item()):
        items[ref.kind] += 1
        if ref in held:
            held.remove(ref)
        else:
            missing.append(ref)
    if engine().generation() != generation:
        return None
    waiting |= _waiting()  # on PostgreSQL some may have come while we read
    lacking = Counter(ref.kind for ref in missing if key_of(ref) not in waiting)
    stale = Counter(ref.kind for ref in held if key_of(ref) not in waiting)
    kinds = sorted({*sources(), *stale})
    return [Tally(kind, items[kind], lacking[kind], stale[kind]) for kind in kinds]


def examine() -> tuple[str, list[Tally]]:
    """(what is wrong with the index, in a few words, or ""; the tallies), with all of it read to the end."""
    if reason := ailing(anew=True):
        return reason, []
    counted = tallies() or []
    wrong = [tally for tally in counted if tally.missing or tally.stale]
    return ", ".join(f"{tally.kind}: {tally.missing} missing, {tally.stale} stale" for tally in wrong), counted


def _waiting() -> set[str]:
    return {f"{kind}:{item_id}" for kind, ids in noted_changes()[1].items() for item_id in ids}
