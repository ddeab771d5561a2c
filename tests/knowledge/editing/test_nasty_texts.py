"""Texts that are too much, through the editing form: a clear answer, soon."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from knowledge.articles.rendering import LONGEST, MOST_LINES
from knowledge.articles.revision import Revision
from portal.db import db
from tests.knowledge.editing.test_desk_pages import Open, drafted, filled
from tests.knowledge.test_rendering import NASTY
from tests.pace import SECOND, loops

__all__ = ["drafted"]
TOO_LONG = "The text is longer than 64 KB or 4000 lines. Divide it in two articles."
HTMX = {"HX-Request": "true"}


def largest(name: str) -> str:
    return "\n".join(NASTY[name][: LONGEST - 1].split("\n")[:MOST_LINES])


def cost(send: Callable[[], TestResponse], status: int) -> float:
    """In loops; fails if it is answered with another status."""

    def once() -> None:
        answer = send()
        assert answer.status_code == status, answer.text[:1000]

    return loops(once)


@pytest.mark.parametrize("name", NASTY)
def test_the_worst_text_that_is_taken_is_soon_drawn(as_: Open, drafted: int, name: str) -> None:
    editor = as_("editor")
    fields = filled(editor, drafted, body=largest(name))
    editor.post(f"/kb/desk/{drafted}/preview", data=filled(editor, drafted, body="```python\nx\n```\n```bash\nls\n```"))
    assert cost(lambda: editor.post(f"/kb/desk/{drafted}/preview", data=fields, headers=HTMX), 200) < SECOND


@pytest.mark.parametrize("name", ["brackets", "table", "strings"])
def test_100_kb_are_refused_at_once_and_nothing_typed_is_lost(as_: Open, drafted: int, name: str) -> None:
    editor = as_("editor")
    body = (NASTY[name] * (1 + 100_000 // len(NASTY[name])))[:100_000]
    fields = filled(editor, drafted, body=body)
    assert cost(lambda: editor.post(f"/kb/desk/{drafted}/preview", data=fields, headers=HTMX), 200) < SECOND
    answer = editor.post(f"/kb/desk/{drafted}/publish", data=fields)
    assert answer.status_code == 422 and TOO_LONG in answer.text and escape(body[:200].strip()) in answer.text


@pytest.mark.parametrize(("step", "status"), [("/preview", 200), ("/publish", 422), ("", 422)])
def test_three_megabytes_are_not_saved_and_stay_in_the_field(
    app: Flask, as_: Open, drafted: int, step: str, status: int
) -> None:
    editor = as_("editor")
    fields = filled(editor, drafted, body="a b " * 750_000)
    assert cost(lambda: editor.post(f"/kb/desk/{drafted}{step}", data=fields), status) < 2 * SECOND
    assert "a b a b" in editor.post(f"/kb/desk/{drafted}{step}", data=fields).text
    with app.app_context():
        kept = db.session.get(Revision, drafted)
        assert kept and len(kept.body) < 1000


def test_three_megabytes_of_a_question_are_cut(client: FlaskClient) -> None:
    log = {"text": "Error 0x80070005 at line\n" * 120_000}
    assert cost(lambda: client.post("/search/log", data=log), 200) < 2 * SECOND
