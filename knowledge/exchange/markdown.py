"""A folder of Markdown with front matter, and the demo's. What can't be taken is reported, never fatal."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from knowledge.articles.rendering import LONGEST
from knowledge.articles.writing import SLUG, Manuscript
from knowledge.exchange import front_matter
from knowledge.exchange.enclosures import address_of, enclose, is_local
from knowledge.exchange.files import read_text, walk
from knowledge.exchange.intake import Enclosure, Incoming, Intake, Made, NewCategory, digest_of, source_of
from knowledge.exchange.report import NotTaken, Problem, Report
from knowledge.exchange.taking import SHELF, take_all
from knowledge.search.index import apply_changes

KEYS = frozenset(
    {"id", "slug", "lang", "title", "summary", "category", "product", "versions", "tags", "visibility"}
    | {"machine_translated", "translation_of", "status", "updated", "position", "check_by", "files", "verbatim"}
    | {"old_addresses"}
)
LARGEST_LIST = 4 * 1024 * 1024  # of categories: some thousand
FILES = "files"  # the folder of an export's images and attachments
_IMAGE = re.compile(r"(!\[[^\]\n]{0,500}\]\()<?([^\s<>()]{1,500})>?((?:[ \t]+\"[^\"\n]{0,300}\")?\))")


def import_folder(path: Path, *, now: datetime, lang: str | None = None) -> Report:
    """Import every `.md` file below `path`. `lang` is for files that name none. Takes `categories.toml` along.

    A file that is as it was imported last is skipped. Raises `NotTaken` when there is no such folder.
    """
    return take_all(read_folder(path, lang=lang), now=now)


def import_demo(*, now: datetime) -> Report:
    """The demo's knowledge base: categories, articles in every language, and their index. The caller commits."""
    report = import_folder(Path(__file__).parent.parent / "demo", now=now)
    apply_changes()
    return report


def read_folder(path: Path, *, lang: str | None = None, collection: str = "") -> Intake:
    """What the folder brings: originals before their translations."""
    files = [file for file in walk(path, ".md") if file.relative_to(path).parts[0] != FILES]
    categories, problems = read_categories(path / "categories.toml")
    return Intake(
        source=source_of("markdown", path, collection),
        items=_items(path, files, lang),
        categories=categories,
        problems=problems,
        takes_over=True,  # the id is written in the file
        total=len(files),
    )


def _items(root: Path, files: list[Path], lang: str | None) -> Iterator[Incoming | Problem]:
    later: list[Path] = []
    for file in files:
        item = _item(root, file, lang)
        if item is None:
            later.append(file)
        else:
            yield item
    yield from (item for file in later if (item := _item(root, file, lang, is_turn=True)))


def _item(root: Path, file: Path, lang: str | None, *, is_turn: bool = False) -> Incoming | Problem | None:
    """One file; None for a translation before its turn."""
    name = str(file.relative_to(root))
    try:
        text, metadata, body = _read(file)
        external_id = _text(metadata, "id") or f"{_language(metadata, lang)}/{file.stem}"
    except NotTaken as error:
        return Problem(name, str(error))
    if metadata.get("translation_of") and not is_turn:
        return None
    return Incoming(
        external_id,
        name,
        digest_of(name, lang or "", text, *_stamps(root, file, body)),
        lambda: _made(root, file, external_id, metadata, body, lang),
    )


def _stamps(root: Path, file: Path, body: str) -> Iterator[str]:
    """What tells that an image beside the file was replaced."""
    for match in _IMAGE.finditer(body):
        if is_local(match[2]) and not match[2].startswith("/"):
            try:
                status = (file.parent / match[2]).stat()
            except (OSError, ValueError):
                continue
            yield f"{match[2]} {status.st_size} {status.st_mtime_ns}"


def _read(file: Path) -> tuple[str, dict[str, Any], str]:
    """The text, the front matter and the body. Raises `NotTaken` with what can't be read."""
    text = read_text(file, most=LONGEST + 8192)
    metadata, body = front_matter.parse(text.replace("\r\n", "\n"))
    if unknown := sorted(str(key) for key in metadata if key not in KEYS):
        raise NotTaken(f"unknown key in the front matter: {', '.join(unknown)[:200]}")
    if metadata.get("verbatim") is True and "\n---\n" in text:
        body = text.split("\n---\n", 1)[1]
    return text, metadata, body


def _language(metadata: dict[str, Any], lang: str | None) -> str:
    language = str(metadata.get("lang") or lang or "")
    if not language:
        raise NotTaken("the language is missing: write lang: en")
    return language


