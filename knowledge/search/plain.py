"""Searching the database itself, for as long as there is no index: slower and duller, but an answer."""

from knowledge.search import words
from knowledge.search.items import Ref, Scope, sources

MOST_WORDS = 6
LOOKED_AT = 300


def find(text: str, scope: Scope) -> list[tuple[float, Ref]]:
    """Items that hold some of the words, best first."""
    wanted = [word for _, _, word in words.spans(text) if len(word) > 2]
    runs = [text[start:end] for start, end in words.cjk_spans(text)]
    wanted = (sorted(set(wanted), key=len, reverse=True) + runs)[:MOST_WORDS]
    if not wanted:
        return []
    found = []
    for kind, source in sources().items():
        if scope.kind in (None, kind):
            for ref, title, body in source.plain(wanted, scope, LOOKED_AT):
                title, body = title.lower(), body.lower()
                found.append((sum(3.0 * (word in title) + 1.0 * (word in body) for word in wanted), ref))
    return sorted(found, key=lambda pair: -pair[0])
