"""Where a document, its file and its pages are. Version and language stand as a hyphen where a document has none."""

from typing import Any, Final
from urllib.parse import quote

NONE: Final = "-"


def spelt(part: str) -> str:
    """A version or language as it stands in an address."""
    return part or NONE


def meant(part: str) -> str:
    """The version or language that a part of an address means."""
    return "" if part == NONE else part


def file_url(document: Any) -> str:
    """The path of a document's file; `document` has slug, version, lang and filename."""
    parts = (document.slug, spelt(document.version), spelt(document.lang), document.filename)
    return "/manuals/" + "/".join(quote(part, safe="") for part in parts)


def page_url(document: Any) -> str:
    """The path of this very version and language of a document."""
    return f"/manuals/{quote(document.slug)}?version={quote(spelt(document.version))}&in={quote(spelt(document.lang))}"
