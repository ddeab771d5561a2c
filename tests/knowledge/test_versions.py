"""Which versions a range holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.versions import covers, numbers, sort_key

VERSIONS = st.lists(st.integers(0, 99999), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@pytest.mark.parametrize(
    ("versions", "version", "answer"),
    [
        ("4.2", "4.2.1", True),
        ("4.2", "4.20", False),
        ("4.x", "4.9", True),
        (">=4.0", "4.2.1.7", True),
        (">=4.0", "3.8", False),
        (">=4.0 <5", "5.0", False),
        (">=4.0, <5", "4.9", True),
        (">=4.0, <5", "5.1", False),
        ("4.0-4.2", "4.2.7", True),
        ("4.0 to 4.2", "4.3", False),
        ("3.8, 4.2", "4.1", False),
        ("3.8, 4.2", "4.2.0.0", True),
        ("<=4.2", "4.2.9", True),
        (">4.2", "4.2.9", False),
        ("^4.1", "4.9", True),
        ("~4.1", "4.2", False),
        ("all of them", "4.2", None),
        ("4.2 (preview)", "4.2", None),
        (None, "4.2", None),
        ("4.2", "latest", None),
    ],
)
def test_ranges_as_editors_write_them(versions: str | None, version: str, answer: bool | None) -> None:
    assert covers(versions, version) is answer


@given(VERSIONS, VERSIONS)
def test_keys_sort_as_numbers_do(one: str, other: str) -> None:
    assert (sort_key(one) < sort_key(other)) == ((numbers(one) or ()) < (numbers(other) or ()))


@given(VERSIONS)
def test_a_version_is_covered_by_itself(version: str) -> None:
    assert covers(version, version) and covers(f">={version}", version) and not covers(f">{version}", version)


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_breaks_it(versions: str, version: str) -> None:
    assert covers(versions, version) in (True, False, None)
