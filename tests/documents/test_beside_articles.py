"""Manuals where readers look: the help centre, categories, and beside the articles about their product."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

Add = Callable[..., int]
PLACES = ["/kb/", "/kb/category/quays", "/kb/harbour"]


def titles(browser: FlaskClient, path: str) -> list[str]:
    page = browser.get(path).text
    section = re.search(r'<section [^>]*aria-labelledby="manuals">(.*?)</section>', page, re.S)
    return re.findall(r"</svg> ([^<]+)</a>", section[1]) if section else []


@pytest.mark.parametrize("path", PLACES)
def test_they_stand_there_once_newest_version_first(
    add: Add, write: Callable[..., str], client: FlaskClient, path: str
) -> None:
    write(product="beacon", category="quays")
    add(product="beacon", version="4.1", title="Old handbook")
    add(product="beacon", version="4.2", title="New handbook")
    assert titles(client, path) == ["New handbook"]
    add(product="beacon", slug="sheet", title="A sheet", version="4.2")
    assert sorted(titles(client, path)) == ["A sheet", "New handbook"], "what is kept of the page is drawn anew"


@pytest.mark.parametrize("path", PLACES)
def test_nobody_is_shown_what_is_not_meant_for_them(
    add: Add, write: Callable[..., str], client: FlaskClient, as_: Callable[[str], FlaskClient], path: str
) -> None:
    write(product="beacon", category="quays")
    add(product="beacon", visibility="staff", title="Secret handbook")
    add(product="beacon", slug="coming", status="draft", title="Coming")
    add(product="beacon", slug="members", visibility="signed-in", title="For members")
    assert titles(client, path) == []
    assert titles(as_("customer"), path) == ["For members"]
    assert titles(as_("agent"), path) == ["For members", "Secret handbook"] or path == "/kb/"


def test_articles_about_other_products_have_none(add: Add, write: Callable[..., str], client: FlaskClient) -> None:
    write(product="relay", category="quays")
    add(product="beacon")
    assert titles(client, "/kb/harbour") == titles(client, "/kb/category/quays") == []
