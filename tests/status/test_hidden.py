"""Hidden components and the incidents of hidden components alone, in every place that the status page speaks from; and
words that try to be markup, there too."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.audience import open_to
from portal.db import db, utcnow, writing
from portal.jobs import run_due
from portal.mail import Mail
from portal.status import copying, maintenance, reporting
from portal.status.component import Component, ComponentGroup
from portal.status.incident import Incident
from tests import cast
from tests.status.rows import component
from tests.status.telling_rows import subscribers

PLACES = (
    *("/", "/status/", "/status/history", "/status/subscribe", "/kb/", "/account/sign-in", "/search?q=quasar"),
    *("/search/suggest?q=quasar", "/api/search?q=quasar", "/status/badge.svg", "/status/calendar.ics"),
    *("/status/history.atom", "/status/history.rss", "/api/v2/summary.json", "/api/v2/status.json"),
    *("/api/v2/components.json", "/api/v2/incidents.json", "/api/v2/incidents/unresolved.json"),
    *("/api/v2/scheduled-maintenances.json", "/api/v2/scheduled-maintenances/upcoming.json"),
)
MEMBERS = ("customer", "owner", "agent")  # those who are of the organisation, or staff
OTHERS = ("stranger", "reseller", "former")


@pytest.fixture
def hidden(app: Flask, world: cast.World) -> list[str]:
    """Every word that only one organisation may read; what all may read has none of them."""
    now = utcnow()
    with app.app_context(), writing():
        group = ComponentGroup(titles={"en": "Quasars"})
        db.session.add(group)
        shown, vault = component(), component("quasar", visibility=f"org:{world.heron}", group=group)
        staff = component("quasar-desk", visibility="staff", group=group)
        open_to(vault.visibility)
        given: dict[str, Any] = {"by": None, "now": now, "impact": "critical", "body": "The quasar is out."}
        alone = reporting.open_incident(
            title="No quasar", status="investigating", components={vault.id: "major_outage"}, form_key="a", **given
        )
        given |= {"body": "Slow."}
        both = {shown.id: "degraded_performance", vault.id: "major_outage", staff.id: "major_outage"}
        reporting.open_incident(title="Slow", status="investigating", components=both, form_key="b", **given)
        drafted: dict[str, Any] = {**given, "body": "A quasar, drafted."}
        reporting.open_incident(
            title="Quasar draft", status="investigating", components={shown.id: "major_outage"}, form_key="c",
            is_draft=True, **drafted,
        )  # fmt: skip
        over: dict[str, Any] = {**given, "body": "The quasar was out."}
        reporting.open_incident(
            title="Quasar was out", status="resolved", components={vault.id: "operational"}, form_key="d", **over
        )
        starts = now.replace(microsecond=0)
        work = maintenance.schedule(
            title="Work on the quasar", body="New quasar.", starts=starts + timedelta(days=1),
            ends=starts + timedelta(days=1, hours=1), components=[vault.id], by=None, now=now, form_key="e",
        )  # fmt: skip
        subscribers(1)
        db.session.commit()
        return [alone.public_id, work.public_id, vault.public_id, staff.public_id, "quasar"]


def leaks(text: str, words: list[str]) -> list[str]:
    """Which of the words stand in it; what the reader asked for may come back."""
    text = re.sub(r"q=quasar|value=\"quasar\"|[“”\"]quasar[“”\"]|&(?:#34|quot|ldquo);quasar", "", text.lower())
    return [word for word in words if word in text]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_hidden_is_told_to_others(
    place: str, hidden: list[str], client: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    for browser in (client, *(as_(name) for name in OTHERS)):
        answer = browser.get(place)
        found = leaks(answer.text, hidden)
        if place.startswith(("/search", "/api/search")):  # the page says what was asked for
            found = [word for word in found if word != "quasar" or "no quasar" in answer.text.lower()]
        assert answer.status_code in (200, 302, 204) and not found, place


@pytest.mark.parametrize("name", MEMBERS)
def test_those_it_is_meant_for_read_it(name: str, hidden: list[str], as_: Callable[[str], FlaskClient]) -> None:
    page = as_(name).get("/status/").text
    assert "No quasar" in page and "Work on the quasar" in page and "drafted" not in page
    assert "Quasar" in as_(name).get("/status/subscribe").text
    assert as_(name).get(f"/status/incidents/{hidden[0]}").status_code == 200


def test_its_own_addresses_are_none(
    hidden: list[str], app: Flask, client: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    with app.app_context():
        drafts = db.session.scalars(db.select(Incident.public_id).where(Incident.is_draft)).all()
    for browser in (client, *(as_(name) for name in OTHERS)):
        for public_id in (*hidden[:2], *drafts):
            assert browser.get(f"/status/incidents/{public_id}").status_code == 404
            assert browser.get(f"/status/incidents/{public_id.upper()}").status_code == 404
        for slug in ("quasar", "quasar-desk", "QUASAR", "quasar.svg", "nobody"):
            assert browser.get(f"/status/badge/{slug}.svg").status_code == 404
    for name in MEMBERS:  # one picture for everybody, and caches between
        assert as_(name).get("/status/badge/quasar.svg").status_code == 404


def test_the_state_of_what_is_hidden_is_not_told_either(hidden: list[str], client: FlaskClient, app: Flask) -> None:
    """The public part is only slow, the hidden ones are out."""
    assert "Some things are slow" in client.get("/status/").text
    for page in ("/", "/status/"):
        assert "Major outage" not in client.get(page).text
    assert client.get("/api/v2/components.json").get_json()["components"][0]["status"] == "degraded_performance"
    assert len(client.get("/api/v2/components.json").get_json()["components"]) == 1


def test_nothing_hidden_is_in_the_copy_or_in_mails(hidden: list[str], app: Flask) -> None:
    with app.app_context():
        run_due()
        run_due()
        folder = copying.folder_of(app.extensions["settings"])
        written = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
        sent = db.session.scalars(db.select(Mail)).all()
        assert len(written) > 10 and [mail.subject for mail in sent] == ["Incident: Slow"]
        assert not {str(path): found for path, text in written.items() if (found := leaks(text + str(path), hidden))}
        assert not [found for mail in sent if (found := leaks(mail.text + mail.html, hidden))]


def test_a_foreign_component_can_be_chosen_by_nobody(hidden: list[str], app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        number = db.session.scalars(db.select(Component.id).filter_by(slug="quasar")).one()
    fields = {"way": "email", "address": "eve@reader.example", "kinds": ["outage"], "lang": "en", "zone": "UTC"}
    answer = client.post("/status/subscribe", data=fields | {"components": [number]})
    assert answer.status_code == 422 and not leaks(answer.text, hidden[2:])
    assert not leaks(client.get(f"/status/subscribe?component={number}").text, hidden)


# Words that try to be markup ------------------------------------------------------------------------------------------

WORDS = "{{ 7777*7 }}</title></text><script>alert(1)</script><img src=x onerror=a(1)>\"'&\x01\r\nBEGIN:VEVENT\u2028X: y"


class Tags(HTMLParser):
    """Every tag, and every attribute that runs something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name: value or "" for name, value in attrs}
        if tag == "img" or any(name.startswith("on") for name in names):
            self.found.append(f"{tag} {names}")
        if tag == "script" and "src" not in names and names.get("type") != "application/ld+json":
            self.found.append(tag)


