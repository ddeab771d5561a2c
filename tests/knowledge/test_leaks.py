"""Each hidden thing, each way that could tell of it, each reader: none tells.

A hidden thing holds two invented words. Readers search for the first one, so pages may say that again; the second
one nobody asks for, so that wherever it stands it was told.
"""

import io
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles import editing, files
from knowledge.articles.article import Article
from knowledge.edition import Edition
from knowledge.search import wishes
from knowledge.search.guidance import Pin, Synonym
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.web import limiter
from scripts.manuals import pdf
from tests.cast import World, subscribe
from tests.documents.conftest import add as add

STAFF = frozenset({"agent", "editor"})
SIGNED_IN = STAFF | {"customer", "stranger", "former", "reseller"}
# Those with rights come first, and fill the caches.
READERS = ("editor", "agent", "customer", "reseller", "former", "stranger", "visitor")
WAITING = ("draft", "review", "scheduled", "staged", "remark")  # for editors, at their desk
HIDDEN: dict[str, frozenset[str]] = {  # and who may see it
    **dict.fromkeys((*WAITING, "archived", "synonym", "wish", "remembered"), STAFF),
    **dict.fromkeys(("staff", "translation", "category", "manual", "page", "file", "pin"), STAFF),
    "signed-in": SIGNED_IN,
    "plan": STAFF | {"customer"},
    "organisation": STAFF | {"customer"},
}
FOUND = ("staff", "signed-in", "plan", "organisation", "manual", "page")  # by those who may
WAYS = (  # of W a word in it, P its beginning, M a misspelling
    "/search?q=W",
    "/search?q=W&kind=article",
    "/search?q=W&kind=document",
    "/search?q=W&language=en",
    "/search?q=W&language=de",
    "/search?q=W&product=beacon&version=4.2",
    "/search?q=W&page=2",
    "/search?q=W+harbour",
    "/search?q=P",
    "/search?q=M",
    "/search/suggest?q=W",
    "/search/suggest?q=P",
    "/search/suggest?q=M",
    "/search/suggest?q=harbour+P",
    "/api/search?q=W&limit=50",
    "/api/search?q=P&limit=50",
    "/api/search?q=M&limit=50",
    "/api/search?q=harbour+W&limit=50",
    "/search/wish?q=W",
)
PAGES = (
    *("/", "/kb/", "/kb/category/all", "/kb/category/quays", "/kb/open", "/kb/open?in=de", "/kb/open/compare"),
    *("/manuals/", "/sitemap.xml", "/sitemap-1.xml", "/opensearch.xml", "/search", "/search?q=harbour"),
    *("/search?q=harbour&language=de", "/api/search?q=harbour&limit=50", "/search/suggest?q=harbour", "/tickets/new"),
    *("/account/", "/tickets/"),
)


class Thing(NamedTuple):
    word: str
    told: str
    slug: str

    def text(self) -> str:
        return f"{self.word} {self.told}"


def invented(seed: str) -> Thing:
    chance = random.Random(seed)
    word, told = ("".join(chance.choice("bdgklmnprtvz") + chance.choice("aiou") for _ in range(6)) for _ in range(2))
    return Thing(word, told, f"at-{told}")


CHANCE = r"\b[0-9a-f]{16}\b|[\w-]+\.[\w-]{6}\.[\w-]{27}"  # a request's number, a form's token
THINGS = {name: invented(name) for name in HIDDEN}


def begun(name: str, by: User) -> editing.Revision:
    thing = THINGS[name]
    fields = {"slug": thing.slug, "lang": "en", "title": thing.text(), "body": thing.text(), "summary": thing.text()}
    return editing.begin_new(fields, by=by, now=utcnow())


@pytest.fixture
def hidden(
    app: Flask, world: World, write: Callable[..., str], add: Callable[..., int], person: Callable[[str], User]
) -> Iterator[dict[str, Thing]]:
    with app.app_context():
        subscribe(world.heron, "business")
        for thing in THINGS.values():
            row = wishes.kept(thing.word, "wendy@wisher.example", now=utcnow(), lang="en", locale="en", zone="UTC")
            assert row
            wishes.confirm(row, now=utcnow())
        db.session.commit()
    write(slug="open", title="Open harbour", category="quays", product="beacon")

    def article(name: str, **fields: Any) -> None:
        thing = THINGS[name]
        text = {"title": thing.text(), "body": f"## {thing.text()}\n\n{thing.text()}", "summary": thing.text()}
        standing = {"slug": thing.slug, "category": "quays", "product": "beacon", "tags": (thing.word, thing.told)}
        write(**(standing | text | fields))

    article("archived", status="archived")
    article("signed-in", visibility="signed-in")
    article("plan", visibility="plan:business")
    article("organisation", visibility=f"org:{world.heron}")
    article("staff", visibility="staff")
    article("pin", visibility="staff", title="Pinned " + THINGS["pin"].told, body="Nothing", tags=(), summary="")
    article("translation", slug="open", lang="de", visibility="staff", translation_of="en/open")
    article("category", category=THINGS["category"].slug, visibility="staff")
    article("file", visibility="staff", title="File", body="-", summary="", tags=())
    manual = THINGS["manual"]
    add(slug=manual.slug, title=manual.text(), filename=f"{manual.told}.pdf", visibility="staff", summary=manual.text())
    paged = THINGS["page"]
    sheet = pdf([[("text", f"Of {paged.text()} here.")]])
    add(content=sheet, slug=paged.slug, title="Paged", filename="paged.pdf", visibility="staff")
    with app.app_context():
        editor, now = db.session.merge(person("editor")), utcnow()
        begun("draft", editor)
        editing.send(begun("review", editor), by=editor, reviewer=None, due=None, now=now)
        remark = THINGS["remark"].text()
        editing.send(begun("remark", editor), by=editor, reviewer=None, due=None, remark=remark, now=now)
        editing.schedule(begun("scheduled", editor), at=now + timedelta(days=1), by=editor, now=now)
        shown = db.session.scalars(db.select(Article).filter_by(slug="open", lang="en")).one()
        staged = editing.begin(shown, by=editor, now=now)
        text = THINGS["staged"].text()
        fields = {"title": text, "body": text, "summary": text}
        editing.save(staged, fields, by=editor, saved=staged.saved, now=now)
        holder = db.session.scalars(db.select(Article).filter_by(slug=THINGS["file"].slug)).one()
        file = files.attach(holder, io.BytesIO(b"%PDF-1.4 a"), f"{THINGS['file'].text()}.pdf", by=editor, now=now)
        files.offer(file, True)
        pinned = db.session.scalars(db.select(Article).filter_by(slug=THINGS["pin"].slug)).one()
        db.session.add(Pin(folded=THINGS["pin"].word, item_id=pinned.id))
        db.session.add(Synonym(words=[THINGS["synonym"].word, THINGS["synonym"].told]))
        wish = THINGS["wish"]
        row = wishes.kept(wish.text(), "other@wisher.example", now=now, lang="en", locale="en", zone="UTC")
        assert row
        wishes.confirm(row, now=now)
        Edition.advance()
        db.session.commit()
        run_due()
    yield THINGS


