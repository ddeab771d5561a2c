from collections.abc import Iterator

import pytest

from portal import fragments
from portal.fragments import forget_fragments, fragment


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    forget_fragments()
    yield
    forget_fragments()


def test_a_piece_is_rendered_once_for_its_key() -> None:
    rendered: list[str] = []

    def render() -> str:
        rendered.append("x")
        return f"<p>{len(rendered)}</p>"

    assert fragment(("a", 1), render) == fragment(("a", 1), render) == "<p>1</p>"
    assert fragment(("a", 2), render) == "<p>2</p>"


def test_an_old_piece_is_rendered_anew() -> None:
    assert fragment("key", lambda: "old", seconds=0) == "old"
    assert fragment("key", lambda: "new") == "new"


def test_the_pieces_together_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MOST_BYTES", 100)
    for n in range(20):
        fragment(n, lambda: "x" * 30)
        fragment(0, lambda: "y" * 30)  # asked for all the time, so it stays
    assert fragments._shelf.bytes <= 100
    assert len(fragments._shelf.pieces) == 3
    assert fragment(0, lambda: "new") != "new"
