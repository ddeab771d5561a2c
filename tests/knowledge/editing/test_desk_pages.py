"""The editors' desk through HTTP: what is typed is kept, steps are taken, others find nothing."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert

from knowledge.articles import editing
from knowledge.articles.article import Article, Category
from knowledge.articles.revision import Revision
from knowledge.articles.writing import publish
from portal.db import db, utcnow
from tests.cast import World
from tests.knowledge.conftest import HARBOUR
from tests.pictures import with_place

Open = Callable[[str], FlaskClient]


@pytest.fixture
def drafted(app: Flask, world: World) -> int:
    """The id of the editor's draft of HARBOUR."""
    with app.app_context():
        from portal.accounts.people import User

        article = publish(HARBOUR, now=utcnow())
        editor = db.session.get(User, world.ids["editor"])
        assert editor
        revision = editing.begin(article, by=editor, now=utcnow())
        db.session.commit()
        return revision.id


def filled(browser: FlaskClient, revision_id: int, **changes: Any) -> dict[str, Any]:
    """The edit page's fields as a browser would send them back."""
    page = browser.get(f"/kb/desk/{revision_id}").text
    hidden = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) for name in ("saved", "page")}
    fields = {name: found[1] for name, found in hidden.items() if found}
    return {**fields, "title": "Harbour lights", "body": "Dark.", "audience": "public", **changes}


def body_of(app: Flask, model: Any = Article) -> str:
    with app.app_context():
        return str(db.session.scalars(db.select(model).order_by(model.id.desc())).first().body)


