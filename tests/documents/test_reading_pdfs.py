"""Reading PDFs: page by page, in a process that may break without anybody noticing but editors."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.documents import extraction
from knowledge.documents.document import READY, UNREADABLE, Document, DocumentPage
from knowledge.documents.extraction import BROKEN, CUT, LOCKED, LOST, SCANNED, SLOW, Reading, read_pdf
from knowledge.documents.pdf_reader import clean
from portal.confined import run_apart
from portal.db import db
from portal.jobs import Job
from scripts.manuals import pdf
from tests.documents.conftest import PAGES

WHOLE = pdf(PAGES)
# A password that nobody knows: the keys are made up.
KEYS = b"/ID [<00><00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
ENCRYPTED = WHOLE.replace(b"/Root 1 0 R", b"/Root 1 0 R " + KEYS)
BAD = {
    "encrypted": (ENCRYPTED, LOCKED),
    "torn": (WHOLE[:300], BROKEN),
    "junk": (b"%PDF-1.7\n" + bytes(range(256)) * 40, BROKEN),
    "without pages": (pdf([]), BROKEN),
    "scanned": (pdf([[], []]), SCANNED),
}


def test_the_text_is_kept_page_by_page(app: Flask, add: Callable[..., int]) -> None:
    key = add()
    with app.app_context():
        document = db.session.get_one(Document, key)
        assert (document.pages, document.text_state, document.problem) == (3, READY, "")
        pages = db.session.scalars(select(DocumentPage.text).order_by(DocumentPage.number)).all()
    assert "Change the bulb" in pages[1] and "foghorn" in pages[2]


@pytest.mark.parametrize("name", BAD)
def test_what_cant_be_read_is_told_to_editors(
    name: str, app: Flask, add: Callable[..., int], as_: Callable[[str], FlaskClient], client: FlaskClient
) -> None:
    content, problem = BAD[name]
    key = add(content=content)
    with app.app_context():
        document = db.session.get_one(Document, key)
        assert (document.text_state, document.problem) == (UNREADABLE, problem)
        assert db.session.scalars(select(Job.state).where(Job.kind == "read_document")).all() == ["done"]
        sentence = str(extraction.PROBLEMS[problem]).split(".")[0].split("'")[0]
    assert sentence in as_("editor").get(f"/kb/desk/documents/{key}").text
    assert sentence in as_("editor").get("/kb/desk/documents/?state=problem").text
    assert client.get("/manuals/harbour").status_code == 200
    assert client.get("/manuals/harbour/4.2/en/harbour.pdf", buffered=True).data == content
    assert "/manuals/harbour" in client.get("/search?q=harbour").text


def test_five_thousand_pages_are_read_and_more_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf([[("text", f"Page {n} of many.")] for n in range(5000)]))
    reading = read_pdf(path)
    assert (reading.pages, len(reading.texts), reading.problem) == (5000, 5000, "")
    assert reading.texts[4999] == "Page 4999 of many."
    monkeypatch.setattr(extraction, "MOST_PAGES", 10)
    cut = read_pdf(path)
    assert (cut.pages, len(cut.texts), cut.problem, cut.state) == (5000, 10, CUT, READY)


def test_a_pdf_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slow.pdf"
    path.write_bytes(WHOLE)
    reader = tmp_path / "reader.py"
    reader.write_text("import time\nprint('\"first page\"', flush=True)\ntime.sleep(60)\n")
    monkeypatch.setattr(extraction, "READER", reader)
    monkeypatch.setattr(extraction, "LIMITS", extraction.LIMITS._replace(patience=1))
    begun = time.monotonic()
    assert read_pdf(path) == Reading(("first page",), None, CUT)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("broken", ["import os; os.abort()", "bytearray(10**10)", "while True: pass"])
def test_a_reader_that_breaks_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """It crashes, takes more memory than it may, or more of the processor."""
    path, reader = tmp_path / "a.pdf", tmp_path / "reader.py"
    path.write_bytes(WHOLE)
    source = extraction.READER.read_text(encoding="utf-8")
    reader.write_text(source.replace("    import pypdfium2\n", f"    {broken}\n", 1), encoding="utf-8")
    monkeypatch.setattr(extraction, "READER", reader)
    monkeypatch.setattr(extraction, "LIMITS", extraction.LIMITS._replace(seconds=1))
    assert read_pdf(path) == Reading(problem=SLOW)


def test_a_script_has_its_limits_before_its_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY", "hidden")
    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, resource as r, sys\n"
        "kinds = (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE)\n"
        "limits = [r.getrlimit(kind)[1] for kind in kinds]\n"
        "print(json.dumps([limits, sys.argv[1:], 'PORTAL_SECRET_KEY' in os.environ, 'portal' in sys.modules]))\n"
    )
    with (tmp_path / "out").open("w+") as out:
        assert run_apart(script, "a", "b c", within=extraction.LIMITS, out=out) == 0
        out.seek(0)
        assert json.load(out) == [[*extraction.LIMITS[:3], 0], ["a", "b c"], False, False]


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    assert read_pdf(tmp_path / "nothing.pdf") == Reading(problem=LOST)


def test_a_reading_that_a_new_file_overtook_is_dropped(app: Flask, add: Callable[..., int]) -> None:
    key = add()
    with app.app_context():
        extraction.keep(key, "the file before", Reading(("Old text",), 1))
        assert db.session.get_one(Document, key).pages == 3
        db.session.rollback()


def test_words_parted_at_the_end_of_a_line_are_joined() -> None:
    assert clean("instal\ufffe\r\nlation of a Relay\ufffe\r\nGateway\x00!") == "installation of a Relay-Gateway !"
