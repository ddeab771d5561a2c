"""StackExchange's `Posts.xml` as topics: questions with all their answers, and `Users.xml` beside it for the names."""

import sqlite3
from pathlib import Path
from xml.parsers import expat

from knowledge.exchange.report import NotTaken, Problem
from knowledge.exchange.stack_exchange import loaded, moment_of, tags_of, text_of
from knowledge.exchange.threads import OldPost, OldTopic, Threads

_COLUMNS = "id, accepted, score, made, changed, title, tags, body, owner, views"


def read_stack_exchange(path: Path) -> Threads:
    """Raises `NotTaken` when there is no such file."""
    file = path / "Posts.xml" if path.is_dir() else path
    if not file.is_file():
        raise NotTaken(f"there is no {file}")
    names = _names(file.with_name("Users.xml"))
    with loaded(file) as (posts, problem):
        posts.row_factory = sqlite3.Row
        for row in posts.execute(f"select {_COLUMNS} from post where parent is null order by id"):
            answers = posts.execute(f"select {_COLUMNS} from post where parent = ? order by made, id", [row["id"]])
            yield _topic(row, answers.fetchall(), names, file.name)
        if problem:
            yield problem


def _topic(row: sqlite3.Row, answers: list[sqlite3.Row], names: dict[str, str], file: str) -> OldTopic | Problem:
    left_out: list[str] = []
    address = f"/questions/{row['id']}"
    first = _post(row, address, names, left_out)
    posts = [first, *(_post(one, f"/a/{one['id']}", names, left_out, row["accepted"]) for one in answers)]
    if any(post is None for post in posts):
        return Problem(f"{file}: question {row['id']}", "a post of it has no date")
    return OldTopic(
        address=address,
        title=(row["title"] or "").strip(),
        posts=tuple(post for post in posts if post),
        tags=tags_of(row["tags"] or ""),
        views=row["views"] or 0,
        left_out=tuple(dict.fromkeys(left_out)),
    )


def _post(
    row: sqlite3.Row, address: str, names: dict[str, str], left_out: list[str], accepted: int | None = None
) -> OldPost | None:
    made, changed = moment_of(row["made"]), moment_of(row["changed"])
    if made is None:
        return None
    return OldPost(
        body=text_of(row["body"] or "", left_out),
        author=names.get(row["owner"], "" if row["owner"].isdecimal() else row["owner"]),
        created_at=made,
        address=address,
        votes=max(0, row["score"] or 0),
        is_accepted=bool(accepted and accepted == row["id"]),
        edited_at=changed if address.startswith("/a/") and changed and changed > made else None,
    )


def _names(file: Path) -> dict[str, str]:
    """The names of `Users.xml` by number; what can't be read leaves people without."""
    found: dict[str, str] = {}
    if not file.is_file():
        return found

    def start(name: str, row: dict[str, str]) -> None:
        if name == "row":
            found[row.get("Id", "")] = row.get("DisplayName", "")[:100]

    def refuse(*_: object) -> None:
        raise NotTaken(f"{file.name} declares a DTD or entities, which aren't read")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = start, refuse, refuse
    try:
        with file.open("rb") as stream:
            parser.ParseFile(stream)
    except (ValueError, LookupError):  # declared as what expat can't read, or Python has no codec for
        raise NotTaken(f"{file.name} is in an encoding that can't be read: save it as UTF-8") from None
    except expat.ExpatError as error:
        raise NotTaken(f"{file.name}: no XML from line {error.lineno} on") from None
    return found
