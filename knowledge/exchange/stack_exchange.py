"""StackExchange's `Posts.xml`: each question with its best answers becomes an article.

The file is read as a stream of rows into a database of its own on the disk, because answers may stand far from their
questions; nothing of it is held in memory. A DTD or entity of any kind ends the reading.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from flask_babel import force_locale, gettext

from knowledge.articles.writing import Manuscript
from knowledge.exchange.html_text import convert
from knowledge.exchange.intake import Incoming, Intake, Made, digest_of, source_of
from knowledge.exchange.report import NotTaken, Problem
from portal.web import settings

QUESTION, ANSWER = "1", "2"
ACCEPTED, BEST, OTHER = "accepted", "best", "other"  # answers, by what stands above them
MOST_ANSWERS = 3  # the accepted one and the best of the others
CHUNK = 256 * 1024
BUFFERED = 2000  # rows written at once
LONGEST_ROW = 1024 * 1024
_TABLE = """
create table post (id integer primary key, parent integer, accepted integer, score integer, made text, changed text,
                   title text, tags text, body text, owner text, views integer);
"""

Row = tuple[object, ...]


def read_posts(path: Path, *, lang: str = "en", collection: str = "") -> Intake:
    """What the file brings. Ids are `collection/number`; `collection` is the name of the file's folder."""
    file = path / "Posts.xml" if path.is_dir() else path
    if not file.is_file():
        raise NotTaken(f"there is no {file}")
    named = collection or file.resolve().parent.name
    source = source_of("stackexchange", file, collection)
    return Intake(source, _items(file, named, lang), takes_over=bool(collection))


def _items(file: Path, collection: str, lang: str) -> Iterator[Incoming | Problem]:
    with loaded(file) as (posts, problem):
        yield from _questions(posts, file.name, collection, lang)
        if problem:
            yield problem


@contextmanager
def loaded(file: Path) -> Iterator[tuple[sqlite3.Connection, Problem | None]]:
    """The file's rows as the table `post` of a database for this once, and what ended the reading too early."""
    with tempfile.TemporaryDirectory(prefix="posts-") as folder:
        posts = sqlite3.connect(Path(folder) / "posts.db", isolation_level=None)
        try:
            posts.executescript(f"pragma journal_mode=off; pragma synchronous=off; {_TABLE}")
            problem = _load(file, posts)
            posts.execute("create index answers on post (parent, score)")
            yield posts, problem
        finally:
            posts.close()


def _load(file: Path, posts: sqlite3.Connection) -> Problem | None:
    """Read all rows; what is wrong with the file ends the reading and is returned."""
    rows: list[Row] = []
    try:
        with file.open("rb") as stream:
            for row in _rows(stream):
                rows.append(row)
                if len(rows) >= BUFFERED:
                    _insert(posts, rows)
    except NotTaken as error:
        return Problem(file.name, f"{error}: nothing was read behind it")
    finally:
        _insert(posts, rows)
    return None


def _insert(posts: sqlite3.Connection, rows: list[Row]) -> None:
    posts.execute("begin")
    posts.executemany("insert or ignore into post values (?,?,?,?,?,?,?,?,?,?,?)", rows)
    posts.execute("commit")
    rows.clear()


def _rows(stream: BinaryIO) -> Iterator[Row]:
    """The posts of the stream. Raises `NotTaken` with the line of what can't be read."""
    found: list[Row] = []
    line_length = 0
    parser = expat.ParserCreate()

    def refuse(*_: object) -> NoReturn:
        raise NotTaken("the file declares a DTD or entities, which aren't read")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal line_length
        line_length = 0
        if name == "row" and (row := _post(attributes)):
            found.append(row)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start
    while True:
        chunk = stream.read(CHUNK)
        line_length += len(chunk)
        try:
            parser.Parse(chunk, not chunk)
        except (ValueError, LookupError):  # declared as what expat can't read, or Python has no codec for
            raise NotTaken("it is in an encoding that can't be read: save it as UTF-8") from None
        except expat.ExpatError as error:
            yield from found
            raise NotTaken(f"no XML from line {error.lineno} on: {expat.errors.messages[error.code]}") from None
        yield from found
        found.clear()
        if line_length > LONGEST_ROW + CHUNK:
            raise NotTaken(f"line {parser.CurrentLineNumber} has a row of more than {LONGEST_ROW // 1024} KB")
        if not chunk:
            return


