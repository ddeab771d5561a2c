"""The page of a document: which version and language a reader is shown, what is said of it, and to whom."""

import hashlib
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from scripts.manuals import pdf
from tests.documents.conftest import PAGES


def test_the_newest_in_the_readers_language_is_shown(client: FlaskClient, add: Callable[..., int]) -> None:
    add(version="4.2")
    add(version="4.10", filename="ten.pdf")
    add(version="4.9", lang="de", title="Hafenhandbuch", filename="neun.pdf")
    assert "/manuals/harbour/4.10/en/ten.pdf" in client.get("/manuals/harbour").text
    assert '<h1 lang="de">Hafenhandbuch' in client.get("/manuals/harbour?lang=de").text


def test_else_it_is_shown_in_the_language_of_the_site(client: FlaskClient, add: Callable[..., int]) -> None:
    add(version="4.1")
    add(version="4.2", lang="nl", title="Havenboek")
    assert '<h1 lang="en">Harbour handbook' in client.get("/manuals/harbour?lang=ru").text


def test_an_old_version_says_so_and_leads_to_the_new_one(client: FlaskClient, add: Callable[..., int]) -> None:
    add(version="4.1")
    add(version="4.2")
    old = client.get("/manuals/harbour?version=4.1").text
    assert "This is an old version" in old and "/manuals/harbour?version=4.2&amp;in=en" in old
    assert "old version" not in client.get("/manuals/harbour").text


def test_a_newer_version_in_another_language_is_named(client: FlaskClient, add: Callable[..., int]) -> None:
    add(version="4.1", lang="de", title="Hafenhandbuch")
    add(version="4.2")
    page = client.get("/manuals/harbour?lang=de").text
    assert "Hafenhandbuch" in page and "/manuals/harbour?version=4.2&amp;in=en" in page
    assert "Eine neuere Version" in page or "A newer version exists" in page


def test_the_page_names_size_pages_and_checksum(client: FlaskClient, add: Callable[..., int]) -> None:
    add(product="beacon", summary="All about lights.")
    page = client.get("/manuals/harbour").text
    assert hashlib.sha256(pdf(PAGES)).hexdigest() in page and "All about lights." in page
    assert re.search(r"<dt>Pages</dt><dd[^>]*>3</dd>", page)
    assert "Read as text" in page


def test_articles_about_the_product_stand_beside_it(
    client: FlaskClient, add: Callable[..., int], write: Callable[..., str]
) -> None:
    write(product="beacon")
    write(slug="secret", title="Not for you", product="beacon", visibility="staff")
    add(product="beacon")
    page = client.get("/manuals/harbour").text
    assert 'href="/kb/harbour"' in page and "Not for you" not in page


@pytest.mark.parametrize("fields", [{"visibility": "staff"}, {"visibility": "signed-in"}, {"status": "draft"}])
def test_what_is_hidden_is_not_there(client: FlaskClient, add: Callable[..., int], fields: dict[str, str]) -> None:
    add(**fields)
    for path in ("", "/page/2", "/4.2/en/harbour.pdf", "/4.2/en/other.pdf", "?version=4.2"):
        assert client.get(f"/manuals/harbour{path}").status_code == 404
    assert "Harbour" not in client.get("/manuals/").text


def test_a_hidden_version_of_a_public_document_leaves_no_trace(
    as_: Callable[[str], FlaskClient], client: FlaskClient, add: Callable[..., int]
) -> None:
    add(version="4.1")
    add(version="4.2", visibility="staff", filename="coming.pdf")
    add(version="4.3", status="draft", filename="later.pdf")
    for page in (client.get("/manuals/harbour").text, as_("customer").get("/manuals/").text):
        assert "4.2" not in page and "4.3" not in page and "old version" not in page
    assert client.get("/manuals/harbour?version=4.2").status_code == 404
    assert "coming.pdf" in as_("agent").get("/manuals/harbour").text
    assert "Draft" in as_("editor").get("/manuals/harbour?version=4.3").text


def test_an_audience_of_an_organisation_opens_to_its_members(
    as_: Callable[[str], FlaskClient], world: object, add: Callable[..., int]
) -> None:
    add(visibility=f"org:{world.heron}")  # type: ignore[attr-defined]
    assert as_("customer").get("/manuals/harbour").status_code == 200
    assert as_("stranger").get("/manuals/harbour").status_code == 404
    assert as_("former").get("/manuals/harbour/4.2/en/harbour.pdf").status_code == 404


def test_the_list_has_each_document_once_by_product(
    client: FlaskClient, world: object, add: Callable[..., int]
) -> None:
    add(product="beacon", version="4.1")
    add(product="beacon", version="4.2")
    add(product="beacon", version="4.2", lang="de", title="Hafenhandbuch")
    add(slug="tool", title="Tool", kind="download", filename="tool.csv", content=b"a,b\n", version="", lang="")
    page = client.get("/manuals/").text
    assert page.count('href="/manuals/harbour"') == 1 and "Versions 4.2 and 4.1" in page and "Deutsch" in page
    assert page.index(">Beacon<") < page.index("For every product")
    assert "/manuals/tool/-/-/tool.csv" in page and "CSV, 4 bytes" in page


@pytest.mark.parametrize("path", ["%00", "nothing", "harbour?version=%00", "harbour?in=zz", "harbour/page/0"])
def test_odd_addresses_are_not_there(client: FlaskClient, add: Callable[..., int], path: str) -> None:
    add()
    assert client.get(f"/manuals/{path}").status_code == 404
