"""The search page, its suggestions, and the same for machines."""

import re
from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.products import Product, Release
from portal.db import db

OPEN = "http://a9.com/-/spec/opensearch/1.1/"
HOSTILE = (
    *("*", "*:*", "rights:staff", "rights:public OR lang:en", "title:(", '"unbalanced', "a AND", "NOT", "((((", "~"),
    *("harbour*", "har?our", "[a TO z]", "{", "\\", "%", "_", "'; DROP TABLE article; --", "\x00", "-" * 300, "^"),
    *("a" * 10_000, "a b " * 3000, "<script>alert(1)</script>", "{{ 7*7 }}", "%00", "\u202e", "🙂", "ß" * 200),
)  # fmt: skip


def test_results_are_grouped_by_article_with_marks(client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="About bulbs.\n\n## Bulbs\n\nChange <b>bulbs</b> here.\n\n## More bulbs\n\nOrder bulbs.")
    page = client.get("/search?q=bulb").text
    assert page.count('class="result"') == 1
    assert "<mark>bulbs</mark>" in page and "&lt;b&gt;" in page
    assert 'href="/kb/harbour#more-bulbs"' in page and 'href="/kb/harbour#bulbs"' in page


def test_languages_and_products_narrow(client: FlaskClient, write: Callable[..., str]) -> None:
    write(product="beacon", body="Signal lamp.")
    write(slug="lampe", lang="de", title="Lampe", body="Signal", product="relay")
    page = client.get("/search?q=signal").text
    assert "language=de" in page and "product=beacon" in page
    narrowed = client.get("/search?q=signal&language=de").text
    assert "/kb/lampe" in narrowed and "/kb/harbour" not in narrowed
    assert "/kb/lampe" not in client.get("/search?q=signal&product=beacon").text


def test_results_are_paged(client: FlaskClient, write: Callable[..., str]) -> None:
    for number in range(12):
        write(slug=f"lamp-{number}", title=f"Lamp {number}")
    assert client.get("/search?q=lamp").text.count('class="result"') == 10
    assert client.get("/search?q=lamp&page=2").text.count('class="result"') == 2
    assert client.get("/search?q=lamp&page=3").status_code == 404