def test_a_draft_is_saved_and_published(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    fields = filled(editor, drafted, summary="At night.", tags="sea, night", check_by="2027-01-31", is_minor="y")
    assert editor.post(f"/kb/desk/{drafted}", data=fields).status_code == 302
    assert body_of(app) == HARBOUR.body and "At night." in editor.get(f"/kb/desk/{drafted}").text
    assert editor.post(f"/kb/desk/{drafted}/publish", data=filled(editor, drafted)).status_code == 302
    assert body_of(app) == "Dark." and "Dark." in as_("customer").get("/kb/harbour").text


def test_what_is_refused_comes_back_with_all_fields(as_: Open, drafted: int) -> None:
    editor = as_("editor")
    answer = editor.post(
        f"/kb/desk/{drafted}", data=filled(editor, drafted, title="", body="Kept words.", tags="kept-tag")
    )
    assert answer.status_code == 422 and "Kept words." in answer.text and "kept-tag" in answer.text
    answer = editor.post(f"/kb/desk/{drafted}", data=filled(editor, drafted, audience="limited", body="Kept words."))
    assert answer.status_code == 422 and "Choose a plan" in answer.text and "Kept words." in answer.text


def test_a_conflict_shows_both_texts(app: Flask, as_: Open, drafted: int) -> None:
    editor, agent = as_("editor"), as_("agent")
    mine = filled(editor, drafted, body="Mine is this.")
    agent.post(f"/kb/desk/{drafted}", data=filled(agent, drafted, body="Theirs is that."))
    answer = editor.post(f"/kb/desk/{drafted}", data=mine)
    assert answer.status_code == 409
    assert "Mine" in answer.text and "Theirs" in answer.text and body_of(app, Revision) == "Theirs is that."
    seen = re.search(r'name="saved"[^>]*value="(\d+)"', answer.text)
    assert seen and editor.post(f"/kb/desk/{drafted}", data={**mine, "saved": seen[1]}).status_code == 302
    assert body_of(app, Revision) == "Mine is this."


def test_a_page_saves_by_itself_and_does_not_overtake_itself(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    fields = filled(editor, drafted, body="One.")
    answer = editor.post(f"/kb/desk/{drafted}/autosave", data=fields, headers={"HX-Request": "true"})
    assert 'value="2"' in answer.text and body_of(app, Revision) == "One."
    assert editor.post(f"/kb/desk/{drafted}", data={**fields, "body": "Two."}).status_code == 302


def test_a_page_that_could_not_save_by_itself_says_so(app: Flask, as_: Open, drafted: int) -> None:
    """htmx counts a 422 as done."""
    editor = as_("editor")
    fields = filled(editor, drafted, audience="limited")
    answer = editor.post(f"/kb/desk/{drafted}/autosave", data=fields, headers={"HX-Request": "true"})
    assert answer.status_code == 409 and body_of(app, Revision) == HARBOUR.body


def test_the_preview_is_a_piece_for_htmx_and_a_page_without(as_: Open, drafted: int) -> None:
    editor = as_("editor")
    fields = filled(editor, drafted, body="## Lamps\n\n*red* <script>", title="Typed title")
    piece = editor.post(f"/kb/desk/{drafted}/preview", data=fields, headers={"HX-Request": "true"}).text
    assert "<em>red</em>" in piece and "<script" not in piece and "id=" not in piece
    page = editor.post(f"/kb/desk/{drafted}/preview", data=fields).text
    assert "<em>red</em>" in page and "Typed title" in page


def test_plans_and_organisations_are_chosen_by_name(app: Flask, as_: Open, world: World, drafted: int) -> None:
    editor = as_("editor")
    found = editor.get("/kb/desk/organisations?organisation_query=heron").text
    assert "Heron Marine" in found and "Elsewhere" not in found
    fields = filled(editor, drafted, audience="limited", plans="business", organisations=world.heron)
    assert editor.post(f"/kb/desk/{drafted}/publish", data=fields).status_code == 302
    with app.app_context():
        assert db.session.scalars(db.select(Article.visibility)).one() == f"org:{world.heron} plan:business"
    assert as_("customer").get("/kb/harbour").status_code == 200
    assert as_("stranger").get("/kb/harbour").status_code == 404


def test_a_review_goes_there_and_back(as_: Open, world: World, drafted: int) -> None:
    editor, agent = as_("editor"), as_("agent")
    fields = filled(editor, drafted, reviewer=world.ids["agent"], review_due="2027-01-31", remark="Right?")
    assert editor.post(f"/kb/desk/{drafted}/send", data=fields).status_code == 302
    assert "Harbour lights" in agent.get("/kb/desk/?show=review").text
    assert "Right?" in agent.get(f"/kb/desk/{drafted}").text
    assert agent.post(f"/kb/desk/{drafted}/send-back", data={"remark": ""}).status_code == 422
    assert agent.post(f"/kb/desk/{drafted}/send-back", data={"remark": "Which lamp?"}).status_code == 302
    assert "Which lamp?" in editor.get(f"/kb/desk/{drafted}").text
    editor.post(f"/kb/desk/{drafted}/send", data=filled(editor, drafted, reviewer=world.ids["agent"]))
    assert agent.post(f"/kb/desk/{drafted}/approve").status_code == 302
    assert agent.post(f"/kb/desk/{drafted}/publish").status_code == 302


def test_a_time_is_in_the_editors_zone(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    at = (utcnow() + timedelta(days=40)).strftime("%Y-%m-%dT12:00")
    assert editor.post(f"/kb/desk/{drafted}/schedule", data=filled(editor, drafted, publish_at=at)).status_code == 302
    with app.app_context():
        row = db.session.get(Revision, drafted)
        assert row and row.publish_at and row.publish_at.hour in (10, 11)  # noon in Amsterdam
    assert "12:00" in editor.get("/kb/desk/?show=scheduled").text
    assert editor.post(f"/kb/desk/{drafted}/schedule", data={"publish_at": "yesterday"}).status_code == 422


def test_history_compares_and_restores(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    editor.post(f"/kb/desk/{drafted}/publish", data=filled(editor, drafted, body="Lights at the pier."))
    with app.app_context():
        article_id = db.session.scalars(db.select(Article.id)).one()
        first = db.session.scalars(db.select(Revision.id).filter_by(number=1)).one()
    page = editor.get(f"/kb/desk/article/{article_id}/compare?left=1&right=2").text
    assert "<del>quay</del>" in page and "<ins>pier</ins>" in page
    assert editor.get(f"/kb/desk/article/{article_id}/compare?left=1&right=99").status_code == 404
    assert editor.post(f"/kb/desk/{first}/restore").status_code == 302
    assert body_of(app, Revision) == HARBOUR.body and body_of(app) == "Lights at the pier."


def test_what_changed_beside_the_text_is_said_in_words(
    app: Flask, as_: Open, world: World, person: Callable[[str], Any], drafted: int
) -> None:
    editor = as_("editor")
    fields = {"tags": "lamp, quay", "product": "beacon", "versions": ">=4.0", "check_by": "2027-03-01"}
    fields |= {"audience": "limited", "plans": ["business"], "organisations": [str(world.heron)]}
    editor.post(f"/kb/desk/{drafted}/send", data=filled(editor, drafted, **fields))
    page = editor.get(f"/kb/desk/{drafted}").text
    told = re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', page)
    rows = {name: re.sub(r"<[^>]+>", "", row) for name, row in told}
    assert rows["Tags"] == "–lamp, quay" and rows["Versions"] == "All versions4.0 and later"
    assert rows["Who may read it"] == "EverybodyBusiness, Heron Marine"
    assert rows["Product"].startswith("All products") and "2027" in rows["Check again by"]
    assert not {"Title", "Category or section", "Translated by a machine"} & set(rows)
    editor.post(f"/kb/desk/{drafted}/publish", data={})
    with app.app_context():
        article_id = db.session.scalars(db.select(Article.id)).one()
    compared = editor.get(f"/kb/desk/article/{article_id}/compare?left=1&right=2").text
    assert "<ins>lamp, quay</ins>" in compared and "<del>Everybody</del>" in compared


@pytest.mark.parametrize(
    "path",
    [
        *("/kb/desk/", "/kb/desk/articles", "/kb/desk/categories", "/kb/desk/documents/", "/kb/desk/insight/"),
        *("/kb/desk/insight/nothing", "/kb/desk/insight/rated", "/kb/desk/insight/links", "/kb/desk/insight/stale"),
        *("/kb/desk/insight/synonyms", "/kb/desk/insight/pins"),
    ],
)
def test_every_list_leads_to_all_others(as_: Open, path: str) -> None:
    page = as_("editor").get(path).text
    [tabs] = re.findall(r'<nav class="tabs" aria-label="Editors[^"]+desk">(.*?)</nav>', page, re.S)
    there = re.findall(r'href="([^"]+)"', tabs)
    assert there == [f"/kb/desk/{name}" for name in ("", "articles", "categories", "documents/", "insight/")]
    assert tabs.count('aria-current="page"') == 1


def test_a_translation_is_written_beside_its_original(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    with app.app_context():
        article_id = db.session.scalars(db.select(Article.id)).one()
    begun = editor.post(f"/kb/desk/article/{article_id}/translate", data={"lang": "de"})
    page = editor.get(begun.location).text
    assert "Original: English" in page and "Lights at the quay." in page
    assert editor.post(f"/kb/desk/article/{article_id}/translate", data={"lang": "de"}).status_code == 422
    fields = {**filled(editor, int(begun.location.rpartition("/")[2])), "original_revision": "1"}
    assert editor.post(f"{begun.location}/publish", data=fields).status_code == 302
    editor.post(f"/kb/desk/{drafted}/publish", data=filled(editor, drafted))
    with app.app_context():
        german = db.session.scalars(db.select(Article.id).filter_by(lang="de")).one()
    again = editor.post(f"/kb/desk/article/{german}/begin").location
    assert "The original changed since" in editor.get(again).text
    number = int(again.rpartition("/")[2])
    current = {**filled(editor, number), "is_current": "y", "original_revision": "2"}
    assert editor.post(again, data=current).status_code == 302
    assert "The original changed since" not in editor.get(again).text


def test_an_address_moves_and_leads_on(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    with app.app_context():
        article_id = db.session.scalars(db.select(Article.id)).one()
    answer = editor.post(f"/kb/desk/article/{article_id}/move", data={"slug": "Über uns"})
    assert answer.status_code == 422 and "Über uns" in answer.text
    assert editor.post(f"/kb/desk/article/{article_id}/move", data={"slug": "quay"}).status_code == 302
    assert as_("customer").get("/kb/harbour").location == "/kb/quay"
    editor.post(f"/kb/desk/article/{article_id}/archive")
    assert as_("customer").get("/kb/quay").status_code == 410
    editor.post(f"/kb/desk/article/{article_id}/unarchive")
    assert as_("customer").get("/kb/quay").status_code == 200


def test_a_new_article_gets_an_address_from_its_title(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    assert editor.post("/kb/desk/new", data={"title": "", "lang": "en"}).status_code == 422
    taken = editor.post("/kb/desk/new", data={"title": "Kept title", "slug": "harbour", "lang": "en"})
    assert taken.status_code == 422 and "Kept title" in taken.text
    assert editor.post("/kb/desk/new", data={"title": "Über Häfen", "lang": "de"}).status_code == 302
    with app.app_context():
        assert db.session.scalars(db.select(Article.slug).filter_by(lang="de")).one() == "uber-hafen"


def test_pictures_are_shown_to_those_who_may_read_the_article(app: Flask, as_: Open, drafted: int) -> None:
    editor = as_("editor")
    files = [(io.BytesIO(with_place("PNG")), "lamp one.png"), (io.BytesIO(b"<svg onload=alert(1)>"), "evil.svg")]
    piece = editor.post(f"/kb/desk/{drafted}/files", data={"files": files}, headers={"HX-Request": "true"}).text
    assert "evil.svg: this kind of file is not taken" in piece
    address = re.search(r'href="(/kb/files/[^"]+)"', piece)
    assert address
    answer = as_("customer").get(address[1])
    assert answer.status_code == 200 and answer.mimetype == "image/png" and b"Larkspur" not in answer.data
    assert (
        answer.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer.headers["Content-Security-Policy"]
    )
    answer.close()
    assert as_("customer").get(address[1].replace("lamp", "page")).status_code == 404
    fields = filled(editor, drafted, audience="staff", body=f"![Lamp]({address[1]})")
    editor.post(f"/kb/desk/{drafted}/publish", data=fields)
    assert as_("customer").get(address[1]).status_code == 404
    with editor.get(address[1]) as seen:
        assert seen.status_code == 200


def test_a_file_is_offered_and_removed(as_: Open, drafted: int) -> None:
    editor = as_("editor")
    page = editor.post(
        f"/kb/desk/{drafted}/files",
        data={**filled(editor, drafted, body="Typed."), "files": (io.BytesIO(b"a,b\n"), "sizes.csv")},
    ).text
    assert "Typed." in page and "Offered as a download" in page
    place = re.search(rf'formaction="(/kb/desk/{drafted}/files/[^/]+)/remove"', page)
    assert place
    assert "Offered as" not in editor.post(f"{place[1]}/listed", headers={"HX-Request": "true"}).text
    for _click in range(2):  # the second finds it gone
        answer = editor.post(f"{place[1]}/remove", headers={"HX-Request": "true"})
        assert answer.status_code == 200 and "sizes.csv" not in answer.text


def test_of_two_editors_who_take_one_address_the_second_is_told(app: Flask, as_: Open) -> None:
    fields = {"slug": "ports", "position": "2", "icon": "globe", "titles-en": "Ports"}

    def take_it_first(session: Any, *_: Any) -> None:
        other = {"slug": "ports", "position": 0, "icon": "globe", "titles": {"en": "Theirs"}, "descriptions": {}}
        if any(isinstance(new, Category) for new in session.new):
            session.execute(insert(Category.__table__), other)

    editor = as_("editor")
    event.listen(db.session, "before_flush", take_it_first)
    try:
        refused = editor.post("/kb/desk/categories/new", data=fields)
    finally:
        event.remove(db.session, "before_flush", take_it_first)
    assert refused.status_code == 422 and "There is a category" in refused.text and "Ports" in refused.text


def test_categories_have_sections_and_titles_by_language(app: Flask, as_: Open) -> None:
    editor = as_("editor")
    fields = {"slug": "ports", "position": "2", "icon": "globe", "titles-en": "Ports", "titles-de": "Häfen"}
    assert editor.post("/kb/desk/categories/new", data=fields).status_code == 302
    with app.app_context():
        row = db.session.scalars(db.select(Category)).one()
        top, titles = row.id, row.titles
    assert titles == {"en": "Ports", "de": "Häfen"}
    section = {**fields, "slug": "piers", "parent": str(top)}
    assert editor.post("/kb/desk/categories/new", data=section).status_code == 302
    assert editor.post(f"/kb/desk/categories/{top}/remove").status_code == 422
    refused = editor.post("/kb/desk/categories/new", data={**fields, "titles-en": "Kept name"})
    assert refused.status_code == 422 and "Kept name" in refused.text
    assert "Ports" in editor.get("/kb/desk/categories").text


@pytest.mark.parametrize("show", ["mine", "review", "due", "scheduled", "published", "all"])
def test_every_list_has_words_for_nothing(as_: Open, show: str) -> None:
    page = as_("editor").get(f"/kb/desk/?show={show}")
    assert page.status_code == 200 and 'class="empty"' in page.text


def test_the_lists_are_narrowed(as_: Open, drafted: int) -> None:
    editor = as_("editor")
    assert "Harbour lights" in editor.get("/kb/desk/?q=harb").text
    assert "Nothing fits" in editor.get("/kb/desk/?q=100%").text
    assert "Harbour lights" in editor.get("/kb/desk/articles?status=published&lang=en").text
    assert "No article fits" in editor.get("/kb/desk/articles?status=archived").text


@pytest.mark.parametrize("who", ["customer", "owner", "reseller"])
def test_others_find_no_desk(as_: Open, drafted: int, who: str) -> None:
    browser = as_(who)
    for address in ("/kb/desk/", "/kb/desk/new", f"/kb/desk/{drafted}", "/kb/desk/categories"):
        assert browser.get(address).status_code == 404
    assert browser.post(f"/kb/desk/{drafted}/publish").status_code == 404
