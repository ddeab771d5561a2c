"""The queue: what is due first stands first, what burns stands out, and numbers lead to their ticket."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from time_machine import TimeMachineFixture

from portal.chat.chat import Chat
from portal.db import db
from portal.mailroom.received import ReceivedMail
from portal.policies import the_policy
from tests.cast import World
from tests.desk.rows import hence, make_ticket

As = Callable[[str], FlaskClient]


def subjects(page: str) -> list[str]:
    return re.findall(r"data-row>([^<]+)</a>", page)


def line_of(page: str, subject: str) -> str:
    rows = re.findall(r'<tr class="desk-line.*?</tr>', page, re.DOTALL)
    return next(row for row in rows if subject in row)


def test_what_is_due_first_stands_first(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        for subject, hours in (("third", 9), ("first", -1), ("second", 2)):
            make_ticket(world, subject, next_due_at=hence(hours=hours))
        db.session.commit()
    assert subjects(as_("agent").get("/desk/").text) == ["first", "second", "third"]


def test_among_equal_due_times_rank_decides(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        make_ticket(world, "of a starter", next_due_at=hence(hours=4), rank=4)
        make_ticket(world, "of a site", next_due_at=hence(hours=4), rank=1)
        db.session.commit()
    assert subjects(as_("agent").get("/desk/").text) == ["of a site", "of a starter"]


def test_tickets_without_a_due_time_come_last(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        make_ticket(world, "whenever")
        make_ticket(world, "next week", next_due_at=hence(days=7))
        db.session.commit()
    assert subjects(as_("agent").get("/desk/").text) == ["next week", "whenever"]


def test_a_late_ticket_says_so_in_word_and_shape(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        make_ticket(world, "too late", next_due_at=hence(minutes=-90))
        db.session.commit()
    page = as_("agent").get("/desk/").text
    line = line_of(page, "too late")
    assert "is-late" in line and "Late" in line and "#clock-alert" in line and re.search(r"1 h (29|30) min", line)
    assert re.search(r'id="strip-late".*?</svg>1</b>', page, re.DOTALL)


def test_soon_begins_with_the_last_warning_of_the_policy(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        (left,) = [step.left.most for step in the_policy().warnings if "first_response" in step.clock and step.left]
        held = {"plan": "enterprise", "tier": "sla-24x7", "severity": "high"}
        make_ticket(world, "hot", next_due_at=hence(seconds=left - 60), **held)
        make_ticket(world, "warm", next_due_at=hence(seconds=left + 300), **held)
        db.session.commit()
    page = as_("agent").get("/desk/").text
    assert "is-soon" in line_of(page, "hot") and "Soon due" in line_of(page, "hot")
    assert "is-running" in line_of(page, "warm")


@pytest.mark.fact("R9")
@pytest.mark.parametrize("due", [None, hence(hours=4)])
def test_resellers_stand_before_free_accounts(app: Flask, world: World, as_: As, due: datetime | None) -> None:
    with app.app_context():
        policy = the_policy()
        assert policy.resellers and policy.resellers.rank < policy.plans["free"].rank
        make_ticket(world, "free", rank=policy.plans["free"].rank, next_due_at=due)
        reseller = {"organisation_id": world.reseller, "rank": policy.resellers.rank}
        make_ticket(world, "reseller", who="reseller", next_due_at=due, **reseller)
        db.session.commit()
    assert subjects(as_("agent").get("/desk/").text) == ["reseller", "free"]


@pytest.mark.parametrize("words", ["ÜBERLAUF", "überlauf", "насос", "НАСОС"])
def test_words_are_found_in_any_case_of_any_script(app: Flask, world: World, as_: As, words: str) -> None:
    with app.app_context():
        make_ticket(world, "Überlauf, Насос 3", next_due_at=hence(hours=2))
        make_ticket(world, "other", next_due_at=hence(hours=2))
        db.session.commit()
    assert subjects(as_("agent").get("/desk/", query_string={"q": words}).text) == ["Überlauf, Насос 3"]


def test_plenty_of_time_is_quiet(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        make_ticket(world, "calm", next_due_at=hence(days=3), created_at=hence(minutes=-1))
        db.session.commit()
    assert "is-running" in line_of(as_("agent").get("/desk/").text, "calm")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("whose=mine", ["mine"]),
        ("whose=unassigned", ["hot", "nobody's"]),
        ("status=waiting", ["paused"]),
        ("status=resolved", ["done"]),
        ("queue=priority", ["hot"]),
        ("product=beacon", ["nobody's"]),
        ("q=elsewhere", ["nobody's"]),
        ("q=HOT", ["hot"]),
        ("q=100%25", []),
        ("due=late", ["hot"]),
        ("due=hour", ["mine"]),
        ("sort=newest", ["mine", "nobody's", "hot"]),
        ("sort=nonsense&page=x&status=no&whose=%00", ["hot", "mine", "nobody's"]),
    ],
)
def test_the_filters(app: Flask, world: World, as_: As, query: str, expected: list[str]) -> None:
    with app.app_context():
        make_ticket(world, "hot", queue="priority", next_due_at=hence(hours=-1))
        elsewhere = {"organisation_id": world.elsewhere, "product_id": world.products["beacon"]}
        make_ticket(world, "nobody's", who="stranger", next_due_at=hence(days=2), **elsewhere)
        make_ticket(world, "mine", assignee_id=world.ids["agent"], next_due_at=hence(minutes=30))
        make_ticket(world, "paused", status="waiting")
        make_ticket(world, "done", status="resolved")
        make_ticket(world, "over", status="closed")
        db.session.commit()
    page = as_("agent").get(f"/desk/?{query}").text.replace("&#39;", "'")
    assert subjects(page) == expected


def test_tabs_count_what_they_show(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        make_ticket(world, "one")
        make_ticket(world, "two", assignee_id=world.ids["agent"])
        make_ticket(world, "three", status="waiting", assignee_id=world.ids["admin"])
        db.session.commit()
    page = " ".join(as_("agent").get("/desk/").text.split())
    counts = re.findall(r'>([\w\' &#;]+?) <span class="count">(\d+)</span>', page)
    assert [(name.replace("&#39;", "'"), number) for name, number in counts] == [
        ("Everyone's", "2"), ("Unassigned", "1"), ("Mine", "1"), ("Open", "2"), ("Waiting", "1"), ("Resolved", "0"),
    ]  # fmt: skip


@pytest.mark.fact("T12")
@pytest.mark.parametrize("typed", ["{}", "#{}", "  {} ", "{:_}"])
def test_a_number_read_out_leads_to_its_ticket(app: Flask, world: World, as_: As, typed: str) -> None:
    with app.app_context():
        number = make_ticket(world, status="closed").number
        db.session.commit()
    answer = as_("agent").get("/desk/", query_string={"q": typed.format(number).replace("_", " ")})
    assert answer.location == f"/desk/{number}"


def test_a_number_nobody_has_finds_nothing(world: World, as_: As) -> None:
    answer = as_("agent").get("/desk/?q=99999999")
    assert answer.status_code == 200 and "Nothing fits" in answer.text


def test_fifty_to_a_page(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        for n in range(53):
            make_ticket(world, f"number {n:02}", next_due_at=hence(hours=n))
        db.session.commit()
    agent = as_("agent")
    assert len(subjects(agent.get("/desk/").text)) == 50
    assert subjects(agent.get("/desk/?page=2").text) == ["number 50", "number 51", "number 52"]
    behind = agent.get("/desk/?page=9").text  # what was there is worked off: no reason to say that all is clear
    assert subjects(behind) == ["number 50", "number 51", "number 52"]


def test_polling_gets_the_board_alone(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        make_ticket(world, "still here")
        db.session.commit()
    page = as_("agent").get("/desk/", headers={"HX-Request": "true"}).text
    assert subjects(page) == ["still here"] and "<html" not in page and 'hx-trigger="every' in page


def test_it_says_what_else_calls(app: Flask, world: World, as_: As) -> None:
    """Chats for anybody and for oneself, and mail to decide about; the board's renewal tells them too."""
    agent, other = as_("agent"), as_("admin")
    assert "Chats (" not in (page := agent.get("/desk/").text) and "Mail that came in (" not in page
    given = {"rank": 1, "language": "en", "zone": "UTC"}
    with app.app_context():
        db.session.add(Chat(requester_id=world.ids["customer"], **given))
        own = Chat(requester_id=world.ids["stranger"], agent_id=world.ids["agent"], state="open", **given)
        db.session.add(own)
        db.session.add(ReceivedMail(token="t" * 40, size=1, fingerprint="f" * 64, result="quarantine"))
        db.session.commit()
    for headers in ({}, {"HX-Request": "true"}):
        page = agent.get("/desk/", headers=headers).text
        assert "Chats (2)" in page and "Mail that came in (1)" in page
        assert "Chats (1)" in other.get("/desk/", headers=headers).text


