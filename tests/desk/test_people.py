"""Who answers what and when: everybody keeps their own, admins all."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.policies import the_policy
from portal.tickets.staffing import Station
from tests.cast import World

As = Callable[[str], FlaskClient]


def test_an_agent_keeps_what_they_can_answer(app: Flask, world: World, as_: As) -> None:
    browser, key = as_("agent"), world.ids["agent"]
    with app.app_context():
        policy = the_policy()
        queue, shift = next(iter(policy.queues)), next(iter(policy.calendars))
        skill = next(rule.skills[0] for rule in policy.routing if rule.skills)
    sent = {"shift": shift, "queues": [queue], "languages": ["en", "de"], "skills": [skill], "takes_tickets": "y"}
    assert browser.post(f"/desk/people/{key}", data=sent).status_code == 302
    with app.app_context():
        row = db.session.get_one(Station, key)
        assert (row.queues, row.languages, row.products, row.skills) == ([queue], ["en", "de"], [], [skill])
        assert (row.shift, row.takes_tickets) == (shift, True)
    page = browser.get("/desk/people").text
    assert "German" in page and skill in page
    ticked = re.findall(r"<input[^>]*checked[^>]*>", browser.get(f"/desk/people/{key}").text)
    assert sum('value="de"' in box or 'value="en"' in box for box in ticked) == 2
    assert browser.post(f"/desk/people/{key}", data={"shift": ""}).status_code == 302
    with app.app_context():
        row = db.session.get_one(Station, key)
        assert (row.queues, row.languages, row.shift, row.takes_tickets) == ([], [], None, False)


def test_nobody_keeps_a_colleague_s_but_an_admin(world: World, as_: As) -> None:
    assert as_("agent").get(f"/desk/people/{world.ids['admin']}").status_code == 403
    assert as_("agent").post(f"/desk/people/{world.ids['admin']}", data={"shift": ""}).status_code == 403
    assert as_("admin").post(f"/desk/people/{world.ids['agent']}", data={"shift": ""}).status_code == 302


def test_customers_have_no_place_there(world: World, as_: As) -> None:
    assert as_("customer").get("/desk/people").status_code == 404
    assert as_("admin").get(f"/desk/people/{world.ids['customer']}").status_code == 404
    assert as_("admin").get("/desk/people/99999999999").status_code == 404


def test_what_the_policy_does_not_name_is_refused(app: Flask, world: World, as_: As) -> None:
    key = world.ids["agent"]
    for sent in ({"shift": "night"}, {"shift": "", "queues": ["vip"]}, {"shift": "", "languages": ["xx"]}):
        assert as_("agent").post(f"/desk/people/{key}", data=sent).status_code == 422
    with app.app_context():
        assert db.session.get(Station, key) is None


def test_a_language_tag_of_the_policy_is_written_out(world: World, as_: As) -> None:
    page = as_("agent").get(f"/desk/people/{world.ids['agent']}").text
    assert "Chinese" in page and "Always there" in page
