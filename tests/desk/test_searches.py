"""Saved searches: views of the queue under a name, one's own or everybody's."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.desk import saved
from portal.desk.saved import SavedSearch
from tests.cast import World

As = Callable[[str], FlaskClient]
VIEW = "?queue=general&whose=mine"


def save(browser: FlaskClient, name: str = "My general ones", view: str = VIEW, **more: str) -> None:
    assert browser.post(f"/desk/searches{view}", data={"name": name, **more}).status_code == 302


def above(page: str) -> str:
    found = re.search(r'<nav class="row-s desk-saved".*?</nav>', page, re.DOTALL)
    assert found
    return found[0]


def test_a_view_is_saved_and_leads_back(agent: FlaskClient) -> None:
    assert "Save this search" in above(agent.get(f"/desk/{VIEW}").text)
    answer = agent.post(f"/desk/searches{VIEW}&page=3&odd=1", data={"name": "My general ones"})
    assert answer.location == "/desk/?whose=mine&queue=general"
    shown = above(agent.get(answer.location).text)
    assert 'href="/desk/?whose=mine&amp;queue=general" aria-current="page">My general ones</a>' in shown
    assert "Save this search" not in shown
    assert "aria-current" not in above(agent.get("/desk/").text)


def test_own_ones_are_nobody_elses(app: Flask, agent: FlaskClient, as_: As) -> None:
    save(agent)
    admin = as_("admin")
    assert "My general ones" not in admin.get("/desk/").text + admin.get("/desk/searches").text
    with app.app_context():
        search_id = db.session.scalars(db.select(SavedSearch.id)).one()
    assert admin.post(f"/desk/searches/{search_id}/remove").status_code == 404


def test_shared_ones_are_there_for_all_and_removed_by_owner_and_admins(app: Flask, agent: FlaskClient, as_: As) -> None:
    admin = as_("admin")
    save(agent, "Of an agent", is_shared="y")
    save(admin, "Of an admin", is_shared="y")
    assert "Of an agent" in above(admin.get("/desk/").text) and "Of an admin" in above(agent.get("/desk/").text)
    with app.app_context():
        ids = {row.name: row.id for row in db.session.scalars(db.select(SavedSearch))}
    assert agent.post(f"/desk/searches/{ids['Of an admin']}/remove").status_code == 403
    for name, browser in (("Of an agent", admin), ("Of an admin", admin)):
        assert browser.post(f"/desk/searches/{ids[name]}/remove").status_code == 302
    assert "Of an" not in above(agent.get("/desk/").text)


@pytest.mark.parametrize(("view", "name"), [("", "All"), (VIEW, ""), (VIEW, "\0"), (VIEW, "x" * 61)])
def test_what_makes_no_sense_is_refused(agent: FlaskClient, view: str, name: str) -> None:
    assert agent.post(f"/desk/searches{view}", data={"name": name}).status_code == 422


def test_one_person_saves_so_many(agent: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    save(agent)
    monkeypatch.setattr(saved, "MOST", 1)
    assert "too many" in agent.post(f"/desk/searches{VIEW}", data={"name": "Another"}).text


def test_a_name_is_text(world: World, agent: FlaskClient) -> None:
    save(agent, "<b>odd</b>")
    assert "<b>odd" not in agent.get("/desk/").text and "&lt;b&gt;odd" in agent.get("/desk/").text


@pytest.mark.parametrize("name", ["customer", "owner", "editor"])
def test_customers_find_none(as_: As, name: str) -> None:
    assert as_(name).get("/desk/searches").status_code == 404
    assert as_(name).post(f"/desk/searches{VIEW}", data={"name": "x"}).status_code == 404