def test_nothing_found_leads_to_a_ticket(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.get("/search?q=xylophone").text
    assert "Nothing found" in page and "/tickets/new?subject=xylophone" in page


def test_a_misspelt_search_runs_the_right_one(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.get("/search?q=harbuor").text
    assert "/kb/harbour" in page and "These are the results for" in page


def test_typing_gets_the_list_alone_and_completes_the_last_word(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    part = client.get("/search?q=harb", headers={"HX-Request": "true"})
    assert "/kb/harbour" in part.text and "<html" not in part.text
    assert "/kb/harbour" in client.get("/search/suggest?q=harb").text
    assert client.get("/search/suggest?q=h").text == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_questions_are_words_or_nothing(client: FlaskClient, write: Callable[..., str], text: str) -> None:
    write(visibility="staff")
    for path in ("/search", "/search/suggest", "/api/search"):
        answer = client.get(path, query_string={"q": text})
        assert answer.status_code == 200
        assert "Harbour lights" not in answer.text and "<script>alert" not in answer.text


def test_the_api_answers_with_ids_as_imported(client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="Lights & lamps.")
    answer = client.get("/api/search?q=lamp&limit=5")
    assert answer.json["total"] == 1
    (result,) = answer.json["results"]
    assert list(result) == ["id", "kind", "score", "snippet", "title", "url"]
    assert (result["id"], result["kind"], result["title"]) == ("en/harbour", "article", "Harbour lights")
    assert result["url"] == "http://127.0.0.1:8000/kb/harbour"
    assert result["snippet"] == "Lights & lamps." and result["score"] > 0


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("0", 1), ("-5", 1), ("x", 3), ("9999999", 3), ("", 3)])
def test_the_api_takes_any_limit(client: FlaskClient, write: Callable[..., str], limit: str, count: int) -> None:
    for number in range(3):
        write(slug=f"lamp-{number}", title=f"Lamp {number}")
    answer = client.get(f"/api/search?q=lamp&limit={limit}").json
    assert len(answer["results"]) == count and answer["total"] == 3


def test_no_question_finds_nothing(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    assert client.get("/api/search").json == {"results": [], "total": 0}
    assert client.get("/search?q=").status_code == 200


def test_searching_has_a_limit(app: object, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    statuses = {client.get("/search/suggest?q=harbour").status_code for _ in range(130)}
    assert statuses == {200, 429}


def test_suggestions_are_options_by_kind_and_lead_to_all(client: FlaskClient, write: Callable[..., str]) -> None:
    write(product="beacon", versions=">=4.0", body="About bulbs.\n\n## Order bulbs\n\nOrder bulbs here.")
    part = client.get("/search/suggest?q=order+bul").text
    assert 'role="group" aria-label="Articles"' in part and part.count('role="option"') == 2
    assert 'href="/kb/harbour#order-bulbs"' in part and "<small>Order bulbs</small>" in part
    assert "4.0 and later" in part and "/search?q=order+bul" in part and 'data-said="1 suggestion' in part


def test_a_suggestion_that_is_nothing_leads_to_help(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    part = client.get("/search/suggest?q=xylophone").text
    assert part.count('role="option"') == 1 and "Nothing found for “xylophone”" in part


def test_facets_count_what_the_other_choices_leave(client: FlaskClient, write: Callable[..., str]) -> None:
    write(slug="a", title="Signal a", product="beacon", versions=">=4.2")
    write(slug="b", title="Signal b", product="beacon", versions=">=3.8")
    write(slug="c", title="Signal c", product="relay")
    write(slug="d", title="Signal d", lang="de", product="beacon", versions=">=4.2")
    page = client.get("/search?q=signal&product=beacon&language=en").text
    assert facet(page, "product") == {"beacon": 2, "relay": 1}
    assert facet(page, "language") == {"en": 2, "de": 1}


def test_a_version_leaves_out_what_is_for_others(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    release(app, "beacon", "4.2.1.0", "4.1.3.0")
    write(slug="a", title="Signal a", product="beacon", versions=">=4.2")
    write(slug="b", title="Signal b", product="beacon", versions="4.1")
    write(slug="c", title="Signal c", product="beacon")
    page = client.get("/search?q=signal&product=beacon").text
    assert facet(page, "version") == {"4.2": 2, "4.1": 2}
    narrowed = client.get("/search?q=signal&product=beacon&version=4.2").text
    assert "/kb/a" in narrowed and "/kb/b" not in narrowed and "/kb/c" in narrowed
    assert narrowed.count("Confirmed for 4.2") == 1


def test_a_chip_takes_its_choice_away_and_keeps_the_others(client: FlaskClient, write: Callable[..., str]) -> None:
    write(product="beacon")
    page = client.get("/search?q=harbour&product=beacon&kind=article").text
    chips = re.findall(r'class="chip" href="([^"]+)"', page)
    assert chips == ["/search?q=harbour&amp;product=beacon", "/search?q=harbour&amp;kind=article"]
    assert 'name="kind" value="article"' in page  # the field keeps them


@pytest.mark.parametrize("name", ["kind", "product", "version", "language"])
@pytest.mark.parametrize("value", ["nonsense", "<b>", "\x00", "'; --", "x" * 5000])
def test_any_narrowing_is_answered(client: FlaskClient, write: Callable[..., str], name: str, value: str) -> None:
    write()
    answer = client.get("/search", query_string={"q": "harbour", name: value})
    assert answer.status_code == 200 and "<b>" not in answer.text


def test_a_page_without_results_helps_on(client: FlaskClient, write: Callable[..., str]) -> None:
    write(category="guides")
    page = client.get("/search?q=xylophone&product=beacon").text
    assert "Search everything instead" in page and "/search/log" in page and "/tickets/new?subject=xylophone" in page
    assert 'href="/kb/category/guides"' in page


def test_result_pages_are_for_readers_alone(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.get("/search?q=harbour&page=1").text
    assert '<meta name="robots" content="noindex">' in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/search">' in page
    assert "<title>harbour · Search · " in page
    typed = client.get("/search?q=harbour", headers={"HX-Request": "true"}).text
    assert "<title>harbour · Search · " in typed


def test_a_log_is_searched_without_standing_in_an_address(client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="BCN-3010 means that the limit is reached.")
    page = client.post("/search/log", data={"text": "2026-01-01 ERROR\n  BCN-3010 refused\n"})
    assert page.status_code == 200 and "/kb/harbour" in page.text and "BCN-3010 refused" in page.text
    assert client.post("/search/log", data={"text": " "}).status_code == 422
    assert client.post("/search/log", data={"text": "x " * 500_000}).status_code == 200


def test_the_log_needs_its_token(client: FlaskClient) -> None:
    assert client.post("/search/log", data={"text": "BCN-3010"}, csrf=False).status_code == 400


def test_browsers_are_offered_the_search(client: FlaskClient) -> None:
    assert 'type="application/opensearchdescription+xml" href="/opensearch.xml"' in client.get("/search").text
    answer = client.get("/opensearch.xml")
    assert answer.mimetype == "application/opensearchdescription+xml"
    urls = {url.get("type"): url.get("template") for url in ElementTree.fromstring(answer.data).iter(f"{{{OPEN}}}Url")}
    assert urls["text/html"] == "http://127.0.0.1:8000/search?q={searchTerms}"


def test_the_api_narrows_as_the_page_does(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    release(app, "beacon", "4.2.1.0")
    write(slug="a", title="Signal a", product="beacon", versions=">=4.2")
    write(slug="b", title="Signal b", product="relay")
    write(slug="c", title="Signal c", lang="de")

    def found(**narrowed: str) -> set[str]:
        answer = client.get("/api/search", query_string={"q": "signal", **narrowed}).json
        assert answer["total"] == len(answer["results"])
        return {result["title"][-1] for result in answer["results"]}

    assert found() == found(kind="article") == {"a", "b", "c"}
    assert found(product="beacon") == {"a"} and found(language="de") == {"c"}
    assert found(product="beacon", version="4.1") == set() and found(product="beacon", version="4.2.1") == {"a"}


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "x"), ("product", "nothing"), ("version", "new"), ("language", "no language")]
)
def test_the_api_says_what_it_does_not_know(client: FlaskClient, name: str, value: str) -> None:
    answer = client.get("/api/search", query_string={"q": "signal", name: value})
    assert answer.status_code == 400 and value in answer.json["error"]["message"]


def facet(page: str, name: str) -> dict[str, int]:
    """The choices of a facet and their counts."""
    block = re.search(rf'aria-labelledby="facet-{name}".*?</nav>', page, re.DOTALL)
    links = re.findall(rf'[?;]{name}=([\w.-]+)[^>]*>.*?<span class="num">(\d+)</span>', block[0] if block else "")
    return {value: int(count) for value, count in links}


def release(app: Flask, slug: str, *versions: str) -> None:
    with app.app_context():
        product = db.session.scalars(select(Product).filter_by(slug=slug)).one_or_none() or Product(
            slug=slug, name=slug
        )
        product.releases = [Release(version=version, released_on=date(2026, 1, 1)) for version in versions]
        db.session.add(product)
        db.session.commit()


def test_a_product_renamed_is_renamed_in_what_was_kept(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    release(app, "beacon", "4.2.1.0")
    write(product="beacon")
    assert "beacon</small>" in client.get("/search/suggest?q=harbour").text.replace("\n", "")
    with app.app_context():
        db.session.scalars(select(Product).filter_by(slug="beacon")).one().name = "Beacon Pro"
        db.session.commit()
    assert "Beacon Pro" in client.get("/search/suggest?q=harbour").text
    assert "Beacon Pro" in client.get("/search?q=harbour").text


def test_a_log_in_the_address_stays_words_in_the_box(client: FlaskClient, write: Callable[..., str]) -> None:
    """A field of one line drops the ends of lines, and so would make one word of two."""
    write()
    page = client.get("/search?q=BCN-2003+mismatch%0Ajava.sql.SQLException:+harbour%0A%09at+Main").text
    assert 'value="BCN-2003 mismatch java.sql.SQLException: harbour at Main"' in page
