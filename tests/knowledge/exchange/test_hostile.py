"""Folders and files made to hurt whoever imports them: each is refused with a word, what lies beside it is taken."""

import json
import os
import time
from pathlib import Path

import pytest
from flask import Flask

from knowledge.exchange.kinds import read
from knowledge.exchange.report import NotTaken, Report
from knowledge.exchange.taking import take_all
from portal.db import db, utcnow

MERGED = "a: &a {k: v}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{','.join([f'*{chr(97 + n)}'] * 10)}]}}\n" for n in range(8)
)


def front(*lines: str) -> str:
    return "---\nid: x\nslug: x\nlang: en\ntitle: Bad\n" + "\n".join(lines) + "\n---\n\nText.\n"


def laughing(key: str) -> str:
    """One key whose value is a list of lists of lists, ten million words when it is written out."""
    inner = "&a [x,x,x,x,x,x,x,x,x,x]"
    for n in range(7):
        name, below = chr(98 + n), chr(97 + n)
        inner = f"&{name} [{inner}" + f",*{below}" * 9 + "]"
    return f"{key}: {inner}"


MARKDOWN = {
    "tags that laugh": front(laughing("tags")),
    "language that laughs": front(laughing("lang")).replace("lang: en\n", "", 1),
    "date that laughs": front(laughing("updated")),
    "day that laughs": front(laughing("check_by")),
    "token that laughs": front("files:\n- " + laughing("token")),
    "addresses that laugh": front(laughing("old_addresses")),
    "flag that laughs": front(laughing("verbatim")),
    "merges that laugh": front(MERGED),
    "lists without end": front("tags: " + "[" * 30_000),
    "maps without end": front("tags: " + "{a: " * 15_000),
    "blocks without end": front("tags:\n" + "".join(" " * n + "-\n" for n in range(300))),
    "closed lists without end": front("tags: " + "[" * 800 + "]" * 800),
    "a number without end": front("position: " + "9" * 6000),
    "a large number": front("position: 99999999999999999999"),
    "half a character": front('summary: "\\ud800"'),
    "NUL in a title": front('summary: "a\\0b"'),
    "NUL in a tag": front('tags: ["a\\0b"]'),
    "half a tag": front('tags: ["\\ud800"]'),
    "an object": front("tags: !!python/object/apply:os.system [id]"),
    "a long tag": front("tags: [" + "x" * 5000 + "]"),
    "a long title": front("title: " + "x" * 50_000).replace("title: Bad\n", "", 1),
    "a long summary": front("summary: " + "x" * 50_000),
    "a tag of bytes": front("tags: [!!binary gIGC]"),
    "a slug of dots": front("slug: ../../etc").replace("slug: x\n", "", 1),
    "a category of dots": front("category: ../../etc"),
    "a language of dots": front("lang: ../../etc").replace("lang: en\n", "", 1),
    "a year without end": front("updated: 9999-12-31T23:59:59-23:00"),
    "the first year": front("updated: 0001-01-01T00:00:00+23:00"),
    "a set": front("tags: !!set {a, b}"),
    "a product of dots": front("product: ../../etc"),
    "versions without end": front("versions: '" + ">=" * 4000 + "'"),
}
GOOD = "---\nid: good\nslug: good\nlang: en\ntitle: Good\n---\n\nText.\n"


def take(kind: str, path: Path, lang: str | None = "en") -> Report:
    try:
        report = take_all(read(kind, path, lang, "", "en"), now=utcnow())
    except NotTaken as error:
        return Report(problems=[error])  # type: ignore[list-item]
    db.session.commit()
    return report