def test_more_rows_need_no_more_queries(app: Flask, world: World, as_: As) -> None:
    agent = as_("agent")
    agent.get("/desk/")  # the filter form is kept for a while
    counts = []
    for more in (1, 30):
        with app.app_context():
            for n in range(more):
                make_ticket(world, f"row {n}", next_due_at=hence(hours=n), assignee_id=world.ids["agent"])
            db.session.commit()
            engine = db.engine
        told: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *a, told=told: told.append(a[2]))
        assert agent.get("/desk/").status_code == 200
        counts.append(len(told))
    assert counts[0] == counts[1] <= 8


def test_numbers_are_counted_anew_when_a_ticket_changes_and_as_time_passes(
    app: Flask, world: World, as_: As, time_machine: TimeMachineFixture
) -> None:
    def numbers(browser: FlaskClient) -> tuple[bool, list[str]]:
        told: list[str] = []
        event.listen(engine, "before_cursor_execute", note := lambda *a: told.append(a[2]))
        page = browser.get("/desk/").text
        event.remove(engine, "before_cursor_execute", note)
        late = re.findall(r'id="strip-late".*?</svg>(\d+)</b>', page, re.DOTALL)
        return any("GROUP BY" in query for query in told), late

    with app.app_context():
        ticket = make_ticket(world, "soon late", next_due_at=hence(minutes=1))
        db.session.commit()
        number, engine = ticket.number, db.engine
    time_machine.move_to(hence(), tick=False)
    browser = as_("agent")
    assert numbers(browser) == (True, ["0"])
    assert numbers(browser) == (False, ["0"])
    assert browser.post(f"/desk/{number}/note", data={"body": "Looked at it."}).status_code == 302
    assert numbers(browser) == (True, ["0"])
    time_machine.shift(90)
    assert numbers(browser) == (True, ["1"])


def test_the_board_stands_still_when_told_and_stays_so(world: World, as_: As) -> None:
    """What moves by itself can be paused (WCAG 2.2.2); the browser remembers it, and the view stays the same."""
    browser = as_("agent")
    assert "every 20s" in browser.get("/desk/").text
    answer = browser.post("/desk/renewal?whose=mine&page=x")
    assert answer.status_code == 302 and answer.location == "/desk/?whose=mine"
    for _visit in range(2):
        page = browser.get("/desk/").text
        assert "every " not in page and "Resume the list" in page
    browser.post("/desk/renewal")
    page = browser.get("/desk/").text
    assert "every 20s" in page and "Pause the list" in page
