"""Each hidden thing, each way that could tell of it, each reader: none tells. Whoever may see it is told."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from flask.testing import FlaskClient

from knowledge.articles import following
from knowledge.articles.revision import Revision
from knowledge.cli import export
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.web import limiter
from tests.cast import World
from tests.documents.conftest import add as add
from tests.knowledge.hidden import ADDRESSES, ARTICLES, HIDDEN, MANUALS, READERS, STAFF, THINGS, Hidden, Thing, row_of
from tests.knowledge.hidden import hidden as hidden

As = Callable[[str], FlaskClient]
FOUND = ("staff", "signed-in", "plan", "organisation", "manual", "page", "pin")  # by those who may
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
    "/tickets/answers?subject=W",
    "/tickets/answers?subject=W+harbour&product=beacon&version=4.2",
    "/tickets/new?subject=W",
)
PAGES = (
    *("/", "/kb/", "/kb/category/all", "/kb/category/quays", "/kb/open", "/kb/open?in=de", "/kb/open/compare"),
    *("/manuals/", "/sitemap.xml", "/sitemap-1.xml", "/robots.txt", "/opensearch.xml", "/search", "/search?q=harbour"),
    *("/search?q=harbour&language=de", "/api/search?q=harbour&limit=50", "/search/suggest?q=harbour", "/tickets/new"),
    *("/tickets/answers?subject=harbour", "/account/", "/tickets/"),
)
SHOWING = ("/search?q={}", "/search/suggest?q={}", "/api/search?q={}", "/tickets/answers?subject={}")
CHANCE = r"\b[0-9a-f]{16}\b|[\w-]+\.[\w-]{6}\.[\w-]{27}"  # a request's number, a form's token


def browser_of(name: str, app: Flask, as_: As) -> FlaskClient:
    return app.test_client() if name == "visitor" else as_(name)


def misspelt(word: str) -> str:
    return word[:4] + word[5] + word[4] + word[6:]


def told_by(answer: Any, thing: Thing, asked: str) -> bool:
    """Whether the answer, headers and all, tells what wasn't asked for."""
    whole = f"{answer.text} {answer.headers}".lower()
    return thing.told in whole or (thing.word in whole and thing.word not in asked)


def status(path: str, reader: str) -> int:
    """How the address answers, whatever is hidden."""
    if reader == "visitor" and path.startswith(("/account/", "/tickets/")):
        return 302  # to sign in
    if path == "/kb/open/compare":
        return 302  # an original has nothing to be compared with
    return 404 if path.endswith("&page=2") else 200


def pasted(browser: FlaskClient, thing: Thing) -> Any:
    return browser.post("/search/log", data={"text": f"Error: {thing.word}\nat line 1\nat line 2"})


def counted(browser: FlaskClient, question: str) -> int:
    answer: Any = browser.get(f"/api/search?q={question}").json
    assert bool(answer["total"]) == bool(answer["results"])
    return int(answer["total"])


def test_nothing_hidden_is_told_any_way(app: Flask, as_: As, hidden: Hidden) -> None:
    leaks: list[tuple[str, str | int, str]] = []
    answered, cells = Counter[int](), 0
    for reader in READERS:
        browser = browser_of(reader, app, as_)
        limiter.reset()
        pages = {path: browser.get(path) for path in PAGES}
        for name, thing in THINGS.items():
            if reader in HIDDEN[name]:
                continue
            limiter.reset()
            word = {"W": thing.word, "P": thing.word[:7], "M": misspelt(thing.word)}
            asked = ["".join(word.get(piece, piece) for piece in way) for way in WAYS]
            pages |= {path: browser.get(path) for path in asked}
            leaks += [(reader, name, path) for path in (*asked, *PAGES) if told_by(pages[path], thing, path)]
            alone, log = counted(browser, thing.word), pasted(browser, thing)
            leaks += [(reader, name, "total")] * bool(alone)
            leaks += [(reader, name, "log")] * (thing.told in log.text or log.status_code != 200)
            cells += 2 + len(asked) + len(PAGES)
            answered.update((200, log.status_code))
        answered.update(page.status_code for page in pages.values())
        leaks += [(reader, page.status_code, p) for p, page in pages.items() if page.status_code != status(p, reader)]
    print(cells, "cells;", dict(answered), "answers")
    assert not leaks
    assert cells > 4000