@pytest.mark.parametrize("name", MARKDOWN)
def test_front_matter(app: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.md").write_text(MARKDOWN[name])
    (tmp_path / "good.md").write_text(GOOD)
    started = time.monotonic()
    with app.app_context():
        report = take("markdown", tmp_path)
    assert time.monotonic() - started < 5
    assert report.added >= 1
    assert all(len(str(problem)) < 400 for problem in report.problems)


ARTICLE = {"id": 1, "title": "T", "body": "<p>Text</p>", "locale": "en", "source_locale": "en", "user_segment_id": None}


def deep(depth: int, inner: object = 1) -> object:
    for _ in range(depth):
        inner = [inner]
    return inner


ZENDESK: dict[str, dict[str, object]] = {
    "articles that are a number": {"articles": 5, "sections": True},
    "sections that are a number": {"sections": 5},
    "translations that are a number": {"translations": 7},
    "translations in it that are a number": {"articles": [ARTICLE | {"translations": 7}]},
    "readers that are a number": {"articles": [ARTICLE | {"user_segment_ids": 7}]},
    "readers that are a list of lists": {"articles": [ARTICLE | {"user_segment_ids": [[[]]]}]},
    "labels that are a number": {"articles": [ARTICLE | {"label_names": 7}]},
    "a body that is a list": {"articles": [ARTICLE | {"body": deep(500)}]},
    "a title that is a list": {"articles": [ARTICLE | {"title": deep(900)}]},
    "a title of half a character": {"articles": [ARTICLE | {"title": "\ud800"}]},
    "a body of half a character": {"articles": [ARTICLE | {"body": "\ud800"}]},
    "a label of half a character": {"articles": [ARTICLE | {"label_names": ["\ud800"]}]},
    "a body of NUL": {"articles": [ARTICLE | {"body": "a\0b"}]},
    "a title of NUL": {"articles": [ARTICLE | {"title": "a\0b"}]},
    "a position without end": {"articles": [ARTICLE | {"position": 10**30}]},
    "a date in the first year": {"articles": [ARTICLE | {"updated_at": "0001-01-01T00:00:00+23:00"}]},
    "an id with a way out": {"articles": [ARTICLE | {"id": "../../../etc/passwd"}]},
    "an id with NUL": {"articles": [ARTICLE | {"id": "a\0b"}]},
    "an id without end": {"articles": [ARTICLE | {"id": "9" * 5000}]},
    "a language with a way out": {"articles": [ARTICLE | {"locale": "../..", "source_locale": "../.."}]},
    "a section in itself": {
        "articles": [ARTICLE | {"section_id": 1}],
        "sections": [{"id": 1, "parent_section_id": 1, "name": "S", "locale": "en"}],
    },
    "a section with half a character": {
        "articles": [ARTICLE | {"section_id": 1}],
        "sections": [{"id": 1, "name": "\ud800", "locale": "en"}],
    },
    "an attachment that is none": {"article_attachments": [{"id": 1, "article_id": 1, "file_name": 5}]},
    "an attachment with a list for a name": {
        "articles": [ARTICLE],
        "article_attachments": [{"id": 1, "article_id": 1, "file_name": [1], "content_url": {"a": 1}}],
    },
}


@pytest.mark.parametrize("name", ZENDESK)
def test_a_help_center(app: Flask, tmp_path: Path, name: str) -> None:
    good = {"articles": [ARTICLE | {"id": 2, "title": "Good"}]}
    (tmp_path / "bad.json").write_text(json.dumps(ZENDESK[name]))
    (tmp_path / "good.json").write_text(json.dumps(good))
    with app.app_context():
        report = take("zendesk", tmp_path)
    assert report.added >= 1
    assert all(len(str(problem)) < 600 for problem in report.problems)


@pytest.mark.parametrize("address", ["https://x.example/notes.txt", "https://x.example/attachments/%2e%2e/notes.txt"])
def test_an_export_brings_no_file_that_lies_beside_it(app: Flask, tmp_path: Path, address: str) -> None:
    (tmp_path / "notes.txt").write_text("what nobody should see")
    (tmp_path / "attachments").mkdir()
    attachment = {"id": 3, "article_id": 1, "file_name": "notes.txt", "content_url": address}
    (tmp_path / "help.json").write_text(json.dumps({"articles": [ARTICLE], "article_attachments": [attachment]}))
    with app.app_context():
        report = take("zendesk", tmp_path / "help.json")
    assert report.added == 1
    assert "attachment that is not in the export" in str(report.losses)


LINES = {
    "lists in it": '{"id":"a\\u0041","title":"T","body":"B","tags":%s}' % ("[" * 990 + "]" * 990),
    "tags in lists": '{"id":"a","title":"T","body":"B","tags":%s}' % ("[" * 900 + "]" * 900),
    "lists without end": "[" * 500_000,
    "a number without end": '{"id":"a","title":"T","body":"B","position":%s}' % ("9" * 100_000),
    "an id that is a number without end": '{"id":%s,"title":"T","body":"B"}' % ("9" * 4000),
    "half a tag": '{"id":"a","title":"T","body":"B","tags":["\\ud800"]}',
    "a date in the first year": '{"id":"a","title":"T","body":"B","updated":"0001-01-01T00:00:00+23:00"}',
    "a section with a way out": '{"id":"a","title":"T","body":"B","section":"../../etc"}',
    "a category with a way out": '{"id":"a","title":"T","body":"B","section":"S","category":"../../etc"}',
    "a category without end": '{"id":"a","title":"T","body":"B","section":"S","category":"%s"}' % ("c" * 150),
    "a section with NUL": '{"id":"a","title":"T","body":"B","section":"a\\u0000b"}',
    "an original that is itself": '{"id":"a","title":"T","body":"B","translation_of":"a"}',
    "a nasty text": json.dumps({"id": "a", "title": "T", "body": "[" * 60_000}),
    "a word without end": json.dumps({"id": "a", "title": "T", "body": "x" * 60_000}),
    "quotes in quotes": json.dumps({"id": "a", "title": "T", "body": ">" * 60_000}),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(app: Flask, tmp_path: Path, name: str) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(LINES[name] + '\n{"id":"good","title":"Good","body":"Text"}\n')
    started = time.monotonic()
    with app.app_context():
        report = take("jsonl", file)
    assert time.monotonic() - started < 5
    assert report.added >= 1
    assert all(len(str(problem)) < 600 for problem in report.problems)


def page(text: str, more: str = "") -> str:
    return f'<page xmlns="http://projectmallard.org/1.0/" {more}><title>T</title><p>{text}</p></page>'


PAGES = {
    "elements in elements": page("<em>" * 5000 + "x" + "</em>" * 5000),
    "sections in sections": page("x</p>" + "<section><title>S</title>" * 3000 + "</section>" * 3000 + "<p>"),
    "elements without end": page("<em>" * 50_000 + "x" + "</em>" * 50_000),
    "lists in lists": page("x</p>" + "<list><item>" * 800 + "</item></list>" * 800 + "<p>"),
    "a deep title": '<page xmlns="http://projectmallard.org/1.0/"><title>%s</title></page>'
    % ("<em>" * 5000 + "x" + "</em>" * 5000),
    "an id with a way out": page("x", 'id="../../../etc/passwd"'),
    "an id without end": page("x", f'id="{"x" * 5000}"'),
    "a guide with a way out": page("x", 'id="a/b"').replace(
        "<title>", '<info><link type="guide" xref="index"/></info><title>', 1
    ),
    "an entity": "<!DOCTYPE page [<!ENTITY a 'x'>]>" + page("&a;"),
    "an entity in capitals": "<!doctype page [<!entity a 'x'>]>" + page("&a;"),
    "UTF-16 that hides an entity": "utf-16",
    "a gigabyte": "large",
}


@pytest.mark.parametrize("name", PAGES)
def test_pages(app: Flask, tmp_path: Path, name: str) -> None:
    text = PAGES[name]
    if text == "large":
        with (tmp_path / "bad.page").open("wb") as file:
            file.truncate(2**30)
    else:
        coded = ("<!DOCTYPE p [<!ENTITY a 'x'>]>" + page("&a;")).encode("utf-16") if text == "utf-16" else text.encode()
        (tmp_path / "bad.page").write_bytes(coded)
    (tmp_path / "index.page").write_text(page("Good", 'id="index"'))
    with app.app_context():
        report = take("mallard", tmp_path)
    assert report.added >= 1
    assert all(len(str(problem)) < 600 for problem in report.problems)


QUESTION = '<row Id="{}" PostTypeId="1" Title="{}" Body="x" {}/><row Id="{}9" PostTypeId="2" ParentId="{}" Body="y"/>'


def questions(title: str = "Bad", more: str = "") -> str:
    return "<posts>" + "".join(QUESTION.format(n, t, more, n, n) for n, t in ((1, title), (2, "Good"))) + "</posts>"


POSTS = {
    "an entity": "<!DOCTYPE p [<!ENTITY a 'x'>]>" + questions("&a;"),
    "entities that laugh": "<!DOCTYPE p [<!ENTITY a 'xx'><!ENTITY b '&a;&a;'>]>" + questions("&b;"),
    "a file from outside": "<!DOCTYPE p SYSTEM 'file:///etc/passwd'>" + questions(),
    "elements in elements": "<posts>" + "<a>" * 1_000_000,
    "a row without end": '<posts><row Id="1" Body="' + "x" * 30_000_000,
    "a comment without end": "<posts><!--" + "x" * 30_000_000,
    "attributes without end": "<posts><row " + " ".join(f'a{n}=""' for n in range(200_000)) + "/></posts>",
    "numbers without end": questions(more=f'Score="{"9" * 5000}" AcceptedAnswerId="-{"9" * 400}"'),
    "a date in the first year": questions(more='LastEditDate="0001-01-01T00:00:00"'),
    "NUL": "<posts>\0</posts>",
    "an odd encoding": '<?xml version="1.0" encoding="utf-7"?>' + questions(),
    "an encoding that is none": '<?xml version="1.0" encoding="zlib"?>' + questions(),
}


@pytest.mark.parametrize("name", POSTS)
def test_posts(app: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "Posts.xml").write_text(POSTS[name])
    started = time.monotonic()
    with app.app_context():
        report = take("stackexchange", tmp_path)
    assert time.monotonic() - started < 15
    assert report.added or report.problems
    assert all(len(str(problem)) < 600 for problem in report.problems)


HTML = {
    "elements in elements": "<q>" * 4400,
    "more elements in elements": "<mark>" * 39_000,
    "tables in tables": "<table><tr><td>" * 90 + "x",
    "cells without end": "<table><tr>" + '<td colspan="1000">x</td>' * 1100 + "</tr></table>",
    "a cell of odd figures": '<table><tr><td colspan="²">x</td></tr></table>',
    "a list from an odd figure": '<ol start="²"><li>x</li></ol>',
    "a list from far": f'<ol start="{"9" * 5000}"><li>x</li></ol>',
    "formatting that never ends": "<a><b><i><u><font><em>" * 15 + "<p>x" * 2000,
    "entities": "&amp;" * 300_000,
    "an attribute without end": '<p class="' + "x " * 500_000 + '">x</p>',
    "addresses that are none": '<a href="http://[::1">x</a><img src="http://[">x',
    "a script": "<script>alert(1)</script><p onclick=alert(1)>x</p><a href='java\nscript:alert(1)'>y</a>",
    "half a character": "<p>&#xD800; &#x110000; &#0;</p>",
    "an encoding that is none": '<meta charset="zlib"><p>x',
    "an encoding that is slow": '<meta charset="punycode"><p>' + "x" * 50_000 + "-" + "a" * 50_000,
    "an encoding of domains": '<meta charset="idna"><p>é' + "." * 1000,
}


@pytest.mark.parametrize("name", HTML)
def test_html(app: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.html").write_bytes(HTML[name].encode() + (b"\xff" if "encoding" in name else b""))
    (tmp_path / "good.html").write_text("<h1>Good</h1><p>Text")
    started = time.monotonic()
    with app.app_context():
        report = take("html", tmp_path)
    assert time.monotonic() - started < 8
    assert report.added >= 1
    assert all(len(str(problem)) < 600 for problem in report.problems)


def test_links_in_a_ring(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "ring.html").symlink_to("ring.html")
    (tmp_path / "ring.png").symlink_to("gnir.png")
    (tmp_path / "gnir.png").symlink_to("ring.png")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "good.html").write_text('<h1>Good</h1><p>Text <img src="ring.png"> <a href="ring.html">x</a>')
    (tmp_path / "good.md").write_text(GOOD + "\n![x](ring.png)\n")
    with app.app_context():
        assert take("html", tmp_path).added == 1
        assert take("markdown", tmp_path).added == 1


@pytest.mark.parametrize(
    "name", ["../secret.txt", ".git/secret.txt", "%2e%2e/secret.txt", "..%5csecret.txt", "up/secret.txt"]
)
def test_no_file_from_elsewhere_comes_along(app: Flask, tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    (home / ".git").mkdir(parents=True)
    for place in (tmp_path, home / ".git"):
        (place / "secret.txt").write_text("secret")
    (home / "up").symlink_to("..")
    (home / "good.md").write_text(GOOD + f"\n![x]({name})\n")
    with app.app_context():
        report = take("markdown", home)
    assert report.added == 1
    assert report.losses


def test_pipes_and_devices_are_passed_over(app: Flask, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "categories.toml")
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "zero.md").symlink_to("/dev/zero")
    (tmp_path / "good.md").write_text(GOOD)
    with app.app_context():
        assert take("markdown", tmp_path).added == 1


CATEGORIES = {
    "an order without end": '[[category]]\nslug = "a"\norder = 99999999999999999999\nen = { title = "A" }\n',
    "a slug with a way out": '[[category]]\nslug = "../../a"\nen = { title = "A" }\n',
    "a parent that is a list": '[[category]]\nslug = "a"\nparent = [1]\nen = { title = "A" }\n',
    "parents in a ring": "".join(
        f'[[category]]\nslug = "{a}"\nparent = "{b}"\nen = {{ title = "A" }}\n' for a, b in ("ab", "ba", "ab")
    ),
    "tables without end": "a = " + "[" * 50_000,
    "a number without end": "[[category]]\nslug = 'a'\norder = " + "9" * 5000,
    "a slug that is a number": "[[category]]\nslug = 5\n",
}


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories(app: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "categories.toml").write_text(CATEGORIES[name])
    (tmp_path / "good.md").write_text(GOOD)
    with app.app_context():
        assert take("markdown", tmp_path).added == 1
    assert app.test_client().get("/kb/").status_code == 200