def _made(root: Path, file: Path, external_id: str, metadata: dict[str, Any], body: str, lang: str | None) -> Made:
    tags = metadata.get("tags") or []
    if not isinstance(tags, list):
        raise NotTaken("tags must be a list: [first, second]")
    for key in ("machine_translated", "verbatim"):
        if not isinstance(metadata.get(key, False), bool):
            raise NotTaken(f"{key} is true or false")
    listed = list(_listed(root, metadata.get("files")))
    body, images, left_out = _with_images(root, file, external_id, body)
    manuscript = Manuscript(
        external_id=external_id,
        slug=_text(metadata, "slug") or file.stem,
        lang=_language(metadata, lang),
        title=_text(metadata, "title") or "",
        body=body,
        summary=_text(metadata, "summary") or "",
        category=_text(metadata, "category"),
        product=_text(metadata, "product"),
        versions=_text(metadata, "versions"),
        tags=tuple(str(tag) for tag in tags),
        visibility=_text(metadata, "visibility") or "public",
        machine_translated=bool(metadata.get("machine_translated", False)),
        translation_of=_text(metadata, "translation_of"),
        status=_text(metadata, "status") or "published",
        updated_at=_moment(metadata.get("updated")),
    )
    position, check_by = metadata.get("position"), metadata.get("check_by")
    if position is not None and (isinstance(position, bool) or not isinstance(position, int) or abs(position) > 10**9):
        raise NotTaken("position must be a number")
    if check_by is not None and (not isinstance(check_by, date) or isinstance(check_by, datetime)):
        raise NotTaken(f"check_by is no date like 2026-11-30: {str(check_by)[:40]}")
    once = metadata.get("old_addresses") or []
    if not isinstance(once, list) or not all(isinstance(slug, str) and SLUG.fullmatch(slug) for slug in once):
        raise NotTaken("old_addresses must be a list of addresses: [first-steps]")
    files = {enclosure.token: enclosure for enclosure in (*images, *listed)}
    given = (manuscript, tuple(files.values()), tuple(left_out))
    return Made(*given, position=position, check_by=check_by, old_addresses=tuple(once))


def _with_images(root: Path, file: Path, external_id: str, body: str) -> tuple[str, list[Enclosure], list[str]]:
    """The body with its local images at the addresses they get, those images, and what can't be had of them."""
    found: dict[str, Enclosure] = {}
    left_out: list[str] = []

    def moved(match: re.Match[str]) -> str:
        name = match[2]
        if name.startswith("/") or not is_local(name):
            return match[0]
        try:
            enclosure = enclose(root, file.parent, name, external_id)
        except NotTaken as error:
            left_out.append(str(error))
            return match[0]
        found[enclosure.token] = enclosure
        return f"{match[1]}{address_of(enclosure)}{match[3]}"

    return _IMAGE.sub(moved, body), list(found.values()), left_out


def _listed(root: Path, entries: Any) -> Iterator[Enclosure]:
    """The files an export names: they lie at files/<token>/<name> and keep their tokens."""
    if not isinstance(entries, list | None) or not all(isinstance(entry, dict) for entry in entries or ()):
        raise NotTaken("files must be a list of tables")
    for entry in entries or ():
        token, name = str(entry.get("token", "")), str(entry.get("name", ""))
        if not re.fullmatch(r"[A-Za-z0-9_-]{16,40}", token):
            raise NotTaken(f"this is no token of a file: {token[:60]}")
        enclosure = enclose(root, root, f"{FILES}/{token}/{quoted(name)}", "")
        yield Enclosure(
            token,
            enclosure.filename,
            enclosure.content_type,
            enclosure.size,
            enclosure.sha256,
            enclosure.path,
            is_listed=entry.get("listed") is True,
        )


def quoted(name: str) -> str:
    """A file's name as part of an address; one that would leave its folder is refused later."""
    return name.replace("%", "%25").replace("#", "%23").replace("?", "%3F")


def read_categories(file: Path) -> tuple[tuple[NewCategory, ...], tuple[Problem, ...]]:
    """The categories of a `categories.toml`: slug, order, icon, parent, and a table for each language."""
    if not file.is_file():
        return (), ()
    try:
        tables = tomllib.loads(read_text(file, most=LARGEST_LIST)).get("category", [])
    except (NotTaken, ValueError, RecursionError) as error:
        return (), (Problem(file.name, str(error)[:200]),)
    categories, problems = [], []
    for number, table in enumerate(tables if isinstance(tables, list) else [], 1):
        try:
            categories.append(_category(table, number))
        except KeyError as error:
            problems.append(Problem(file.name, f"category {number} lacks {error}"))
        except (TypeError, AttributeError, ValueError):
            problems.append(Problem(file.name, f"category {number} can't be read"))
    return tuple(categories), tuple(problems)


def _category(table: dict[str, Any], number: int) -> NewCategory:
    languages = {key: value for key, value in table.items() if isinstance(value, dict)}
    position = int(table.get("order", number))
    if not SHELF.fullmatch(table["slug"]) or abs(position) > 10**9:
        raise ValueError
    return NewCategory(
        slug=table["slug"],
        titles={lang: str(texts["title"]) for lang, texts in languages.items() if texts.keys() != {"description"}},
        descriptions={lang: str(texts["description"]) for lang, texts in languages.items() if "description" in texts},
        position=position,
        icon=str(table.get("icon", "book-open"))[:40],
        parent=str(table["parent"])[:80] if "parent" in table else None,
        is_exact=True,
    )


def _text(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    if isinstance(value, list | dict):
        raise NotTaken(f"{key} must be a single text")
    return str(value) if value not in (None, "") else None


def _moment(value: Any) -> datetime | None:
    """A date is noon UTC of that day: the same day nearly everywhere."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(12), UTC)
    raise NotTaken(f"updated is no date like 2026-11-30: {str(value)[:40]}")
