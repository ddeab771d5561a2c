"""What everybody may read: shares and times, and nothing that stands for a few tickets."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.reports.promise_page import FEWEST
from tests.cast import World, subscribe
from tests.reports.rows import kept, late

As = Callable[[str], FlaskClient]
ADDRESS = "/support-policy/report"
SLA = {"plan": "enterprise", "tier": "sla-24x7", "severity": "critical"}


def file(app: Flask, world: World, *, in_time: int, too_late: int) -> None:
    at = utcnow() - timedelta(days=9)
    with app.app_context():
        for _ in range(in_time):
            kept(world, at, after=timedelta(minutes=17), **SLA)
        for _ in range(too_late):
            late(world, at, after=timedelta(minutes=59), **SLA)
        db.session.commit()


def test_visitors_read_what_was_kept(app: Flask, world: World, client: FlaskClient) -> None:
    file(app, world, in_time=FEWEST, too_late=2)
    page = client.get(ADDRESS).get_data(as_text=True)
    assert "83.3%" in page  # 10 of 12
    assert "17 min" in page
    assert "59 min" in page


def test_what_a_few_tickets_would_tell_is_not_said(app: Flask, world: World, client: FlaskClient) -> None:
    file(app, world, in_time=FEWEST - 2, too_late=1)
    page = client.get(ADDRESS).get_data(as_text=True)
    assert "too few" in page
    assert "17 min" not in page
    assert "88.8" not in page


def test_customers_see_which_tier_is_theirs(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        subscribe(world.heron, "enterprise", "sla-24x7")
        db.session.commit()
    assert "is-mine" in as_("customer").get(ADDRESS).get_data(as_text=True)
    assert "is-mine" not in as_("agent").get(ADDRESS).get_data(as_text=True)


def test_the_policy_leads_there(client: FlaskClient) -> None:
    assert f'href="{ADDRESS}"' in client.get("/support-policy").get_data(as_text=True)
