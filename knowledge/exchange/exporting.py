"""Writing the knowledge base out: the same articles always make the same files, so that they can be kept in git."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from sqlalchemy import select

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile, OldAddress
from knowledge.exchange import enclosures
from knowledge.exchange.folder import Folder, toml
from knowledge.exchange.manuals_out import export_documents
from knowledge.exchange.markdown import FILES
from knowledge.exchange.site import write_site
from knowledge.exchange.stored import Stored, stored
from portal.db import db

Problems = list[tuple[str, str]]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


def export_markdown(path: Path) -> tuple[int, Problems]:
    """Everything, as a folder that `import markdown` reads back without a difference. Returns (articles, problems)."""
    folder, problems, count = Folder(path), Problems(), 0
    if categories := _categories():
        folder.write("categories.toml", categories)
    files, once = _files(), _old_addresses()
    for article in stored():
        entries = []
        for file in files.get(article.id, ()):
            try:
                folder.copy(f"{FILES}/{file.token}/{file.filename}", enclosures.path_of(file.token))
                entries.append({"token": file.token, "name": file.filename, "listed": file.is_listed})
            except OSError as error:
                problems.append(
                    (article.manuscript.external_id, f"its file {file.filename} is missing: {error.strerror}")
                )
        folder.write(_path(article), _document(article, entries, once.get(article.id)))
        count += 1
    folder.finish()
    return count, problems


def export_lines(path: Path) -> tuple[int, Problems]:
    """Every article as a line of JSON, originals before their translations."""
    count = 0
    titles = {row.slug: row.titles for row in db.session.execute(select(Category.slug, Category.titles))}
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        for condition in (Article.translation_of_id.is_(None), Article.translation_of_id.is_not(None)):
            for article in stored(condition):
                file.write(json.dumps(_line(article, titles), ensure_ascii=False) + "\n")
                count += 1
    beside.replace(path)
    return count, []


EXPORTS: dict[str, Callable[[Path], tuple[int, Problems]]] = {
    "markdown": export_markdown,
    "jsonl": export_lines,
    "html": write_site,
    "documents": export_documents,
}


def _line(article: Stored, titles: dict[str, dict[str, str]]) -> dict[str, Any]:
    m = article.manuscript
    line: dict[str, Any] = {"id": m.external_id, "title": m.title, "body": m.body, "lang": m.lang}
    if m.category:
        names = titles.get(m.category) or {}
        line |= {"section": names.get(m.lang) or next(iter(names.values()), m.category), "category": m.category}
    return line | {"slug": m.slug} | _properties(article)


def _properties(article: Stored) -> dict[str, Any]:
    """What differs from an article's usual properties, for JSON."""
    m = article.manuscript
    usual = {
        "summary": m.summary,
        "product": m.product,
        "versions": m.versions,
        "tags": list(m.tags),
        "visibility": m.visibility if m.visibility != "public" else "",
        "translation_of": m.translation_of,
        "machine_translated": m.machine_translated,
        "status": m.status if m.status != "published" else "",
        "updated": m.updated_at.isoformat() if m.updated_at else "",
    }
    return {key: value for key, value in usual.items() if value}


def _document(article: Stored, files: list[dict[str, Any]], once: list[str] | None) -> str:
    """Front matter and text. A text that begins or ends in blanks, or has odd line ends, is kept to the letter."""
    m = article.manuscript
    front: dict[str, Any] = {"id": m.external_id, "slug": m.slug, "lang": m.lang, "title": m.title}
    front |= {"category": m.category} if m.category else {}
    front |= _properties(article)
    if m.updated_at:
        front["updated"] = _updated(m.updated_at)
    if article.position:
        front["position"] = article.position
    if article.check_by:
        front["check_by"] = article.check_by
    if once:
        front["old_addresses"] = once
    if files:
        front["files"] = files
    is_plain = m.body == m.body.strip() and "\r" not in m.body and not m.body.startswith("\ufeff")
    if not is_plain:
        front["verbatim"] = True
    top = yaml.dump(front, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6)
    return f"---\n{top}---\n\n{m.body}\n" if is_plain else f"---\n{top}---\n{m.body}"


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Never writes the same list as an alias of another."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _updated(moment: datetime) -> Any:
    moment = moment.astimezone(UTC)
    noon = moment.replace(hour=12, minute=0, second=0, microsecond=0)
    return moment.date() if moment == noon else moment


def _path(article: Stored) -> str:
    m = article.manuscript
    parts = [m.lang, *([m.category] if m.category and _SAFE.fullmatch(m.category) else []), f"{m.slug}.md"]
    return "/".join(parts)


def _files() -> dict[int, list[Any]]:
    files: dict[int, list[Any]] = {}
    columns = (ArticleFile.article_id, ArticleFile.token, ArticleFile.filename, ArticleFile.is_listed)
    for row in db.session.execute(select(*columns).order_by(ArticleFile.article_id, ArticleFile.token)):
        files.setdefault(row.article_id, []).append(row)
    return files


def _old_addresses() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in db.session.execute(select(OldAddress.article_id, OldAddress.slug).order_by(OldAddress.slug)):
        found.setdefault(row.article_id, []).append(row.slug)
    return found


def _categories() -> str:
    """`categories.toml`, in the order readers see them, sections behind what they belong to."""
    rows = db.session.scalars(select(Category).order_by(Category.position, Category.slug)).all()
    slugs = {row.id: row.slug for row in rows}
    parts = []
    above = {row.id: row.parent_id for row in rows}
    for row in sorted(rows, key=lambda row: _depth(row.id, above)):
        lines = ["[[category]]", f"slug = {toml(row.slug)}", f"order = {row.position}", f"icon = {toml(row.icon)}"]
        if row.parent_id in slugs:
            lines.append(f"parent = {toml(slugs[row.parent_id])}")
        for lang in sorted(set(row.titles) | set(row.descriptions)):
            texts = (("title", row.titles.get(lang)), ("description", row.descriptions.get(lang)))
            inner = ", ".join(f"{key} = {toml(text)}" for key, text in texts if text is not None)
            lines.append(f"{lang if _BARE.fullmatch(lang) else toml(lang)} = {{ {inner} }}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _depth(id: int | None, above: dict[int, int | None]) -> int:
    depth = 0
    while id is not None and depth < len(above):
        id, depth = above.get(id), depth + 1
    return depth
