"""The check itself: what it raises, and whom it leaves alone."""

import pytest

from knowledge.community.secrets import SecretsFound, check, covered
from portal.web import settings


@pytest.mark.fact("R19")
def test_what_was_found_is_shown_marked(app) -> None:
    with app.test_request_context(), pytest.raises(SecretsFound) as raised:
        check(title="No login", body="My password is Hunter2! and mail mira@tidewater.example.")
    found = raised.value
    assert found.kinds == ["password", "email"]
    assert [part.name for part in found.parts] == ["title", "body"]
    assert [text for text, kind in found.parts[1].pieces if kind] == ["Hunter2!", "mira@tidewater.example"]
    assert "".join(text for text, _kind in found.parts[1].pieces).startswith("My password is Hunter2! and")
    assert "a password, an e-mail address" in str(found)


def test_names_of_pictures_are_looked_at(app) -> None:
    with app.test_request_context(), pytest.raises(SecretsFound) as raised:
        check(body="See the picture.", names=["desk.png", "passwort-Hunter2.png"])
    assert [part.pieces for part in raised.value.parts][-1][1] == ("passwort-Hunter2.png", "password")


def test_an_ordinary_post_passes(app) -> None:
    with app.test_request_context():
        check(title="Where do I reset my password?", body="The button is gone.", names=["Screenshot 1.png"])


def test_the_vendors_own_address_and_number_pass(app) -> None:
    with app.test_request_context():
        check(body=f"Write to {settings().mail_from}.")


def test_what_is_left_of_a_text(app) -> None:
    with app.test_request_context():
        assert covered("password: Hunter2!") == "password: [password]"
