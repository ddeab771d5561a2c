"""Markdown to safe HTML, its table of contents, and the plain text of its sections.

Raw HTML is off in the parser, and whatever comes out still passes nh3: hostile Markdown ends as text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nh3
from markdown_it.token import Token
from markupsafe import Markup

from knowledge.articles.markdown import parser, text_of

LONGEST = 64 * 1024
MOST_LINES = 4000

_TAGS = (
    {"p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "s", "a", "code", "pre", "div"}
    | {"blockquote", "table", "thead", "tbody", "tr", "th", "td", "img", "sup", "section", "span", "input"}
    | {"figure", "figcaption", "label"}
)
_ATTRIBUTES = {
    "a": {"href", "title", "rel", "aria-label"},
    "div": {"role", "aria-label"},
    "img": {"src", "alt", "title", "loading"},
    "input": {"type", "disabled", "checked", "aria-label", "name", "data-tab"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "table": {"tabindex"},
}
_SCHEMES = {"http", "https", "mailto"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES | {"*": {"class", "id"}, "label": {"for"}},
    url_schemes=_SCHEMES,
    link_rel=None,
    strip_comments=True,
)
# For texts beside each other: ids may stand on a page only once, and links within a text would lead into the other.
_CLEANER_WITHOUT_IDS = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES | {"*": {"class"}},
    attribute_filter=lambda _tag, name, value: None if name == "href" and value.startswith("#") else value,
    url_schemes=_SCHEMES,
    link_rel=None,
    strip_comments=True,
)


class TooLong(ValueError):
    """The text is over the limits."""


@dataclass(frozen=True)
class Piece:
    """The plain text under one heading; the first has neither anchor nor heading."""

    anchor: str
    heading: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """`toc` holds [level, anchor, text] of the second and third level."""

    html: str
    toc: list[Any]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Block:
    """A paragraph, list, table, heading or the like, by the tag it has in HTML."""

    tag: str
    html: Markup


def render(body: str, labels: Mapping[str, str] | None = None) -> Rendered:
    """Render an article. `labels` are the callouts' names in the article's language. Raises `TooLong`."""
    env = {"labels": labels or {}}
    tokens = _tokens(body, env)
    html = parser().renderer.render(tokens, parser().options, env)
    headings = [index for index, token in enumerate(tokens) if token.level == 0 and "heading" in token.meta]
    toc = [[int(tokens[i].tag[1]), tokens[i].attrGet("id"), tokens[i].meta["heading"]] for i in headings]
    return Rendered(_CLEANER.clean(html), toc, tuple(_pieces(tokens, headings)))


def blocks(body: str, labels: Mapping[str, str] | None = None) -> list[Block]:
    """The text cut into its outermost blocks, without ids and permalinks. Raises `TooLong`."""
    env = {"labels": labels or {}, "is_bare": True}
    tokens, found, start = _tokens(body, env), [], 0
    for index, token in enumerate(tokens):
        is_within_notes = tokens[start].type == "footnote_block_open" and token.type != "footnote_block_close"
        if token.level == 0 and token.nesting <= 0 and not is_within_notes:
            html = parser().renderer.render(tokens[start : index + 1], parser().options, env)
            found.append(Block(tokens[start].tag, Markup(_CLEANER_WITHOUT_IDS.clean(html))))
            start = index + 1
    return found


def _tokens(body: str, env: dict[str, Any]) -> list[Token]:
    if len(body.encode()) > LONGEST:
        raise TooLong(f"the text is longer than {LONGEST // 1024} KB")
    if body.count("\n") > MOST_LINES:
        raise TooLong(f"the text has more than {MOST_LINES} lines")
    return parser().parse(body, env)


def _pieces(tokens: Sequence[Token], headings: Sequence[int]) -> Iterator[Piece]:
    """The plain text, cut at these headings."""
    anchor, heading, start = "", "", 0
    for index in headings:
        yield Piece(anchor, heading, text_of(tokens[start:index]))
        anchor, heading, start = str(tokens[index].attrGet("id")), tokens[index].meta["heading"], index + 3
    yield Piece(anchor, heading, text_of(tokens[start:]))
