"""The search page, its suggestions, and the same for machines."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

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
