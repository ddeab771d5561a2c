"""What people write, as safe HTML: paragraphs, lists, quotes, code and links. Kept raw, rendered when it is read."""

from collections.abc import Sequence
from functools import cache
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

LONGEST = 20_000  # beyond this it is a pasted log: shown as it is
TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "pre", "code", "a"}


@cache
def _markdown() -> MarkdownIt:
    """The little of Markdown that people type without knowing it; headings, pictures and HTML stay text."""
    renderer = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True, "maxNesting": 12})
    renderer.enable("linkify")
    renderer.disable(["heading", "lheading", "hr", "html_block", "html_inline", "image", "reference", "entity"])
    return renderer


def prose(text: str) -> Markup:
    """Safe HTML of a message. Links open nothing but http, https and mailto."""
    if len(text) > LONGEST:
        return Markup('<pre tabindex="0"><code>{}</code></pre>').format(escape(text))
    return Markup(
        nh3.clean(
            _markdown().render(text),
            tags=TAGS,
            attributes={"a": {"href"}, "ol": {"start"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="nofollow noopener ugc",
            set_tag_attribute_values={"pre": {"tabindex": "0"}},  # what scrolls must be reached by the keyboard
        )
    )


def plain(text: str) -> str:
    """The same for mails without HTML: as people write by hand, with addresses beside links and code set off.

    Nobody should have to read marks that were only meant to be drawn.
    """
    return text if len(text) > LONGEST else _Lines().of(_markdown().parse(text))


class _Lines:
    """Writes Markdown's tokens as lines; `margin` stands before each, as many deep as quotes and lists are."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.margin: list[str] = []
        self.mark = ""  # of a list's entry, for its first line
        self.numbers: list[int | None] = []

    def of(self, tokens: Sequence[Token]) -> str:
        for token in tokens:
            if token.type == "inline":
                self.write(inline(token.children or []))
            elif token.type in ("fence", "code_block"):
                self.write("\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n")))
            elif token.type in ("blockquote_open", "list_item_open"):
                self.open(token)
            elif token.type in ("blockquote_close", "list_item_close"):
                self.close()
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                self.numbers.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self.numbers.pop()
                if not self.numbers:
                    self.rest()
            if token.type in ("paragraph_close", "fence", "code_block", "blockquote_close") and not token.hidden:
                self.rest()
        return "\n".join(self.lines).strip("\n")

    def open(self, token: Token) -> None:
        if token.type == "blockquote_open":
            self.margin.append("> ")
            return
        number = self.numbers[-1]
        self.mark = "- " if number is None else f"{number}. "
        if number is not None:
            self.numbers[-1] = number + 1
        self.margin.append(" " * len(self.mark))

    def close(self) -> None:
        while self.lines and not self.lines[-1].strip("> "):  # a part ends with its last words
            self.lines.pop()
        self.margin.pop()

    def write(self, text: str) -> None:
        for line in text.split("\n"):
            before = "".join(self.margin)
            if self.mark:
                before, self.mark = before[: len(before) - len(self.mark)] + self.mark, ""
            self.lines.append(f"{before}{line}".rstrip())

    def rest(self) -> None:
        """One empty line between parts, not two."""
        empty = "".join(self.margin).rstrip()
        if self.lines and self.lines[-1] != empty:
            self.lines.append(empty)


def inline(tokens: Sequence[Token]) -> str:
    """Words without their marks. A link that says something else than its address has that in brackets."""
    written: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            written.append("\n")
        elif token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), len(written)))
        elif token.type == "link_close":
            address, begun = links.pop()
            shown = "".join(written[begun:])
            if shown not in (address, unquote(address), address.partition(":")[2].removeprefix("//")):
                written.append(f" ({address})")
        else:
            written.append(token.content)
    return "".join(written)
