"""Which passwords are taken: length and rarity count, composition does not."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import TooManyRequests

from portal.accounts import passwords
from portal.accounts.passwords import (
    DIGEST_BYTES,
    GuardedHashing,
    Passwords,
    common_passwords,
    is_common,
    is_known,
    long_passwords,
    why_refused,
)


@pytest.fixture(autouse=True)
def words(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    "password",
    [
        *("lilac tea on mondays", "Тихая ночь над озером", "春天的早晨我们一起去河边散步看花吧", "a" * 40 + " b c d e"),
        *("qx7!Lm-02Kv#p9Zt", "      blanks   count   too", "trumpet-violin-lamp"),
        "x7 " * 21 + "and one more",
    ],
)
def test_long_and_rare_is_enough(password: str) -> None:
    assert why_refused(password, ["Carla", "carla@heron.example"]) is None


@pytest.mark.parametrize(
    "password",
    [
        *("passwordpassword", "Password1234567", "PASSWORD-PASSWORD", "p a s s w o r d 1 2 3 4 5 6"),
        *("qwertyuiop12345", "qwertyuiopasdfgh", "1q2w3e4r5t6y7u8i", "123456789012345", "987654321987654321"),
        *("aaaaaaaaaaaaaaaa", "abababababababab", "abcdefghijklmnop", "iloveyouiloveyou", "monkeydragon12345"),
        *("correct horse battery staple", "larkspurlarkspurlarkspur", "................"),
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert "tried first" in str(why_refused(password))


@pytest.mark.parametrize(
    "password", ["carla@heron.example", "Carla.Heron.2026", "heronheroncarla1x", "larkspur instruments"]
)
def test_ones_own_name_is_refused(password: str) -> None:
    own = ["Carla", "carla@heron.example", "Larkspur Instruments"]
    assert why_refused(password, own) is not None


@pytest.mark.parametrize("length", [15, 64, 128, 256])
def test_every_length_from_fifteen_on_is_allowed(length: int) -> None:
    password = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(length))
    assert why_refused(password) is None
    assert why_refused(password[:14]) is not None


@pytest.mark.parametrize("password", ["Heckenschere283", "williamtoweloff", "HECKEN schere-283", "asirap.ar2341368"])
def test_what_was_leaked_is_refused_however_long(client: FlaskClient, password: str) -> None:
    asked = {"name": "Nina Berg", "email": "nina@fjord.example", "password": password}
    answer = client.post("/account/register", data=asked)
    assert (answer.status_code, "tried first" in answer.text) == (422, True)


def test_the_long_list_is_there_sorted_and_whole() -> None:
    kept = long_passwords()[:]
    digests = [kept[start : start + DIGEST_BYTES] for start in range(0, len(kept), DIGEST_BYTES)]
    assert len(digests) >= 100_000
    assert digests == sorted(set(digests))
    assert {len(one) for one in digests} == {DIGEST_BYTES}


@pytest.mark.parametrize("password", ["", "\ud800" * 20, "§" * 20, "lilac tea on mondays"])
def test_what_is_not_on_it_is_not_known(password: str) -> None:
    assert not is_known(password)


def test_the_list_is_there() -> None:
    assert len(common_passwords()) > 30_000
    assert {"password", "123456", "qwerty"} <= common_passwords()


@given(st.text(min_size=1, max_size=80))
@settings(max_examples=200)
def test_normalising_is_stable_and_cuts_nothing_off(text: str) -> None:
    keeper = Passwords(None)  # type: ignore[arg-type]
    once = keeper.normalize(text)
    assert keeper.normalize(once) == once
    assert keeper.normalize(text + "!") != once


@given(st.text(max_size=300))
@settings(max_examples=200)
def test_any_text_gets_an_answer(text: str) -> None:
    reason = why_refused(text, ["Carla"])
    assert reason is None or reason
    is_common(text)


class Slow:
    """A hash that takes as long as the test lets it."""

    def __init__(self) -> None:
        self.under_way, self.most, self.gate = 0, 0, threading.Event()

    def verify(self, secret: str, kept: str) -> bool:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.gate.wait(2)
        self.under_way -= 1
        return True


def test_at_most_two_hashes_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, results = Slow(), []
    monkeypatch.setattr(passwords, "HASHING_WAIT_SECONDS", 0.2)
    guarded: Any = GuardedHashing(slow)

    def verify() -> None:
        try:
            results.append(guarded.verify("x", "y"))
        except TooManyRequests:
            results.append("later")

    threads = [threading.Thread(target=verify) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    slow.gate.set()
    for thread in threads:
        thread.join()
    assert slow.most == 2
    assert (results.count(True), results.count("later")) == (2, 6)
