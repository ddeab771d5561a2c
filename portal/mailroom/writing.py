"""The text of a part of a mail, in characters."""

import codecs
import re
from html import unescape
from typing import Any, Final

import nh3

LONGEST_HTML: Final = 100_000
DEEPEST_HTML: Final = 200
LONGEST_TEXT: Final = 2_000_000
# Text encodings by name that are none of a mail's, or cost more than their text is worth.
NO_CHARSETS: Final = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"))
TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
VOID_TAGS: Final = frozenset(("br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr"))
UNREAD_TAGS: Final = frozenset(("script", "style", "title"))
BREAKING_TAGS: Final = frozenset(("br", "hr", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "blockquote"))
KEPT_TAGS: Final = {
    *("p", "br", "div", "span", "a", "pre", "code", "blockquote", "ul", "ol", "li", "hr"),
    *("table", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6"),
}


class NoSuchText(ValueError):
    """The bytes are not in the character set they name."""


def text_of(part: Any) -> str:
    """The decoded text. Raises `NoSuchText` where the charset is a lie that no common program tells."""
    raw: Any = part.get_payload(decode=True)
    raw = (raw or b"")[:LONGEST_TEXT]
    charset = (part.get_content_charset() or "us-ascii").strip().lower()
    unnamed = charset in ("us-ascii", "ascii") and not _is_odd(raw)
    for name in (charset, "utf-8", *(["cp1252"] if unnamed else [])):
        try:
            if _is_of_text(name):
                return bytes(raw).decode(name)
        except (UnicodeError, ValueError, LookupError):
            continue
    raise NoSuchText(charset[:40])


def plain_of(part: Any) -> str:
    """The text of an HTML part. Marks, scripts and everything that could be fetched or run is gone."""
    return plain(text_of(part))


def plain(html: str) -> str:
    """HTML as text: paragraphs, lists and quotations as people type them. What is long or deep loses its shape."""
    if len(html) > LONGEST_HTML or _depth(html) > DEEPEST_HTML:
        return _tidy(stripped(html))
    from markdownify import markdownify

    safe = nh3.clean(
        html,
        tags=KEPT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        clean_content_tags={"script", "style", "head", "title"},
        link_rel=None,
    )
    try:
        return _tidy(
            markdownify(
                safe,
                heading_style="ATX",
                bullets="-",
                escape_asterisks=False,
                escape_underscores=False,
                escape_misc=False,
            )
        )
    except RecursionError:
        return _tidy(stripped(safe))


def stripped(html: str) -> str:
    """The words between the tags, in one pass: no HTML makes it slow."""
    words, skipped = [], ""
    for piece in re.split(r"(<[^<>]*>)", html):
        tag = TAG.match(piece)
        name = tag[2].lower() if tag else ""
        if skipped:
            skipped = "" if tag and tag[1] and name == skipped else skipped
        elif tag and not tag[1] and name in UNREAD_TAGS:
            skipped = name
        elif tag:
            words.append("\n" if name in BREAKING_TAGS else "")
        elif not piece.startswith("<!"):
            words.append(piece)
    return unescape("".join(words))


def _depth(html: str) -> int:
    """How deep the tags may nest. The libraries below take time by the square of it."""
    depth = deepest = 0
    for tag in re.finditer(r"<(/?)([a-z][a-z0-9]*)", html, re.IGNORECASE):
        if tag[2].lower() not in VOID_TAGS:
            depth = max(depth - 1, 0) if tag[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.replace("\xa0", " ").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _is_of_text(name: str) -> bool:
    found = codecs.lookup(name)
    return bool(getattr(found, "_is_text_encoding", True)) and found.name.replace("_", "-") not in NO_CHARSETS


def _is_odd(raw: bytes) -> bool:
    """Bytes that no text has."""
    return any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in raw[:10_000])
