"""The help centre's front page and its categories."""

from collections.abc import Callable

from flask.testing import FlaskClient


def test_an_empty_help_centre_offers_a_ticket(client: FlaskClient) -> None:
    page = client.get("/kb/")
    assert page.status_code == 200 and "No articles yet" in page.text and "/tickets/new" in page.text


def test_categories_show_their_first_articles_and_how_many_there_are(
    client: FlaskClient, write: Callable[..., str]
) -> None:
    for number in range(6):
        write(slug=f"lamp-{number}", title=f"Lamp {number}", category="quays")
    page = client.get("/kb/").text
    assert "All 6 articles" in page and page.count('href="/kb/lamp-') == 4 + 6  # in the category, and lately updated


def test_an_address_is_listed_once_in_the_readers_language(client: FlaskClient, write: Callable[..., str]) -> None:
    write(category="quays")
    write(lang="de", title="Hafenlichter", category="quays", translation_of="en/harbour")
    english = client.get("/kb/category/quays").text
    german = client.get("/kb/category/quays", headers={"Accept-Language": "de"}).text
    assert "Harbour lights" in english and "Hafenlichter" not in english
    assert "Hafenlichter" in german and "Harbour lights" not in german


def test_a_category_is_paged_and_sorted(client: FlaskClient, write: Callable[..., str]) -> None:
    for number in range(31):
        write(slug=f"lamp-{number:02}", title=f"Lamp {number:02}", category="quays")
    first = client.get("/kb/category/quays").text
    assert "Lamp 00" in first and "Lamp 30" not in first and 'rel="next"' in first
    assert "Lamp 30" in client.get("/kb/category/quays?page=2").text
    assert "Lamp 30" in client.get("/kb/category/quays?sort=updated").text


def test_everything_has_a_list_too(client: FlaskClient, write: Callable[..., str]) -> None:
    write(category=None)
    assert "Harbour lights" in client.get("/kb/category/all").text


def test_the_home_page_shows_the_topics(client: FlaskClient, write: Callable[..., str]) -> None:
    write(category="quays")
    assert 'href="/kb/category/quays"' in client.get("/").text
