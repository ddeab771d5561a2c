"""Bringing articles in: Markdown with front matter, and the demo. What can't be taken is reported, never fatal."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import frontmatter
import yaml  # type: ignore[import-untyped]
from frontmatter.default_handlers import YAMLHandler

from knowledge.articles.rendering import LONGEST
from knowledge.articles.writing import Manuscript, publish_all, shelve
from knowledge.search.index import apply_changes

KEYS = frozenset(
    {"id", "slug", "lang", "title", "summary", "category", "product", "versions", "tags", "visibility"}
    | {"machine_translated", "translation_of", "status", "updated"}
)


class NotTaken(Exception):
    """A file or folder that can't be imported; the text tells its operator why."""


@dataclass(frozen=True)
class Problem:
    """A file that wasn't taken, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass
class Report:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged"
        return f"{counts}, {len(self.problems)} not taken"


def import_folder(path: Path, *, now: datetime, lang: str | None = None) -> Report:
    """Import every `.md` file below `path`. `lang` is for files that name none. Takes `categories.toml` along.

    A file that is as it was imported last is skipped. Raises `NotTaken` when there is no such folder.
    """
    if not path.is_dir():
        raise NotTaken(f"{path} is no folder")
    report = Report()
    report.problems += import_categories(path / "categories.toml")
    sources: dict[str, str] = {}
    manuscripts = []
    for file in sorted(path.rglob("*.md")):
        name = str(file.relative_to(path))
        try:
            manuscript = read_manuscript(file, lang=lang)
        except NotTaken as error:
            report.problems.append(Problem(name, str(error)))
            continue
        if manuscript.external_id in sources:
            first = sources[manuscript.external_id]
            report.problems.append(Problem(name, f"has the same id as {first}: {manuscript.external_id}"))
            continue
        sources[manuscript.external_id] = name
        manuscripts.append(manuscript)
    take(manuscripts, sources, report, now=now)
    return report


def import_demo(*, now: datetime) -> Report:
    """The demo's knowledge base: categories, articles in every language, and their index. The caller commits."""
    report = import_folder(Path(__file__).parent.parent / "demo", now=now)
    apply_changes()
    return report


def take(manuscripts: Sequence[Manuscript], sources: dict[str, str], report: Report, *, now: datetime) -> None:
    """Write manuscripts and count what became of them; `sources` names the file of each external id."""
    for outcome in publish_all(manuscripts, now=now):
        if outcome.state == "refused":
            name = sources.get(outcome.manuscript.external_id, outcome.manuscript.external_id)
            report.problems.append(Problem(name, outcome.reason))
        else:
            setattr(report, outcome.state, getattr(report, outcome.state) + 1)


def import_categories(file: Path) -> list[Problem]:
    """Make the categories of a `categories.toml`: slug, order, icon, and a table for each language."""
    if not file.exists():
        return []
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("category", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return [Problem(file.name, str(error))]
    problems = []
    for number, table in enumerate(tables, 1):
        try:
            languages = {key: value for key, value in table.items() if isinstance(value, dict)}
            shelve(
                table["slug"],
                position=table.get("order", number),
                icon=table.get("icon", "book-open"),
                titles={lang: texts["title"] for lang, texts in languages.items()},
                descriptions={lang: texts.get("description", "") for lang, texts in languages.items()},
            )
        except KeyError as error:
            problems.append(Problem(file.name, f"category {number} lacks {error}"))
    return problems


def read_manuscript(file: Path, *, lang: str | None = None) -> Manuscript:
    """One Markdown file with front matter. Raises `NotTaken` with what can't be read."""
    if file.stat().st_size > LONGEST + 8192:
        raise NotTaken(f"the file is longer than {LONGEST // 1024} KB")
    try:
        metadata, body = frontmatter.parse(file.read_text(encoding="utf-8"), handler=YAMLHandler())
    except UnicodeDecodeError:
        raise NotTaken("the file is not UTF-8") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 2}" if line is not None else ""
        raise NotTaken(f"the front matter can't be read{where}: {getattr(error, 'problem', error)}") from None
    if not isinstance(metadata, dict) or not metadata:
        raise NotTaken("there is no front matter between --- lines at the top")
    if unknown := sorted(str(key) for key in metadata if key not in KEYS):
        raise NotTaken(f"unknown key in the front matter: {', '.join(unknown)}")
    return _manuscript(metadata, body, file, lang)


def _manuscript(metadata: dict[str, Any], body: str, file: Path, lang: str | None) -> Manuscript:
    language = str(metadata.get("lang") or lang or "")
    if not language:
        raise NotTaken("the language is missing: write lang: en")
    tags = metadata.get("tags") or []
    if not isinstance(tags, list):
        raise NotTaken("tags must be a list: [first, second]")
    if not isinstance(metadata.get("machine_translated", False), bool):
        raise NotTaken("machine_translated is true or false")
    return Manuscript(
        external_id=_text(metadata, "id") or f"{language}/{file.stem}",
        slug=_text(metadata, "slug") or file.stem,
        lang=language,
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


def _text(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    if isinstance(value, list | dict):
        raise NotTaken(f"{key} must be a single text")
    return str(value).strip() if value not in (None, "") else None


def _moment(value: Any) -> datetime | None:
    """A date is noon UTC of that day: the same day nearly everywhere."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(12), UTC)
    raise NotTaken(f"updated is no date like 2026-11-30: {value!r}")
