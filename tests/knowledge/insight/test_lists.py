"""The lists of what editors learn from readers."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.articles.article import Article, Vote
from knowledge.articles.revision import Revision
from knowledge.insight.upkeep import LISTINGS
from portal.db import db, utcnow
from tests.knowledge.insight.stories import file

As = Callable[[str], FlaskClient]
Write = Callable[..., str]
Searched = Callable[..., int]
DESK = "/kb/desk/insight"


def heads(page: str) -> list[str]:
    """What the lines are called, in their order."""
    return [re.sub(r"<[^>]+>", "", text).strip() for text in re.findall(r'<th scope="row">\s*<a[^>]*>(.*?)</a>', page)]


def test_searches_that_found_nothing_are_grouped_and_counted(as_: As, searched: Searched) -> None:
    searched("Blue lamp", times=2)
    searched("blue  LAMP")
    searched("red lamp")
    searched("found it", results=3)
    page = as_("editor").get(f"{DESK}/nothing").text
    assert heads(page) == ["blue  LAMP", "red lamp"] or heads(page) == ["Blue lamp", "red lamp"]
    assert re.search(r'class="num" data-label="Searches">3<', page)


def test_the_same_words_in_two_languages_are_two_searches(as_: As, searched: Searched) -> None:
    searched("export")
    searched("export", lang="de")
    editor = as_("editor")
    assert len(heads(editor.get(f"{DESK}/nothing").text)) == 2
    assert len(heads(editor.get(f"{DESK}/nothing?in=de").text)) == 1


def test_a_list_is_narrowed_by_time_and_product(as_: As, searched: Searched) -> None:
    searched("long ago", at=utcnow() - timedelta(days=40))
    searched("of late", product="beacon")
    editor = as_("editor")
    assert heads(editor.get(f"{DESK}/nothing").text) == ["of late"]
    assert len(heads(editor.get(f"{DESK}/nothing?days=90").text)) == 2
    assert heads(editor.get(f"{DESK}/nothing?days=90&product=beacon").text) == ["of late"]


def test_results_that_nobody_opened(as_: As, write: Write, searched: Searched) -> None:
    write()
    searched("closed", results=2)
    searched("opened", results=2, opened="harbour")
    assert heads(as_("editor").get(f"{DESK}/unopened").text) == ["closed"]


def test_searches_that_ended_in_tickets_lead_to_them(app: Flask, as_: As, world: object, searched: Searched) -> None:
    number = file(app, "customer", "It beeps", "All day")
    searched("it beeps", results=1, ticket_number=number)
    assert f'href="/desk/{number}"' in as_("agent").get(f"{DESK}/tickets").text
    page = as_("editor").get(f"{DESK}/tickets")
    assert heads(page.text) == ["it beeps"]
    assert str(number) not in page.text, "who sees no tickets learns of none"
    assert str(number) not in as_("editor").get(f"{DESK}/tickets.csv").text


def test_an_article_that_was_opened_and_no_ticket_came_stopped_one(as_: As, write: Write, searched: Searched) -> None:
    write()
    searched("quay", times=2, results=1, opened="harbour")
    searched("filed", results=1, opened="harbour", ticket_number=12345678)
    searched("just now", results=1, opened="harbour", at=utcnow())  # who knows yet
    page = as_("editor").get(f"{DESK}/stopped").text
    assert heads(page) == ["Harbour lights"]
    assert re.search(r'class="num" data-label="People">2<', page)


def test_complaints_stand_there_until_they_are_dealt_with(app: Flask, as_: As, write: Write) -> None:
    write()
    no = {"helpful": "no", "reason": "unclear", "comment": "Which <b>bulb</b>?"}
    assert app.test_client().post("/kb/harbour/helpful", data=no).status_code == 302
    editor = as_("editor")
    page = editor.get(f"{DESK}/rated").text
    assert "Which &lt;b&gt;bulb&lt;/b&gt;?" in page
    assert "I could not follow it" in page
    with app.app_context():
        article_id = db.session.scalars(select(Article.id)).one()
    assert editor.post(f"{DESK}/rated/{article_id}/dealt").status_code == 302
    assert heads(editor.get(f"{DESK}/rated").text) == []
    assert heads(editor.get(f"{DESK}/rated?put_away=1").text) == ["Harbour lights"]
    with app.app_context():
        assert db.session.scalars(select(Vote.dealt_with_at)).one()


def test_an_article_is_to_be_read_again_until_somebody_says_it_holds(app: Flask, as_: As, write: Write) -> None:
    write()
    with app.app_context():
        article = db.session.scalars(select(Article)).one()
        article.updated_at, article_id = utcnow() - timedelta(days=400), article.id
        db.session.commit()
    editor = as_("editor")
    assert heads(editor.get(f"{DESK}/stale").text) == ["Harbour lights"]
    editor.post(f"{DESK}/stale/{article_id}/holds")
    assert heads(editor.get(f"{DESK}/stale").text) == []
    with app.app_context():
        db.session.get_one(Article, article_id).check_by = utcnow().date() - timedelta(days=1)
        db.session.commit()
    assert heads(editor.get(f"{DESK}/stale").text) == ["Harbour lights"]


def test_a_translation_behind_its_original_and_a_missing_one(
    app: Flask, as_: As, write: Write, searched: Searched
) -> None:
    write()
    write(lang="de", title="Hafenlichter", translation_of="en/harbour")
    searched("quay", results=1, opened="harbour")
    editor = as_("editor")
    assert heads(editor.get(f"{DESK}/outdated").text) == []
    with app.app_context():
        original, translation = db.session.scalars(select(Article).order_by(Article.lang.desc())).all()
        original.revision, translation.translated_revision = 3, 1
        db.session.commit()
    assert heads(editor.get(f"{DESK}/outdated").text) == ["Hafenlichter"]
    missing = editor.get(f"{DESK}/missing").text
    assert heads(missing) == ["Harbour lights"]
    assert "Into Nederlands" in missing
    assert "Into Deutsch" not in missing


def test_what_is_put_away_stays_away_and_can_be_brought_back(as_: As, searched: Searched) -> None:
    searched("asdf")
    editor = as_("editor")
    for _ in range(2):  # a second press does no harm
        assert editor.post(f"{DESK}/nothing/dismiss", data={"key": "asdf", "lang": "en"}).status_code == 302
    assert heads(editor.get(f"{DESK}/nothing").text) == []
    assert heads(editor.get(f"{DESK}/nothing?put_away=1").text) == ["asdf"]
    editor.post(f"{DESK}/nothing/dismiss", data={"key": "asdf", "lang": "en", "undo": "1"})
    assert heads(editor.get(f"{DESK}/nothing").text) == ["asdf"]


def test_an_article_begins_with_the_words_that_were_searched(app: Flask, as_: As, searched: Searched) -> None:
    searched("opc ua bridge", lang="de")
    answer = as_("editor").post(f"{DESK}/write", data={"text": "opc ua bridge", "lang": "de", "product": "relay"})
    with app.app_context():
        revision = db.session.scalars(select(Revision)).one()
        assert (revision.title, revision.article.lang, revision.article.slug) == (
            "Opc ua bridge",
            "de",
            "opc-ua-bridge",
        )
        assert revision.properties["product"] == "relay"
        assert answer.location == f"/kb/desk/{revision.id}"
    again = as_("editor").post(f"{DESK}/write", data={"text": "opc ua bridge", "lang": "de"})
    assert again.status_code == 302, "the address is taken, so another one is chosen"


def test_an_export_holds_no_formulas(as_: As, searched: Searched) -> None:
    searched('=HYPERLINK("http://evil.example")', times=2)
    searched("@sum, with a comma")
    answer = as_("editor").get(f"{DESK}/nothing.csv")
    assert answer.mimetype == "text/csv"
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [line[0] for line in lines[1:]] == ['\'=HYPERLINK("http://evil.example")', "'@sum, with a comma"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", line[4]) for line in lines[1:])


@pytest.mark.parametrize("name", list(LISTINGS))
def test_every_list_is_a_page_and_a_file(name: str, as_: As, world: object) -> None:
    editor = as_("editor")
    for sort in LISTINGS[name].sorts:
        assert editor.get(f"{DESK}/{name}?sort={sort}&in=de&product=beacon&days=7").status_code == 200
    assert 'class="empty"' in editor.get(f"{DESK}/{name}").text
    assert editor.get(f"{DESK}/{name}.csv").status_code == 200
    assert editor.get(f"{DESK}/{name}?days=x&sort=%00&in=%00&page=99&product={'x' * 900}").status_code in (200, 404)


def test_the_lists_are_for_editors_alone(as_: As, client: FlaskClient) -> None:
    for address in (f"{DESK}/", f"{DESK}/nothing", f"{DESK}/nothing.csv", f"{DESK}/synonyms", f"{DESK}/pins.csv"):
        assert as_("owner").get(address).status_code == 404
        assert "/account/sign-in" in client.get(address).location


def test_the_overview_counts_every_list(as_: As, searched: Searched) -> None:
    searched("blue lamp", times=4)
    page = as_("agent").get(f"{DESK}/").text
    assert page.count('class="insight-count') == len(LISTINGS)
    assert "4 times in this period" in page
