from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.policies import PolicyVersion, keep_policy, policy_at, the_policy
from tests import cast


def test_a_visitor_reads_the_policy_in_force(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        policy = the_policy()
    page = client.get("/support-policy").text
    assert str(policy.name) in page and policy.version in page
    for severity in policy.severities.values():
        assert severity.wording.to("en") in page
    for channel in policy.channels.values():
        assert channel.name.to("en") in page


def test_the_page_speaks_the_readers_language(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        german = the_policy().name.to("de")
    assert german in client.get("/support-policy?lang=de").text


def test_the_readers_own_row_is_marked(app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]) -> None:
    assert "is-mine" not in app.test_client().get("/support-policy").text
    with app.app_context():
        plan = next(plan for plan in the_policy().plans.values() if len(plan.tiers) > 1)
        cast.subscribe(world.heron, plan.id, plan.tiers[1])
        db.session.commit()
    assert "is-mine" in as_("customer").get("/support-policy").text


def test_a_version_stays_readable_after_the_next_one(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        keep_policy()
        kept = db.session.execute(db.select(PolicyVersion)).scalar_one()
        old = kept.text.replace(the_policy().version, "2025.9")
        db.session.add(PolicyVersion(policy_id=kept.policy_id, version="2025.9", text=old))
        db.session.commit()
        policy_id = kept.policy_id
        assert policy_at(policy_id, "2025.9") is not None
    page = client.get(f"/support-policy/{policy_id}/2025.9").text
    assert "no longer in force" in page


def test_an_unknown_version_is_not_there(client: FlaskClient) -> None:
    assert client.get("/support-policy/demo/1066").status_code == 404
    assert client.get("/support-policy/..%2F..%2Fetc/passwd").status_code == 404
