"""From an item to the words an engine keeps: field by field, words that count more repeated.

Title, heading and tags are repeated in the field of the text, so that one term a word and language is enough: BM25F at
the price of BM25.
"""

from collections.abc import Callable, Iterator, Sequence

from knowledge.search.items import Item, Ref, sources
from knowledge.search.words import CJK, IDENT, WORDS, field_of, identifiers, pairs, plain_words, terms
from portal.audience import PUBLIC

SCHEMA = 3  # grows with every change of the fields, of what is put into them, or of how words are cut
BATCH = 500
# How often the words of the title count in the first item of a thing and in its others; of heading and tags.
TITLE_WEIGHTS, HEADING_WEIGHT, TAG_WEIGHT = (5, 2), 3, 2


def cut(item: Item) -> dict[str, list[str]]:
    """The words of an item by field. Only what is public is ever suggested to anybody."""
    field = field_of(item.ref.lang)
    weighted: list[tuple[str, int]] = [
        (item.title, TITLE_WEIGHTS[0] if item.is_first else TITLE_WEIGHTS[1]),
        (item.heading, HEADING_WEIGHT),
        (" ".join(item.tags), TAG_WEIGHT),
        *((name, 1) for name in item.about),
        (item.text, 1),
    ]
    cutters: tuple[tuple[str, Callable[[str], Sequence[str]]], ...]
    cutters = ((field, lambda text: terms(text, field)), (CJK, pairs), (IDENT, identifiers))
    found = {name: [word for part, weight in weighted for word in cutter(part) * weight] for name, cutter in cutters}
    if item.audience == PUBLIC:
        found[WORDS] = [word for part, _ in weighted for word in plain_words(part)]
    return {name: words for name, words in found.items() if words}


def key_of(ref: Ref) -> str:
    """What all items of one thing have in common in the index."""
    return f"{ref.kind}:{ref.item_id}"


def every_item() -> Iterator[Item]:
    """All items of all sources, read in batches."""
    for kind, source in sources().items():
        yield from items_of(kind, source.ids())


def items_of(kind: str, ids: Sequence[int]) -> Iterator[Item]:
    """The items of these things of one kind."""
    for start in range(0, len(ids), BATCH):
        yield from sources()[kind].items(ids[start : start + BATCH])
