"""The text of a part of a mail, in characters."""

import codecs
import re
from html import unescape
from typing import Any, Final

import nh3

LONGEST_HTML: Final = 1_000_000
LONGEST_TEXT: Final = 2_000_000
# Text encodings by name that are none of a mail's, or cost more than their text is worth.
NO_CHARSETS: Final = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"))
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
    """HTML as text: paragraphs, lists and quotations as people type them."""
    from markdownify import markdownify

    whole = html[:LONGEST_HTML]
    safe = nh3.clean(
        whole,
        tags=KEPT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        clean_content_tags={"script", "style", "head", "title"},
        link_rel=None,
    )
    try:
        text = markdownify(
            re.sub(r"(?:<blockquote>\s*){20,}", "<blockquote>", safe),
            heading_style="ATX",
            bullets="-",
            escape_asterisks=False,
            escape_underscores=False,
            escape_misc=False,
        )
    except RecursionError:
        text = unescape(re.sub(r"<[^<>]*>", " ", safe))
    return re.sub(r"\n{3,}", "\n\n", text.replace("\xa0", " ")).strip()


def _is_of_text(name: str) -> bool:
    found = codecs.lookup(name)
    return bool(getattr(found, "_is_text_encoding", True)) and found.name.replace("_", "-") not in NO_CHARSETS


def _is_odd(raw: bytes) -> bool:
    """Bytes that no text has."""
    return any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in raw[:10_000])