def browser_of(name: str, app: Flask, as_: Callable[[str], FlaskClient]) -> FlaskClient:
    return app.test_client() if name == "visitor" else as_(name)


def misspelt(word: str) -> str:
    return word[:4] + word[5] + word[4] + word[6:]


def told_by(answer: Any, thing: Thing, asked: str) -> bool:
    """Whether the answer, headers and all, tells what wasn't asked for."""
    whole = f"{answer.text} {answer.headers}".lower()
    return thing.told in whole or (thing.word in whole and thing.word not in asked)


def test_nothing_hidden_is_told_any_way(
    app: Flask, as_: Callable[[str], FlaskClient], hidden: dict[str, Thing]
) -> None:
    leaks, cells = [], 0
    as_("editor").get(f"/search?q={hidden['remembered'].text()}")
    for reader in READERS:
        browser = browser_of(reader, app, as_)
        limiter.reset()
        pages = {path: browser.get(path) for path in PAGES}
        for name, thing in hidden.items():
            if reader in HIDDEN[name]:
                continue
            limiter.reset()
            for way in WAYS:
                word = {"W": thing.word, "P": thing.word[:7], "M": misspelt(thing.word)}
                path = "".join(word.get(piece, piece) for piece in way)
                pages[path] = answer = browser.get(path)
                cells += 1
                if told_by(answer, thing, path) or answer.status_code not in (
                    200,
                    302,
                    404,
                ):  # 404: no such page of results
                    leaks.append((reader, name, path))
            alone = browser.get(f"/api/search?q={thing.word}").json
            log = browser.post("/search/log", data={"text": f"Error: {thing.word}\nat line 1\nat line 2"})
            cells += 2 + len(PAGES)
            leaks += [(reader, name, "total")] * bool(alone["total"] or alone["results"])
            leaks += [(reader, name, "log")] * (thing.told in log.text)
            leaks += [(reader, name, path) for path in PAGES if told_by(pages[path], thing, path)]
    assert not leaks
    print(cells, "cells")
    assert cells > 3000


@pytest.mark.parametrize("reader", READERS)
def test_those_who_may_do_find_it(
    app: Flask, as_: Callable[[str], FlaskClient], hidden: dict[str, Thing], reader: str
) -> None:
    browser = browser_of(reader, app, as_)
    found = {name: browser.get(f"/api/search?q={hidden[name].word}").json["total"] for name in FOUND}
    assert found == {name: int(reader in HIDDEN[name]) for name in FOUND}


def test_hidden_addresses_look_like_none(
    app: Flask, as_: Callable[[str], FlaskClient], hidden: dict[str, Thing]
) -> None:
    for reader in ("visitor", "stranger", "former"):
        browser = browser_of(reader, app, as_)
        for name in ("draft", "review", "scheduled", "staff", "plan", "organisation", "category", "manual", "page"):
            slug = hidden[name].slug
            for path in ("/kb/{}", "/kb/{}/compare", "/kb/category/{}", "/manuals/{}", "/manuals/{}/page/1"):
                there, nowhere = (browser.get(path.format(one)) for one in (slug, "n" * len(slug)))
                assert there.status_code == nowhere.status_code == 404, (reader, name, path)
                pages = (there.text.replace(slug, "S"), nowhere.text.replace("n" * len(slug), "S"))
                said, expected = (re.sub(CHANCE, "", page) for page in pages)
                assert said == expected, (reader, name, path)


def test_no_mail_tells_a_wisher(app: Flask, hidden: dict[str, Thing]) -> None:
    with app.app_context():
        run_due()
        written = db.session.scalars(db.select(Mail).where(Mail.recipient.like("%@wisher.example"))).all()
        said = " ".join(f"{mail.subject} {mail.text} {mail.html}" for mail in written)
    assert not [name for name, thing in hidden.items() if thing.told in said]
