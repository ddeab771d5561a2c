"""The text of documents: read by the worker in a process of its own, kept page by page."""

import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select, update

from knowledge.documents import files
from knowledge.documents.document import READY, UNREADABLE, Document, DocumentPage
from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from portal.confined import Limits, run_apart
from portal.db import db
from portal.jobs import job

log = logging.getLogger(__name__)

READER: Final = Path(__file__).with_name("pdf_reader.py")
MOST_PAGES, MOST_CHARACTERS = 5000, 20_000_000
LIMITS: Final = Limits(memory=700 * 2**20, seconds=90, output=200 * 2**20, patience=150)  # less than a job's lease

LOCKED, BROKEN, SLOW, SCANNED, CUT, LOST = "locked", "broken", "slow", "scanned", "cut", "lost"
PROBLEMS: Final = {
    LOCKED: _l("The PDF asks for a password. Upload it without one, so that it can be searched."),
    BROKEN: _l("The PDF is broken or has no pages: most programs can't open it. Export it again."),
    SLOW: _l("Reading this PDF took too much time or memory. Its pages are not searched, only title and summary."),
    SCANNED: _l("The PDF has no text, only pictures. Recognise its text (OCR), so that it can be searched."),
    CUT: _l("The PDF is very long. The text of its last pages is not searched."),
    LOST: _l("The file is not on the disk any more. Upload it again."),
}


@dataclass(frozen=True)
class Reading:
    """What a PDF says. `pages` counts them; it is None where nobody can tell."""

    texts: tuple[str, ...] = ()
    pages: int | None = None
    problem: str = ""

    @property
    def state(self) -> str:
        return READY if any(self.texts) else UNREADABLE


@job("read_document", attempts=4)
def read_document(document_id: int) -> None:
    """Read a document's file and keep its text, unless the file was replaced meanwhile: that one has its own job."""
    token = db.session.scalar(select(Document.token).where(Document.id == document_id))
    db.session.rollback()  # reading takes its time: nobody should wait for it
    if token is not None:
        keep(document_id, token, read_pdf(files.path_of(token)))


def keep(document_id: int, token: str, reading: Reading) -> None:
    """Put what was read in the place of the text before."""
    outcome = {"text_state": reading.state, "problem": reading.problem, "pages": reading.pages}
    same = update(Document).where(Document.id == document_id, Document.token == token)
    if db.session.execute(same.values(**outcome).returning(Document.id)).first() is None:
        return
    db.session.execute(delete(DocumentPage).where(DocumentPage.document_id == document_id))
    texts = [
        {"document_id": document_id, "number": number, "text": text}
        for number, text in enumerate(reading.texts, 1)
        if text
    ]
    if texts:
        db.session.execute(insert(DocumentPage), texts)
    Edition.advance()
    note_changes([document_id], "document")


def read_pdf(path: Path) -> Reading:
    """What this PDF says; never raises for what stands in it."""
    if not path.exists():
        return Reading(problem=LOST)
    with tempfile.TemporaryFile() as out:
        ended = run_apart(READER, str(path), str(MOST_PAGES), str(MOST_CHARACTERS), within=LIMITS, out=out)
        out.seek(0)
        reading = _reading(out)
    if ended:
        log.warning("reading a PDF broke off", extra={"path": path.name, "code": ended})
    return reading


def _reading(out: IO[bytes]) -> Reading:
    """What the reader wrote, up to where it broke off."""
    texts: list[str] = []
    for line in out:
        try:
            said = json.loads(line)
        except ValueError:  # cut off in the middle of a page
            break
        if isinstance(said, dict):
            return _whole(tuple(texts), said)
        texts.append(said)
    return Reading(tuple(texts), None, CUT if any(texts) else SLOW)


def _whole(texts: tuple[str, ...], said: dict[str, object]) -> Reading:
    if problem := said.get("problem"):
        return Reading(problem=str(problem))
    pages = int(str(said["pages"]))
    if not pages:
        return Reading(problem=BROKEN)
    cut = pages > len(texts) or sum(map(len, texts)) >= MOST_CHARACTERS
    return Reading(texts, pages, SCANNED if not any(texts) else CUT if cut else "")
