"""What is meant for certain plans or organisations is read by those alone, and only for as long as they are."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.licences import Subscription
from portal.accounts.people import Membership
from portal.audience import Audience, audience_of, is_audience, open_to
from portal.db import db, utcnow
from portal.policies import the_policy
from tests.cast import World, subscribe

EVERYWHERE = ("/kb/", "/kb/category/all", "/search?q=harbour", "/api/search?q=harbour", "/search/suggest?q=harbour")


def reads(browser: FlaskClient) -> bool:
    """Whether the article is there, everywhere alike."""
    found = {path: "/kb/harbour" in browser.get(path).text for path in EVERYWHERE}
    found["page"] = browser.get("/kb/harbour").status_code == 200
    assert len(set(found.values())) == 1, found
    return found["page"]


@pytest.fixture
def plan(app: Flask) -> str:
    """A plan that nobody has unasked."""
    with app.app_context():
        policy = the_policy()
        return next(plan for plan in policy.plans if plan != policy.policy.free_plan)


def test_two_may_name_the_same_audience_first(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        open_to("org:7")
        monkeypatch.setattr(db.session, "get", lambda *_: None)  # as whoever looked before the other one wrote
        open_to("org:7")
        assert db.session.scalar(db.select(db.func.count()).select_from(Audience)) == 1


def test_a_plans_articles_are_read_by_those_who_have_it(
    app: Flask, world: World, as_: Callable[[str], FlaskClient], write: Callable[..., str], plan: str
) -> None:
    write(visibility=f"plan:{plan}")
    assert [reads(as_(name)) for name in ("stranger", "agent", "editor")] == [False, True, True]
    with app.app_context():
        subscribe(world.elsewhere, plan)
        db.session.commit()
    assert reads(as_("stranger"))
    with app.app_context():
        db.session.execute(db.update(Subscription).values(ends_at=utcnow()))
        db.session.commit()
    assert not reads(as_("stranger"))


def test_an_organisations_articles_end_with_the_membership(
    app: Flask, world: World, as_: Callable[[str], FlaskClient], client: FlaskClient, write: Callable[..., str]
) -> None:
    write(visibility=f"org:{world.heron}")
    assert [reads(as_(name)) for name in ("customer", "stranger")] == [True, False]
    assert not reads(client)
    with app.app_context():
        db.session.execute(
            db.update(Membership).where(Membership.user_id == world.ids["customer"]).values(ended_at=utcnow())
        )
        db.session.commit()
    assert not reads(as_("customer"))


@pytest.mark.parametrize(
    "name", ["", "everyone", "plan:", "org:0", "org:07", "org:2 org:1", "org:1 org:1", "org:1 staff"]
)
def test_an_audience_has_one_spelling(name: str) -> None:
    assert not is_audience(name)


def test_audiences_are_spelt_in_order() -> None:
    assert audience_of(["plan:site", "org:7", "plan:site"]) == "org:7 plan:site"
    assert is_audience("org:7 plan:site")
