"""What search engines of the web are told."""

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles import sitemap

Write = Callable[..., str]
BASE = "http://127.0.0.1:8000"


def places(text: str) -> list[str]:
    return [str(node.text) for node in ElementTree.fromstring(text).iter() if node.tag.endswith("}loc")]


def test_it_names_articles_in_their_languages_and_categories(client: FlaskClient, write: Write) -> None:
    write(category="quays")
    write(lang="de", title="Hafenlichter", translation_of="en/harbour", category="quays")
    answer = client.get("/sitemap.xml")
    assert answer.mimetype == "text/xml" and answer.headers["Cache-Control"].startswith("public")
    harbour = f"{BASE}/kb/harbour?lang="
    assert places(answer.text) == [f"{BASE}/kb/", f"{BASE}/kb/category/quays", f"{harbour}en", f"{harbour}de"]
    assert answer.text.count(f'hreflang="de" href="{harbour}de"') == 2 and answer.text.count("<lastmod>2") == 4


@pytest.mark.parametrize(
    "hidden", [{"visibility": "staff"}, {"visibility": "signed-in"}, {"status": "draft"}, {"status": "archived"}]
)
def test_it_names_nothing_hidden_whoever_asks(
    client: FlaskClient, as_: Callable[[str], FlaskClient], write: Write, hidden: dict[str, str]
) -> None:
    write(category="vault", **hidden)
    write(lang="de", slug="open", title="Offen")
    write(slug="open", title="Open", **hidden)
    for browser in (client, as_("agent")):
        text = browser.get("/sitemap.xml").text
        assert places(text) == [f"{BASE}/kb/", f"{BASE}/kb/open?lang=de"] and "hreflang" not in text


def test_an_empty_one_is_valid(client: FlaskClient) -> None:
    assert places(client.get("/sitemap.xml").text) == [f"{BASE}/kb/"]


def test_too_many_make_several_files(client: FlaskClient, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "AT_ONCE", 2)
    for slug in ("a", "b", "c"):
        write(slug=slug, title=slug)
    assert places(client.get("/sitemap.xml").text) == [f"{BASE}/sitemap-1.xml", f"{BASE}/sitemap-2.xml"]
    found = places(client.get("/sitemap-1.xml").text) + places(client.get("/sitemap-2.xml").text)
    assert [place[-1:] for place in found] == ["/", "n", "n", "n"] and f"{BASE}/kb/c?lang=en" in found
    assert client.get("/sitemap-3.xml").status_code == client.get("/sitemap-0.xml").status_code == 404


def test_it_is_sent_again_only_after_a_change(client: FlaskClient, write: Write) -> None:
    write()
    tag = client.get("/sitemap.xml").headers["ETag"]
    assert client.get("/sitemap.xml", headers={"If-None-Match": tag}).status_code == 304
    write(title="Harbour lamps")
    assert client.get("/sitemap.xml", headers={"If-None-Match": tag}).status_code == 200


def test_it_is_packed(client: FlaskClient, write: Write) -> None:
    for number in range(12):
        write(slug=f"a-{number}", title="x")
    answer = client.get("/sitemap.xml", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


def test_robots_are_led_to_it(client: FlaskClient) -> None:
    text = client.get("/robots.txt").text
    assert f"Sitemap: {BASE}/sitemap.xml" in text and "Disallow: /tickets/" in text


def structured(page: str) -> dict[str, dict[str, object]]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    return {node["@type"]: node for node in json.loads(found[1])["@graph"]}


def test_a_page_tells_what_it_is(client: FlaskClient, write: Write) -> None:
    write(category="quays", summary="How they shine.")
    page = client.get("/kb/harbour").text
    parts = structured(page)
    assert parts["TechArticle"]["headline"] == "Harbour lights" and parts["TechArticle"]["inLanguage"] == "en"
    names = [step["name"] for step in parts["BreadcrumbList"]["itemListElement"]]  # type: ignore[attr-defined]
    assert names == ["Help centre", "Quays", "Harbour lights"]
    assert '<meta property="og:description" content="How they shine.">' in page and "noindex" not in page


def test_a_hostile_title_stays_in_its_place(client: FlaskClient, write: Write) -> None:
    title = '</script><script>alert(1)</script> & "quotes" \'\u2028 end'
    write(title=title)
    page = client.get("/kb/harbour").text
    assert "<script>alert" not in page and structured(page)["TechArticle"]["headline"] == title


def test_what_is_not_for_everybody_asks_not_to_be_listed(
    app: Flask, as_: Callable[[str], FlaskClient], write: Write
) -> None:
    write(visibility="signed-in")
    assert '<meta name="robots" content="noindex">' in as_("customer").get("/kb/harbour").text