@pytest.fixture
def hostile(app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]) -> str:
    """An incident and a component that an administrator and an agent gave these words. Returns its public id."""
    told = {"slug": "odd", "titles-en": WORDS, "descriptions-en": WORDS, "group": "0", "position": "1"}
    made = as_("admin").post(
        "/desk/status/components/new", data=told | {"visibility": "public", "product": "", "is_uptime_shown": "y"}
    )
    assert made.status_code == 302, made.text
    with app.app_context():
        part = db.session.scalars(db.select(Component.id)).one()
    text = {"title": WORDS, "body": WORDS, "impact": "major", "status": "investigating", "form_key": "k" * 22}
    made = as_("agent").post("/desk/status/incidents/new", data=text | {f"state-{part}": "major_outage", "notify": "y"})
    assert made.status_code == 302, made.text
    with app.app_context(), writing():
        subscribers(1)
        found = db.session.scalars(db.select(Incident)).one()
        reporting.add_update(found, status="resolved", body=WORDS, components={}, by=None, now=utcnow(), form_key="k.2")
        reporting.look_back(found, WORDS, by=an_agent(), now=utcnow())
        db.session.commit()
        run_due()
        return found.public_id


def an_agent() -> User:
    return db.session.scalars(db.select(User).filter_by(email=cast.ADDRESSES["agent"])).one()


