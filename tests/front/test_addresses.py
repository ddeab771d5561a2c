"""Addresses that lead on from a page keep what was asked of it, and take no orders on where to lead."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.search import views
from portal.web import asked_here
from tests.knowledge.conftest import write  # noqa: F401

ORDERS = ("endpoint=x", "_method=POST", "_external=1&_scheme=javascript", "_anchor=x", "_scheme=ftp")


@pytest.mark.parametrize("order", ORDERS)
def test_paging_takes_no_orders_from_the_address(
    client: FlaskClient,
    write: Callable[..., str],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    order: str,
) -> None:
    monkeypatch.setattr(views, "PAGE", 1)
    for slug in ("first", "second", "third"):
        write(slug=slug)
    page = client.get(f"/search?q=harbour&lang=en&{order}")
    links = re.findall(r'href="([^"]*page=2[^"]*)"', page.text)
    assert page.status_code == 200 and links
    assert all(link.startswith("/search?") and "lang=en" in link and "#" not in link for link in links)


def test_what_the_path_names_is_not_overruled(app: Flask) -> None:
    with app.test_request_context("/kb/harbour?slug=other&in=de&endpoint=x&_scheme=ftp&in=nl"):
        assert asked_here() == {"slug": "harbour", "in": "de"}
