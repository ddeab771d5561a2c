"""Links in articles that lead nowhere."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.articles.article import Article
from knowledge.insight.links import check_links
from knowledge.insight.tables import BrokenLink
from portal.db import db, utcnow
from portal.jobs import run_due

As = Callable[[str], FlaskClient]
Write = Callable[..., str]


def reasons(app: Flask) -> list[str]:
    with app.test_request_context():
        check_links(now=utcnow())
        db.session.commit()
        return list(db.session.scalars(select(BrokenLink.reason).order_by(BrokenLink.id)))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/kb/quay", ""),
        ("/kb/quay#bulbs", ""),
        ("quay", ""),
        ("#below", ""),
        ("/", ""),
        ("/kb/", ""),
        ("http://127.0.0.1:8000/kb/quay", ""),
        ("https://example.com/whatever?x=1#y", ""),
        ("https://münchen.example/", ""),
        ("mailto:help@example.com", ""),
        ("/kb/nowhere", "no_article"),
        ("/kb/quay#nothing", "no_anchor"),
        ("#nothing", "no_anchor"),
        ("/no/such/page", "no_page"),
        ("/kb/category/none", "no_page"),
        ("/kb/files/abc/plan.png", "no_file"),
        ("/manuals/none", "no_document"),
        ("http://127.0.0.1:8000/kb/nowhere", "no_article"),
        ("https://exa_mple..com/", "misspelt"),
        ("https:///path", "misspelt"),
        ("mailto:nobody", "misspelt"),
        ("/kb/secret", "not_public"),
        ("/kb/old", "archived"),
    ],
)
def test_a_link_leads_somewhere_or_says_why_not(target: str, reason: str, app: Flask, write: Write) -> None:
    write(slug="quay", title="Quay")
    write(slug="secret", title="Secret", visibility="staff")
    write(slug="old", title="Old", status="archived")
    write(body=f"## Below\n\nSee [this]({target}).")
    assert reasons(app) == ([reason] if reason else [])


def test_what_was_mended_is_forgotten(app: Flask, write: Write) -> None:
    write(body="[this](/kb/nowhere) and ![picture](/kb/files/abc/plan.png)")
    assert len(reasons(app)) == 2
    assert len(reasons(app)) == 2, "a second night finds the same two"
    write(body="Nothing.")
    assert reasons(app) == []


def test_an_old_address_still_leads_there(app: Flask, write: Write) -> None:
    from knowledge.articles.revision import OldAddress

    write(slug="quay", title="Quay")
    with app.app_context():
        there = db.session.scalars(select(Article.id)).one()
        db.session.add(OldAddress(slug="pier", article_id=there))
        db.session.commit()
    write(body="[this](/kb/pier#bulbs)")
    assert reasons(app) == []


def test_editors_see_them_and_have_them_checked_anew(app: Flask, as_: As, write: Write) -> None:
    write(body="Read [the plan](/kb/nowhere).")
    editor = as_("editor")
    assert "Every link leads somewhere" in editor.get("/kb/desk/insight/links").text
    assert editor.post("/kb/desk/insight/links/check").status_code == 302
    with app.app_context():
        run_due()
    page = editor.get("/kb/desk/insight/links").text
    assert "/kb/nowhere" in page
    assert "the plan" in page
    assert "There is no such article" in page
