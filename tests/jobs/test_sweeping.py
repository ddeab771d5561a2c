"""Each night: files that no row names, unfinished indexes and texts that nobody came back for are removed."""

import os
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles import files
from knowledge.articles.article import Article
from knowledge.search.index import rebuild
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.tickets import attachments, drafts
from portal.tickets.ticket import Draft
from portal.uploads import STRAY_FOR
from tests.cast import World
from tests.knowledge.conftest import write as write
from tests.knowledge.test_index import found
from tests.tickets import writing

LONG_AGO = (0, 0)


def come_night(app: Flask, name: str) -> None:
    """What the worker's clock does."""
    [task] = [task for task in app.extensions["queue"]._registry.periodic_tasks if type(task).__name__ == name]
    task.execute()


def stray_beside(path: Path, number: int, *, is_old: bool) -> Path:
    stray = path.with_name("f" + f"{number}" * 38)
    stray.write_bytes(b"left over")
    if is_old:
        os.utime(stray, LONG_AGO)
    return stray


def test_files_that_no_article_names_go(app: Flask, write: Callable[..., str], person: Callable[[str], User]) -> None:
    write()
    with app.app_context():
        article = db.session.scalars(db.select(Article)).one()
        file = files.attach(article, BytesIO(b"a,b\n"), "sizes.csv", by=person("agent"), now=utcnow())
        db.session.commit()
        known = files.path_of(file)
        os.utime(known, LONG_AGO)
    old, new = (stray_beside(known, number, is_old=not number) for number in (0, 1))
    come_night(app, "sweep_article_files")
    assert known.exists() and new.exists() and not old.exists()
    shutil.rmtree(known.parent)


def test_files_that_no_ticket_names_go(app: Flask, world: World, as_: Callable[[str], FlaskClient]) -> None:
    writing.equip(app, world)
    number = writing.filed(as_("customer"), files=[writing.file(b"log", "app.log")])
    with app.app_context():
        known = attachments.path_of(writing.ticket(number).messages[0].attachments[0])
        os.utime(known, LONG_AGO)
    old, new = (stray_beside(known, number, is_old=not number) for number in (0, 1))
    come_night(app, "forget")
    assert known.exists() and new.exists() and not old.exists()
    shutil.rmtree(known.parent)


def test_drafts_that_nobody_claimed_go(app: Flask) -> None:
    with app.app_context():
        for age in (drafts.UNCLAIMED_FOR * 2, STRAY_FOR * 0):
            drafts.stash({"subject": "It beeps"}, now=utcnow() - age, meant_for_id=None)
        db.session.commit()
    come_night(app, "forget")
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(Draft)) == 1


@pytest.mark.whoosh
def test_what_killed_indexers_left_goes(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        rebuild()
    folder = app.extensions["search"].place.path
    live = folder / app.extensions["search"].place.pointer().build
    young = folder / "build-0"
    left = [folder / "build-1" / "MAIN.tmp", live / "MAIN.tmp", young]
    for path in left:
        path.mkdir(parents=True)
    (folder / ".12345678.json").write_text("{")
    for path in (folder / "build-1", live / "MAIN.tmp", live, folder / ".12345678.json"):
        os.utime(path, LONG_AGO)
    come_night(app, "check_index")
    names = {path.name for path in folder.iterdir()}
    assert {live.name, "build-0", "current.json"} <= names and not names & {"build-1", ".12345678.json"}
    assert not (live / "MAIN.tmp").exists()
    assert found(client) == 1