def test_those_who_may_are_told_the_same_ways(app: Flask, as_: As, hidden: Hidden) -> None:
    """So silence is no seed that failed. What was searched for by those who may is in the caches then."""
    assert set(hidden.addresses) == set(HIDDEN)
    for reader in READERS:
        browser = browser_of(reader, app, as_)
        find_it(browser, reader)
        see_it_where_it_stands(browser, reader, hidden)
        count_it(browser, reader)


def find_it(browser: FlaskClient, reader: str) -> None:
    limiter.reset()
    for name in FOUND:
        thing, may = THINGS[name], reader in HIDDEN[name]
        assert counted(browser, thing.word) == int(may), (reader, name)
        answers = {way: browser.get(way.format(thing.word)).text for way in SHOWING}
        if name != "pin":  # which stands at its word alone
            answers["/search/log"] = pasted(browser, thing).text
        telling = {way for way, text in answers.items() if thing.told in text}
        assert telling == (set(answers) if may else set()), (reader, name)


def see_it_where_it_stands(browser: FlaskClient, reader: str, hidden: Hidden) -> None:
    for name, path in hidden.addresses.items():
        answer = browser.get(path)
        told = answer.status_code == 200 and THINGS[name].told in answer.text.replace(THINGS[name].slug, "")
        assert told == (reader in HIDDEN[name]), (reader, name, path)


def count_it(browser: FlaskClient, reader: str) -> None:
    """Totals and the numbers beside facets are of what this reader may see."""
    articles, manuals = (sum(reader in HIDDEN[name] for name in names) for names in (ARTICLES, MANUALS))
    expected = {"": 1 + articles + manuals, "&kind=article": 1 + articles, "&kind=document": manuals}
    expected |= {"&product=beacon": 1 + articles, "&language=de": int(reader in HIDDEN["translation"])}
    assert {w: counted(browser, "harbour" + w) for w in expected} == expected
    page = browser.get("/search?q=harbour").text
    kinds = dict(re.findall(r'kind=(article|document)"[^>]*>[^<]*<span class="num">(\d+)<', page))
    assert kinds == ({"article": f"{1 + articles}", "document": f"{manuals}"} if manuals else {})


def unheard(path: str) -> str:
    """An address of the same shape at which nothing is, hidden or not."""
    for thing in THINGS.values():
        path = path.replace(thing.told, "n" * len(thing.told)).replace(thing.word, "m" * len(thing.word))
    return re.sub(r"once-(\w+)", lambda was: "once-" + "n" * len(was[1]), re.sub(r"(?<=files/)[\w-]+", nowhere, path))


def nowhere(token: re.Match[str]) -> str:
    return "n" * len(token[0])


def said(answer: Any, path: str) -> tuple[int, str, list[tuple[str, str]]]:
    """All that an answer says, but for what chance put there and the address itself."""
    headers = [
        (name, re.sub(CHANCE, "", value)) for name, value in answer.headers if name not in ("Date", "Set-Cookie")
    ]
    return (
        answer.status_code,
        re.sub(CHANCE, "", answer.text).replace(path, "P").replace(path.split("/")[2], "S"),
        headers,
    )


def test_hidden_addresses_look_like_none(app: Flask, as_: As, hidden: Hidden) -> None:
    """Articles, manuals, their files and where they once were: what is hidden answers as what never was."""
    manual = THINGS["manual"]
    files = [hidden.file, f"/manuals/{manual.slug}/4.2/en/{manual.told}.pdf", f"/manuals/{manual.slug}/4.2/en/x.pdf"]
    once = ["/kb/once-staff", "/kb/once-organisation", "/kb/once-staff/compare", "/manuals/once-manual"]
    once += ["/manuals/once-manual/page/1", "/manuals/once-manual/4.2/en/x.pdf"]
    editor = as_("editor")
    for path in (*files, *once):
        assert editor.get(path, buffered=True).status_code in (200, 301, 302), path
    shapes = ("/kb/{}", "/kb/{}/compare", "/kb/category/{}", "/manuals/{}", "/manuals/{}/page/1", "/manuals/{}/page/2")
    slugs = [THINGS[name].slug for name in HIDDEN if name != "signed-in"]
    for reader in ("visitor", "stranger", "former", "reseller"):
        browser = browser_of(reader, app, as_)
        for path in (*files, *once, *(shape.format(slug) for shape in shapes for slug in slugs)):
            other = unheard(path)
            for method in (browser.get, browser.head):
                assert said(method(path), path) == said(method(other), other), (reader, path)
            assert browser.get(path).status_code == 404, (reader, path)


