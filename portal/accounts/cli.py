"""Accounts from the command line. Passwords come from a prompt or standard input, never from the arguments."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.accounts.passwords import why_refused
from portal.accounts.people import User
from portal.audit import note_account
from portal.db import db, utcnow, writing

ROLES = ("agent", "editor", "moderator", "accountant", "admin")


@click.group("user")
def user() -> None:
    """Accounts and their roles."""


@user.command()
@click.argument("email")
@click.option("--name", default="", help="The person's name.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="A role at the vendor; may be repeated.")
@click.option("--unconfirmed", is_flag=True, help="Leave the address to be confirmed by mail.")
@with_appcontext
def create(email: str, name: str, roles: tuple[str, ...], unconfirmed: bool) -> None:
    """Make an account. The password is asked for, or read as one line from standard input."""
    address = normal(email)
    password = ask_password(name, address)
    store = datastore()
    with changing():
        if find(address):
            raise click.ClickException(f"{address} has an account already")
        store.create_user(
            email=address,
            password=hashed(password),
            name=" ".join(name.split()),
            active=True,
            confirmed_at=None if unconfirmed else utcnow(),
            roles=[store.find_or_create_role(role) for role in roles],
        )
    click.echo(f"{address} can sign in.")


@user.command("list")
@click.option("--role", type=click.Choice(ROLES), help="Only those with this role.")
@with_appcontext
def list_(role: str | None) -> None:
    """The accounts: address, name, state, roles."""
    people = select(User).options(selectinload(User.roles)).order_by(User.email)
    for person in db.session.scalars(people):
        roles = sorted(one.name for one in person.roles)
        if role is None or role in roles:
            state = "closed" if not person.active else "confirmed" if person.confirmed_at else "unconfirmed"
            click.echo("\t".join([person.email, person.name or "-", state, ",".join(roles) or "-"]))


@user.command()
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@with_appcontext
def grant(email: str, role: str) -> None:
    """Give somebody a role at the vendor."""
    with changing():
        person, store = known(email), datastore()
        if not store.add_role_to_user(person, store.find_or_create_role(role)):
            raise click.ClickException(f"{person.email} is {role} already")
        note_account("staff.granted", person, by=None, now=utcnow(), role=role)
        address = person.email
    click.echo(f"{address} is {role} now.")


@user.command()
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@with_appcontext
def revoke(email: str, role: str) -> None:
    """Take a role away; it ends at the person's next request."""
    with changing():
        person, store = known(email), datastore()
        if not store.remove_role_from_user(person, store.find_or_create_role(role)):
            raise click.ClickException(f"{person.email} isn't {role}")
        note_account("staff.revoked", person, by=None, now=utcnow(), role=role)
        address = person.email
    click.echo(f"{address} is {role} no more.")


@user.command()
@click.argument("email")
@with_appcontext
def confirm(email: str) -> None:
    """Confirm an address by hand: for somebody whose mail does not arrive."""
    with changing():
        person = known(email)
        person.confirmed_at = person.confirmed_at or utcnow()
        note_account("account.confirmed", person, by=None, now=utcnow())
        address = person.email
    click.echo(f"{address} is confirmed.")


@user.command()
@click.argument("email")
@with_appcontext
def password(email: str) -> None:
    """Set a new password, asked for or read from standard input. Ends all sessions of the account."""
    person = known(email)
    address, chosen = person.email, ask_password(person.name, person.email)
    fresh = hashed(chosen)
    with changing():
        person = known(address)
        person.password = fresh
        datastore().set_uniquifier(person)
        note_account("account.password", person, by=None, now=utcnow())
    click.echo(f"The password of {address} is set; all sessions have ended.")


@contextmanager
def changing() -> Iterator[None]:
    with writing():
        yield
        db.session.commit()


def ask_password(*own: str) -> str:
    """A password that would be taken on the web as well; asked twice at a terminal, else one line of standard input."""
    if sys.stdin.isatty():
        typed = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    normal_form: str = security().password_util.normalize(typed)
    if reason := why_refused(normal_form, own):
        raise click.ClickException(reason)
    return normal_form


def known(email: str) -> User:
    found = find(normal(email))
    if found is None:
        raise click.ClickException(f"nobody has the address {email}")
    return found


def find(address: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == address))


def normal(email: str) -> str:
    try:
        return str(security().mail_util.normalize(email))
    except ValueError:
        raise click.ClickException(f"{email!r} is no e-mail address") from None


def hashed(password: str) -> str:
    from flask_security import hash_password

    return str(hash_password(password))


def security() -> Any:
    return current_app.extensions["security"]


def datastore() -> Any:
    return security().datastore
