"""Every form of every page, as its reader gets it: found in the page, filled in, and sent with more than it has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask
from sqlalchemy import Boolean, Date, DateTime, Integer, Table
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from portal.db import db
from tests import cast
from tests.billing.burning import burn_the_books
from tests.house.access import enter, table
from tests.house.test_access import address

Rows = dict[str, list[dict[str, Any]]]
# What a form takes in these fields; "Some words" do in others.
USUAL = {
    "new_password": "a lamp above nine quiet harbours",
    "url": "https://hooks.example.org/in",
    "slug": "some-words",
    "version": "4.2",
    "versions": ">=4.2",
    "words": "lamp, beacon",
    "phone": "+31 20 555 0123",
    "publish_at": "2031-01-01T09:00",
    "organisation_query": "Heron",
    "purpose": "Some words on what is to be looked at",
    "address": "/kb/guide",
}


@dataclass(frozen=True)
class Press:
    """One button of a form: where it leads, and the fields that go along."""

    rule: str
    action: str
    fields: tuple[tuple[str, str], ...]
    typed: frozenset[str] = frozenset()  # those that somebody types into
    offered: frozenset[str] = frozenset()  # those that stand in the form, ticked or not

    def __str__(self) -> str:
        return f"{self.rule}: {self.action.partition('?')[0]} ({', '.join(name for name, _ in self.fields)[:80]})"

    def send(self, app: Flask, actor: str, more: Mapping[str, str], instead: str | None = None) -> TestResponse:
        """Press it, with `more` than the form has, or with something else `instead` of what is typed."""
        mine = [(name, text if instead is None or name not in self.typed else instead) for name, text in self.fields]
        return enter(app, cast.ADDRESSES[actor]).post(self.action, data=MultiDict([*mine, *more.items()]))


def presses(app: Flask, actor: str, things: Mapping[str, object]) -> list[Press]:
    """Every kind of button that this actor's pages have."""
    found: dict[tuple[str, ...], Press] = {}
    for row in table():
        if row.is_unsafe or row.statuses[actor] != "200" or row.rule.startswith("/demo"):
            continue
        here = address(row, things)
        answer = enter(app, cast.ADDRESSES[actor]).get(here)
        if answer.mimetype == "text/html":
            for press in _of_page(answer.get_data(as_text=True), row.rule, here):
                names = sorted(name for name, _ in press.fields)
                found.setdefault((press.action.partition("?")[0], *names), press)
        answer.close()
    return list(found.values())


def _of_page(html: str, rule: str, here: str) -> Iterator[Press]:
    soup = BeautifulSoup(html, "html.parser")
    for form in soup.find_all("form", attrs={"method": lambda value: str(value).lower() == "post"}):
        fields: list[tuple[str, str]] = []
        typed, offered = set(), set()
        chosen = {str(node["name"]) for node in form.find_all("input", type="radio", checked=True)}
        for node in _controls(soup, form):
            offered.add(str(node["name"]))
            if node.name == "button":
                continue
            is_lone = node.get("type") == "radio" and node["name"] not in {*chosen, *(name for name, _ in fields)}
            fields += _value(node) or ([(str(node["name"]), str(node.get("value", "on")))] if is_lone else [])
            if node.name == "textarea" or node.get("type", "text") in ("text", "email", "search", "hidden", "tel"):
                typed.add(str(node["name"]))
        buttons = [node for node in _controls(soup, form, named=False) if node.name == "button"]
        for button in buttons or [Tag(name="button")]:
            mine = [(str(button["name"]), str(button.get("value", "")))] if button.get("name") else []
            action = str(button.get("formaction") or form.get("action") or here)
            yield Press(rule, action, (*fields, *mine), frozenset(typed), frozenset(offered))


def _controls(soup: BeautifulSoup, form: Tag, *, named: bool = True) -> list[Tag]:
    inside = form.find_all(["input", "select", "textarea", "button"])
    beside = (
        soup.find_all(["input", "select", "textarea", "button"], attrs={"form": form["id"]}) if form.get("id") else []
    )
    found = {id(node): node for node in (*inside, *beside)}
    return [node for node in found.values() if node.get("name") or (node.name == "button" and not named)]


def _value(node: Tag) -> list[tuple[str, str]]:
    """What a browser would send of this control, when somebody has filled in what is empty."""
    name, kind, value = str(node["name"]), str(node.get("type", "text")), str(node.get("value", ""))
    if name == "csrf_token" or kind in ("file", "submit", "button"):
        return []
    if node.name == "select":
        options = node.find_all("option")
        chosen = next((o for o in options if o.has_attr("selected")), None)
        chosen = chosen or next((o for o in options if o.get("value")), None)
        return [(name, str(chosen.get("value", chosen.get_text())))] if chosen else []
    if kind in ("checkbox", "radio"):
        return [(name, value or "on")] if node.has_attr("checked") or node.has_attr("required") else []
    text = node.get_text().strip("\r\n") if node.name == "textarea" else value
    usual = {
        "email": "somebody@heron.example",
        "number": "1",
        "date": "2026-12-01",
        "password": cast.PASSWORD,
        "tel": "+31 20 555 0123",
    }
    return [(name, text or ("" if kind == "hidden" else USUAL.get(name) or usual.get(kind, "Some words")))]


def rows(app: Flask) -> Rows:
    with app.app_context():
        found = {
            each.name: [dict(row) for row in db.session.execute(each.select()).mappings()]
            for each in db.metadata.sorted_tables
        }
        db.session.rollback()
    return found


def put_back(app: Flask, kept: Rows) -> None:
    """The database as it was."""
    with app.app_context():
        burn_the_books()
        for each in reversed(db.metadata.sorted_tables):
            db.session.execute(each.delete())
        for each in db.metadata.sorted_tables:
            _put(each, kept[each.name])
        db.session.commit()


def _put(into: Table, kept: list[dict[str, Any]]) -> None:
    above = [c.name for c in into.columns if any(key.column.table is into for key in c.foreign_keys)]
    ordered = sorted(kept, key=lambda row: [row[name] is not None for name in above])
    for row in ordered:
        db.session.execute(into.insert().values(**row))


def changed(before: Rows, after: Rows) -> set[tuple[str, str]]:
    """(table, column) of what differs; `#` for rows that came or went."""
    found = set()
    for name, some in before.items():
        if len(some) != len(after[name]):
            found.add((name, "#"))
            continue
        pairs = zip(sorted(some, key=_key), sorted(after[name], key=_key), strict=True)
        found |= {(name, column) for one, other in pairs for column in one if one[column] != other[column]}
    return found


def _key(row: dict[str, Any]) -> str:
    return f"{row['id']:0>20}" if "id" in row else repr(sorted((k, str(v)) for k, v in row.items()))


def everything_there_is(kept: Rows) -> dict[str, str]:
    """Each column's name with a value that would hurt: one that another row has, or one that opens doors."""
    found: dict[str, str] = {"roles": "admin", "role": "owner", "id": "1", "is_admin": "1", "remember": "y"}
    for each in db.metadata.sorted_tables:
        for column in each.columns:
            values = [row[column.name] for row in kept[each.name] if isinstance(row[column.name], str | int)]
            kind = column.type
            if isinstance(kind, Boolean):
                value = "y"
            elif isinstance(kind, Date | DateTime):
                value = "2031-01-01T00:00"
            elif isinstance(kind, Integer):
                value = str(max((v for v in values if isinstance(v, int)), default=1))
            else:
                value = str(max(map(str, values), default="admin"))[:60]
            found.setdefault(column.name, value)
    return found