def test_what_is_hidden_takes_no_post(client: FlaskClient, hidden: Hidden) -> None:
    sent = {"email": "fay@follower.example", "helpful": "yes"}
    for verb in ("follow", "helpful"):
        for name in ("staff", "draft", "plan", "archived"):
            path = f"/kb/{THINGS[name].slug}/{verb}"
            limiter.reset()
            there, other = client.post(path, data=sent), client.post(unheard(path), data=sent)
            assert there.status_code == 404 and said(there, path) == said(other, unheard(path)), path
    for verb in ("follow", "helpful"):
        assert client.post(f"/kb/open/{verb}", data=sent).status_code == 302


def told_in_mails(to: str) -> set[str]:
    written = db.session.scalars(db.select(Mail).where(Mail.recipient.like(to))).all()
    said = " ".join(f"{mail.subject} {mail.text} {mail.html} {mail.unsubscribe}" for mail in written)
    return {name for name, thing in THINGS.items() if thing.told in said}


def test_no_mail_tells_a_wisher_what_they_may_not_see(app: Flask, world: World, hidden: Hidden) -> None:
    with app.app_context():
        run_due()
        assert told_in_mails("%@wisher.example") == set()
        assert told_in_mails(world.email("stranger")) == {"signed-in"}
        assert told_in_mails(world.email("customer")) == {"signed-in", "plan", "organisation"}
        assert told_in_mails(world.email("editor")) >= {"staff", "plan", "organisation", "category"}


def test_no_mail_tells_a_follower_what_they_may_not_see(
    app: Flask, world: World, person: Callable[[str], User], hidden: Hidden
) -> None:
    """Whoever followed before it was hidden from them."""
    with app.app_context():
        db.session.execute(db.delete(Mail))
        for name in (*ARTICLES, "archived"):
            article, now = row_of(name), utcnow()
            row = following.kept(article.id, "fay@follower.example", now=now, locale="en", zone="UTC")
            following.confirm(row, now=now)
            for follower in ("editor", "customer", "stranger"):
                following.follow(article.id, by=person(follower), now=now, locale="en", zone="UTC")
            fields = {"properties": {}, "title": "x", "body": "x", "state": "published", "note": THINGS[name].told}
            changed = Revision(article=article, number=90, **fields)
            db.session.add(changed)
            following.tell_followers(article, changed)
        db.session.commit()
        run_due()
        assert told_in_mails("%@follower.example") == set()
        assert told_in_mails(world.email("stranger")) == {"signed-in"}
        assert told_in_mails(world.email("customer")) == {"signed-in", "plan", "organisation"}
        assert told_in_mails(world.email("editor")) == set(ARTICLES)


def told_in_files(app: Flask, kind: str, to: Path) -> set[str]:
    obj = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
    result = CliRunner().invoke(export, [kind, str(to)], obj=obj)
    assert result.exit_code == 0, result.output
    written = [path for path in to.rglob("*") if path.is_file()]
    whole = " ".join(f"{path} " + path.read_bytes().decode(errors="replace") for path in written).lower()
    assert "open harbour" in whole
    return {name for name, thing in THINGS.items() if thing.told in whole or thing.word in whole}


def test_what_is_written_out_for_the_public_holds_nothing_hidden(app: Flask, hidden: Hidden, tmp_path: Path) -> None:
    assert told_in_files(app, "html", tmp_path / "site") == set()
    assert told_in_files(app, "markdown", tmp_path / "all") >= {*ARTICLES, "archived", "translation"}


def test_every_hidden_thing_is_looked_for_somewhere() -> None:
    assert set(HIDDEN) == {*ADDRESSES, "remark"} and all(readers >= STAFF for readers in HIDDEN.values())


def test_a_hidden_word_changes_nothing_of_what_else_is_found(app: Flask, as_: As, hidden: Hidden) -> None:
    """Neither the order, nor a score, nor what is offered instead: it counts as one that nobody wrote."""
    differ = []
    for reader in ("visitor", "stranger"):
        browser = browser_of(reader, app, as_)
        for name in (name for name in HIDDEN if reader not in HIDDEN[name]):
            limiter.reset()
            for way in ("/api/search?q=harbour+{}", "/api/search?q=harbor+{}&lang=de", "/search/suggest?q={}+harbour"):
                word = THINGS[name].word
                found, other = (browser.get(way.format(one)).text for one in (word, "n" + word[::-1]))
                said, expected = (re.sub(r'/search/click/[^"]*', "", page) for page in (found, other))
                if said.replace(word, "W") != expected.replace("n" + word[::-1], "W"):
                    differ.append((reader, name, way))
    assert not differ
