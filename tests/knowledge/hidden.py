"""Hidden things of every sort, and who may see each.

Each holds two invented words. Readers search for the first one, so pages may say that again; the second one nobody
asks for, so that wherever it stands it was told. All texts hold "harbour" besides, as the one public article does.
"""

import io
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from flask import Flask

from knowledge.articles import editing, files
from knowledge.articles.article import Article
from knowledge.articles.revision import OldAddress
from knowledge.documents.document import Document, DocumentAddress
from knowledge.edition import Edition
from knowledge.search import memory, wishes
from knowledge.search.guidance import Pin, Synonym
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from scripts.manuals import pdf
from tests.cast import World, subscribe

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
ARTICLES = ("signed-in", "plan", "organisation", "staff", "pin", "category", "file")  # each at an address of its own
MANUALS = ("manual", "page")


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


THINGS = {name: invented(name) for name in HIDDEN}
ADDRESSES = {  # where it stands for those who may see it; more is added when it is made
    **{name: f"/kb/{THINGS[name].slug}" for name in ("staff", "pin", "file", "signed-in", "plan", "organisation")},
    **{name: f"/manuals/{THINGS[name].slug}" for name in MANUALS},
    **dict.fromkeys(("draft", "staged", "review", "scheduled"), "/kb/desk/?show=all"),
    **dict.fromkeys(("wish", "remembered"), "/kb/desk/insight/nothing"),
    "page": f"/manuals/{THINGS['page'].slug}/page/1",
    "archived": "/kb/desk/articles?status=archived",
    "translation": "/kb/open?in=de",
    "category": f"/kb/category/{THINGS['category'].slug}",
    "synonym": "/kb/desk/insight/synonyms.csv",
}


class Hidden(NamedTuple):
    things: dict[str, Thing]
    addresses: dict[str, str]
    file: str  # the address of the attachment


@pytest.fixture
def hidden(
    app: Flask, world: World, write: Callable[..., str], add: Callable[..., int], person: Callable[[str], User]
) -> Iterator[Hidden]:
    with app.app_context():
        memory.write_noted()  # of tests before
        subscribe(world.heron, "business")
        for thing in THINGS.values():
            wish(thing.word, "wendy@wisher.example")
            for name in ("editor", "customer", "stranger"):
                wishes.wish(thing.word, by=person(name), now=utcnow(), lang="en", locale="en", zone="UTC")
        db.session.commit()
    write_articles(write, world)
    manual, paged = THINGS["manual"], THINGS["page"]
    add(slug=manual.slug, title=manual.text(), filename=f"{manual.told}.pdf", visibility="staff", summary=manual.text())
    sheet = pdf([[("text", f"Of {paged.text()} here, in the harbour.")]])
    add(content=sheet, slug=paged.slug, title="Paged", filename="paged.pdf", visibility="staff")
    with app.app_context():
        editor = person("editor")
        remark = send_drafts(editor)
        file = attach(editor)
        guide()
        for name in ("staff", "organisation"):
            db.session.add(OldAddress(slug=f"once-{name}", article_id=row_of(name).id))
        moved = db.session.scalars(db.select(Document).filter_by(slug=manual.slug)).one()
        db.session.add(DocumentAddress(slug="once-manual", document_id=moved.id))
        Edition.advance()
        db.session.commit()
        run_due()
    with app.app_context():
        for name in ("wish", "remembered"):
            remember(THINGS[name].text())
    yield Hidden(THINGS, {**ADDRESSES, "remark": f"/kb/desk/{remark}"}, file)


def row_of(name: str) -> Article:
    return db.session.scalars(db.select(Article).filter_by(slug=THINGS[name].slug)).one()


def wish(text: str, email: str) -> None:
    row = wishes.kept(text, email, now=utcnow(), lang="en", locale="en", zone="UTC")
    assert row
    wishes.confirm(row, now=utcnow())


def remember(text: str) -> None:
    """Somebody searched for it and found nothing; the thread that writes has written."""
    memory._note(memory.Search(text, "words", "en", None, f"asker of {text}"[:32], 0, None, utcnow()))
    assert memory.write_noted() == 1


def write_articles(write: Callable[..., str], world: World) -> None:
    def article(name: str, **fields: Any) -> None:
        thing = THINGS[name]
        body = f"## {thing.text()}\n\n{thing.text()} in the harbour."
        text = {"title": thing.text(), "body": body, "summary": thing.text()}
        standing = {"slug": thing.slug, "category": "quays", "product": "beacon", "tags": (thing.word, thing.told)}
        write(**(standing | text | fields))

    write(slug="open", title="Open harbour", category="quays", product="beacon")
    article("archived", status="archived", visibility="staff")
    article("signed-in", visibility="signed-in")
    article("plan", visibility="plan:business")
    article("organisation", visibility=f"org:{world.heron}")
    article("staff", visibility="staff")
    untitled: dict[str, Any] = {"body": "In the harbour.", "tags": (), "summary": ""}
    article("pin", visibility="staff", title="Pinned " + THINGS["pin"].told, **untitled)
    article("translation", slug="open", lang="de", visibility="staff", translation_of="en/open")
    article("category", category=THINGS["category"].slug, visibility="staff")
    article("file", visibility="staff", title="File", **untitled)


def begun(name: str, by: User) -> editing.Revision:
    thing = THINGS[name]
    fields = {"slug": thing.slug, "lang": "en", "title": thing.text(), "body": thing.text(), "summary": thing.text()}
    return editing.begin_new(fields, by=by, now=utcnow())


def send_drafts(editor: User) -> int:
    """What is being written: a draft, what waits for review or its day, and what is changed of a public text."""
    now = utcnow()
    begun("draft", editor)
    editing.send(begun("review", editor), by=editor, reviewer=None, due=None, now=now)
    sent = begun("remark", editor)
    editing.send(sent, by=editor, reviewer=None, due=None, remark=THINGS["remark"].text(), now=now)
    editing.schedule(begun("scheduled", editor), at=now + timedelta(days=1), by=editor, now=now)
    shown = db.session.scalars(db.select(Article).filter_by(slug="open", lang="en")).one()
    staged, text = editing.begin(shown, by=editor, now=now), THINGS["staged"].text()
    fields = {"title": text, "body": text, "summary": text}
    editing.save(staged, fields, by=editor, saved=staged.saved, now=now)
    db.session.flush()
    return sent.id


def attach(editor: User) -> str:
    text = f"{THINGS['file'].text()}.pdf"
    file = files.attach(row_of("file"), io.BytesIO(b"%PDF-1.4 a"), text, by=editor, now=utcnow())
    files.offer(file, True)
    db.session.flush()
    return f"/kb/files/{file.token}/{file.filename}"


def guide() -> None:
    """What editors keep: a pin, two words that mean the same, and somebody who waits for an answer."""
    db.session.add(Pin(folded=THINGS["pin"].word, item_id=row_of("pin").id))
    db.session.add(Synonym(words=[THINGS["synonym"].word, THINGS["synonym"].told]))
    wish(THINGS["wish"].text(), "other@wisher.example")