def test_words_are_words_on_every_page(
    hostile: str, app: Flask, client: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    pages = ["/status/", "/status/history", f"/status/incidents/{hostile}", "/status/subscribe", "/"]
    texts = [client.get(page).text for page in pages]
    desk = as_("admin")
    texts += [desk.get(f"/desk/status/{page}").text for page in ("", f"incidents/{hostile}", "components")]
    with app.app_context():
        folder = copying.folder_of(app.extensions["settings"])
        texts += [path.read_text(encoding="utf-8") for path in folder.rglob("*.html")]
        texts += [mail.html for mail in db.session.scalars(db.select(Mail))]
    assert any("alert(1)" in text for text in texts)
    for text in texts:
        assert not Tags(text).found and "54439" not in text, "no template is made of it"


def test_words_are_words_for_programs(hostile: str, app: Flask, client: FlaskClient) -> None:
    for page in ("/status/badge.svg", "/status/badge/odd.svg", "/status/history.atom", "/status/history.rss"):
        root = ElementTree.fromstring(client.get(page).text)
        assert not [one for one in root.iter() if one.tag.rpartition("}")[2] in ("script", "img")], page
        if "history" in page:  # HTML within, cleaned
            said = [one.text or "" for one in root.iter() if one.tag.rpartition("}")[2] in ("content", "description")]
            assert said and not [found for text in said if (found := Tags(text).found)]
    told = client.get("/api/v2/summary.json")
    assert told.headers["X-Content-Type-Options"] == "nosniff" and told.mimetype == "application/json"
    (one,) = json.loads(client.get("/api/v2/incidents.json").text)["incidents"]
    assert "\n" not in one["name"] and "<script>" in one["name"], "as it is: JSON is no markup"
    calendar = client.get("/status/calendar.ics").text
    assert calendar.splitlines().count("BEGIN:VEVENT") == 0


def test_a_calendar_is_not_broken_by_words(app: Flask, world: cast.World, client: FlaskClient) -> None:
    with app.app_context(), writing():
        part, now = component("odd"), utcnow()
        starts = now + timedelta(days=1)
        maintenance.schedule(
            title=WORDS, body=WORDS, starts=starts, ends=starts + timedelta(hours=1), components=[part.id],
            by=None, now=now, form_key="e",
        )  # fmt: skip
        db.session.commit()
    lines = client.get("/status/calendar.ics").text.splitlines()
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    assert not [line for line in lines if line.startswith("X: ")]


def test_history_leads_to_no_month_that_has_nothing_for_the_reader(
    app: Flask, world: cast.World, client: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    with app.app_context(), writing():
        part, now = component("quasar", visibility="staff"), utcnow()
        told: dict[str, Any] = {"title": "No quasar", "impact": "minor", "body": "Out.", "form_key": "a", "by": None}
        reporting.open_incident(
            **told, status="resolved", components={part.id: "operational"}, now=now, at=now - timedelta(days=70)
        )
        db.session.commit()
    assert 'rel="prev"' not in client.get("/status/history").text
    assert 'rel="prev"' in as_("agent").get("/status/history").text