def _post(attributes: dict[str, str]) -> Row | None:
    get = attributes.get
    if get("PostTypeId") not in (QUESTION, ANSWER) or not get("Id", "").isdecimal():
        return None
    if get("PostTypeId") == ANSWER and not get("ParentId", "").isdecimal():
        return None
    numbers = (_number(get("Id")), _number(get("ParentId")), _number(get("AcceptedAnswerId")), _number(get("Score")))
    if numbers[0] is None:
        return None
    changed = get("LastEditDate") or get("LastActivityDate") or get("CreationDate")
    owner = get("OwnerUserId") or get("OwnerDisplayName") or ""
    text = (get("Title"), get("Tags"), get("Body", ""))
    return (*numbers, get("CreationDate"), changed, *text, owner, _number(get("ViewCount")))


def _number(text: str | None) -> int | None:
    if not text or not text.lstrip("-").isdecimal() or len(text) > 18:
        return None
    return int(text)


def _questions(posts: sqlite3.Connection, file: str, collection: str, lang: str) -> Iterator[Incoming | Problem]:
    translated = () if lang.split("-")[0] == "en" else tuple(_headings(lang).values())
    asked = posts.execute("select id, accepted, changed, title, tags, body from post where parent is null order by id")
    best = (
        "select body, id = ? as is_accepted, score from post where parent = ? order by 2 desc, score desc, id limit ?"
    )
    for number, accepted, changed, title, tags, body in asked:
        name = f"{file}: question {number}"
        answers = posts.execute(best, (accepted or 0, number, MOST_ANSWERS)).fetchall()
        answers = [row for row in answers if row[1] or (row[2] or 0) >= 0]
        if not answers:
            yield Problem(name, "it has no answer")
            continue
        texts = [row[0] or "" for row in answers]
        yield Incoming(
            f"{collection}/{number}",
            name,
            digest_of(title or "", tags or "", changed or "", lang, body or "", *texts, *translated),
            partial(_made, f"{collection}/{number}", lang, title, tags, changed, body, answers),
        )


def _made(
    external_id: str,
    lang: str,
    title: str | None,
    tags: str | None,
    changed: str | None,
    body: str,
    answers: list[tuple[str, int, int]],
) -> Made:
    left_out: list[str] = []
    parts = [text_of(body, left_out)]
    accepted, headings = bool(answers[0][1]), _headings(lang)
    for number, (text, is_accepted, _) in enumerate(answers):
        heading = headings[ACCEPTED if is_accepted else BEST if not number and not accepted else OTHER]
        parts.append(f"## {heading}\n\n{text_of(text, left_out)}")
    manuscript = Manuscript(
        external_id=external_id,
        slug="",
        lang=lang,
        title=(title or "").strip()[:300],
        body="\n\n".join(part for part in parts if part),
        tags=tags_of(tags or ""),
        updated_at=moment_of(changed),
    )
    return Made(manuscript, left_out=tuple(dict.fromkeys(left_out)))


def _headings(lang: str) -> dict[str, str]:
    """What stands above the answers, in the language they are in as far as the portal speaks it."""
    base = lang.split("-")[0]
    with force_locale(base if base in settings().languages else "en"):
        return {ACCEPTED: gettext("Accepted answer"), BEST: gettext("Answer"), OTHER: gettext("Another answer")}


def text_of(html: str, left_out: list[str]) -> str:
    """A post as Markdown, without its images: they lie elsewhere."""

    def image(source: str) -> str:
        left_out.append("images that lie elsewhere")
        return ""

    def link(address: str) -> str:
        return address if address.startswith(("http://", "https://", "mailto:")) else ""

    converted = convert(html, link=link, image=image, is_page=False)
    left_out += converted.left_out
    return converted.body


def tags_of(tags: str) -> tuple[str, ...]:
    """`<linux><disk-usage>`, or `|linux|disk-usage|` of newer dumps."""
    return tuple(tag for tag in tags.replace("<", "|").replace(">", "|").split("|") if tag)[:20]


def moment_of(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
