"""The real application on a real database: SQLite, or PostgreSQL with `--database postgresql`."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from portal import create_app
from portal.accounts.people import User
from portal.db import db
from portal.fragments import forget_fragments
from portal.web import limiter
from tests import cast
from tests import postgresql as postgresql_wheel
from tests.billing.burning import burn_the_books


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default=os.environ.get("TEST_DATABASE", "sqlite"))
    parser.addoption("--search-engine", choices=("whoosh", "postgresql"), default="whoosh")


def pytest_configure() -> None:
    """The settings of whoever runs the tests stay outside."""
    for name in [name for name in os.environ if name.startswith("PORTAL_") or name == "DATABASE_URL"]:
        del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browser tests are marked by their folder; the second database repeats only what touches a database."""
    for item in items:
        if (Path(__file__).parent / "browser") in item.path.parents:
            item.add_marker(pytest.mark.browser)
    if config.getoption("--database") == "postgresql":
        again = [item for item in items if "database_url" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in again])
        items[:] = again
    if config.getoption("--search-engine") == "postgresql":
        others = [item for item in items if item.get_closest_marker("whoosh") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in others])
        items[:] = others


class Client(FlaskClient):
    """A browser that carries the CSRF token of its session along, as our forms do. `csrf=False` leaves it out."""

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> Any:
        method = kwargs.get("method", "GET")
        if csrf and method not in ("GET", "HEAD", "OPTIONS"):
            headers = dict(kwargs.get("headers") or {})
            headers.setdefault("X-CSRFToken", self._token())
            kwargs["headers"] = headers
        return super().open(*args, **kwargs)

    def _token(self) -> str:
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        secret = self.application.config["SECRET_KEY"]
        return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgresql_wheel.Server]:
    """A PostgreSQL server of this worker's own, whichever database the rest of the run is on."""
    with postgresql_wheel.running() as server:
        yield server


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.config.getoption("--database") == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('database') / 'portal.db'}"
    server: postgresql_wheel.Server = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="session")
def shared_app(database_url: str, instance: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """One application for the whole run; every test finds its tables empty."""
    app = create_app(
        testing=True,
        instance=instance,
        database_url=database_url,
        secret_key="only-for-the-tests",
        mode="demo",
        search_engine=request.config.getoption("--search-engine"),
        forum_first_posts=0,  # nobody is a newcomer, but where a test says so
        forum_trusted_posts=0,
        forum_form_seconds=0,
    )
    app.test_client_class = Client
    with app.app_context():
        db.create_all()
    empty(app)
    yield app
    with app.app_context():
        db.session.remove()
        db.drop_all()
        db.engine.dispose()


def empty(app: Flask) -> None:
    """Take every row out of every table, and forget what was rendered from them."""
    forget_fragments()
    limiter.reset()
    app.extensions.pop("desk_numbers", None)
    app.extensions.pop("desk_looks", None)
    app.extensions["status_now"] = (float("inf"), "")  # no component: until a test makes one, nobody asks again
    app.extensions["goings_on"] = (float("inf"), ())
    app.extensions["linked"] = {kind: (float("inf"), frozenset()) for kind in ("topics", "tickets")}  # nor of links
    with app.app_context():
        db.session.rollback()
        burn_the_books()
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
        db.session.remove()


@pytest.fixture
def app(shared_app: Flask, instance: Path) -> Iterator[Flask]:
    yield shared_app
    empty(shared_app)
    for mail in (instance / "mail").glob("*"):
        mail.unlink()


@pytest.fixture
def world(app: Flask) -> Iterator[cast.World]:
    """The fixed cast, in the database. Its app context is closed: tests open their own to look at rows."""
    with app.app_context():
        people = cast.gather()
        db.session.commit()
    yield people


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser."""
    return app.test_client()


@pytest.fixture
def as_(app: Flask, world: cast.World) -> Callable[[str], FlaskClient]:
    """`as_("customer")` is a browser in which that member of the cast has signed in."""

    def open_browser(name: str) -> FlaskClient:
        browser = app.test_client()
        answer = browser.post("/account/sign-in", data={"email": world.email(name), "password": cast.PASSWORD})
        assert answer.status_code == 302, answer.text
        return browser

    return open_browser


@pytest.fixture
def person(app: Flask, world: cast.World) -> Callable[[str], User]:
    """`person("agent")` is that member's row; call it inside an app context."""
    return lambda name: db.session.execute(db.select(User).filter_by(email=world.email(name))).scalar_one()
