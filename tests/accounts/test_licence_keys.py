"""The form of licence keys: random, and a slip is noticed before the database is asked."""

import re

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.accounts.claiming import ALPHABET, check_character, new_key, read_key
from portal.accounts.licences import hash_key
from portal.errors import Refused

BODIES = st.text(ALPHABET, min_size=19, max_size=19)


def test_keys_have_one_form_and_never_repeat() -> None:
    keys = {new_key() for _ in range(2000)}
    assert len(keys) == 2000
    assert all(re.fullmatch(r"FOYER(-[0-9A-HJKMNP-TV-Z]{5}){4}", key) for key in keys)


@given(BODIES, st.integers(0, 19), st.sampled_from(ALPHABET))
@settings(max_examples=300)
def test_one_wrong_character_is_always_noticed(body: str, at: int, wrong: str) -> None:
    whole = body + check_character(body)
    changed = whole[:at] + wrong + whole[at + 1 :]
    assert (check_character(changed[:-1]) == changed[-1]) == (changed == whole)


@given(BODIES)
@settings(max_examples=100)
def test_what_was_made_is_read_back(body: str) -> None:
    key = f"FOYER{body}{check_character(body)}"
    assert read_key(key.lower()) == key
    assert hash_key("-".join(re.findall(".{1,5}", key))) == hash_key(key)


@given(st.text(max_size=200))
@settings(max_examples=300)
def test_no_input_breaks_the_reader(shared_app: Flask, text: str) -> None:
    with shared_app.test_request_context():
        try:
            assert re.fullmatch(r"[0-9A-Z]+", read_key(text))
        except Refused as refusal:
            assert str(refusal)


def test_swapped_neighbours_are_noticed_nearly_always(shared_app: Flask) -> None:
    missed = tried = 0
    with shared_app.test_request_context():
        for _ in range(200):
            key = new_key().replace("-", "")
            for at in range(5, 24):
                swapped = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
                if swapped != key:
                    tried += 1
                    with_slip = True
                    try:
                        read_key(swapped)
                    except Refused:
                        with_slip = False
                    missed += with_slip
    assert missed / tried < 0.01


def test_the_prefix_may_be_typed_with_a_zero(shared_app: Flask) -> None:
    key = new_key()
    with shared_app.test_request_context():
        assert read_key(key.replace("FOYER", "F0YER")) == read_key(key)
        with pytest.raises(Refused):
            read_key("F0YER")
