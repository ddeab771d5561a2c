"""The kinds of things that can be imported, by the name the command line has for them."""

from pathlib import Path

from knowledge.exchange.html_folder import read_html
from knowledge.exchange.intake import Intake
from knowledge.exchange.json_lines import read_lines
from knowledge.exchange.mallard import read_pages
from knowledge.exchange.markdown import read_folder
from knowledge.exchange.stack_exchange import read_posts
from knowledge.exchange.zendesk import read_help_center

KINDS = ("markdown", "html", "jsonl", "mallard", "zendesk", "stackexchange")


def read(kind: str, path: Path, lang: str | None, collection: str, original: str) -> Intake:
    """What this import brings. Raises `NotTaken` when there is nothing of the kind."""
    if kind == "markdown":
        return read_folder(path, lang=lang, collection=collection)
    if kind == "html":
        return read_html(path, lang=lang, collection=collection, original=original)
    if kind == "mallard":
        return read_pages(path, lang=lang or "en", collection=collection, original=original)
    if kind == "zendesk":
        return read_help_center(path, collection=collection)
    if kind == "stackexchange":
        return read_posts(path, lang=lang or "en", collection=collection)
    return read_lines(path, lang=lang, collection=collection)
