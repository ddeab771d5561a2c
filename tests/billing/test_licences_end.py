"""Licences that run out: their holders hear of it on the days of the setting, once each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.issuing import issue, revoke
from portal.accounts.people import User
from portal.billing.expiring import tell_of_endings
from portal.db import db
from portal.mail import Mail
from tests.billing.rows import an_account
from tests.cast import World

NOW = datetime(2026, 11, 16, 5, 31, tzinfo=UTC)
END = NOW + timedelta(days=40)


@pytest.fixture
def nights(app: Flask, world: World) -> Callable[..., list[int]]:
    def run(*before: int) -> list[int]:
        """How many mails each of these nights writes, so many days before the end."""
        return [tell_of_endings(now=END - timedelta(days=days)) for days in before]

    return run


def sell(world: World, **about: object) -> object:
    product = world.products["relay"]
    return issue(by=None, now=NOW, product_id=product, plan="team", ends_at=END, **about)[0]


def test_each_day_of_the_setting_brings_one_mail(app: Flask, world: World, nights: Callable[..., list[int]]) -> None:
    with app.app_context():
        an_account(world.heron)
        sell(world, organisation_id=world.heron)
        first, second = (int(day) for day in app.extensions["settings"].licence_days)
        assert nights(first + 3, first, first, first - 1, second, second, second - 1) == [0, 1, 0, 0, 1, 0, 0]
        told = db.session.scalars(select(Mail.recipient)).all()
        assert set(told) == {world.email("owner"), world.email("billing")}


def test_a_night_without_a_worker_makes_it_later_and_one(
    app: Flask, world: World, nights: Callable[..., list[int]]
) -> None:
    with app.app_context():
        sell(world, order_email="pat@pier.example")
        assert nights(1, 1) == [1, 0]
        assert db.session.scalars(select(Mail.recipient)).all() == ["pat@pier.example"]


def test_what_is_over_or_revoked_is_not_told_of(app: Flask, world: World, nights: Callable[..., list[int]]) -> None:
    with app.app_context():
        licence = sell(world, order_email="pat@pier.example")
        revoke(licence, reason="x", by=db.session.get_one(User, world.ids["admin"]), now=NOW)  # type: ignore[arg-type]
        sell(world, order_email="pia@pier.example")
        assert nights(0, -1) == [0, 0]
        assert nights(1) == [1]
