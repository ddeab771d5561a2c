import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.db import db
from portal.operating import take_up_policy
from portal.policies import PolicyVersion, changed_silently, keep_policy, policy_at, the_policy
from portal.sla import path_of
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


def test_an_edit_counts_from_the_next_start_and_a_mistake_in_it_breaks_no_page(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(path_of("zoom").read_text(encoding="utf-8"), encoding="utf-8")
    portal = create_app(testing=True, instance=tmp_path, policy="own.toml", secret_key="only-for-the-tests")
    with portal.app_context():
        db.create_all()
        take_up_policy()
        take_up_policy()  # twice is once
        file.write_text("broken", encoding="utf-8")
        assert portal.test_client().get("/support-policy").status_code == 200
        assert (the_policy().version, changed_silently()) == ("2", True)
        assert db.session.scalars(db.select(PolicyVersion.version)).all() == ["2"]
        db.session.remove()
        db.engine.dispose()


def test_a_policy_that_cannot_be_used_is_told_without_a_trace(tmp_path: Path) -> None:
    settings = {**os.environ, "PORTAL_INSTANCE": str(tmp_path), "PORTAL_POLICY": "nowhere.toml"}
    command = [sys.executable, "-m", "portal", "db", "prepare"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "nowhere.toml: can't be read" in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_version_is_not_there(client: FlaskClient) -> None:
    assert client.get("/support-policy/demo/1066").status_code == 404
    assert client.get("/support-policy/..%2F..%2Fetc/passwd").status_code == 404
