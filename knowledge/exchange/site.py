"""A static copy of the knowledge base: what everybody may read, as HTML files that link to each other."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from flask import render_template
from markupsafe import Markup
from sqlalchemy import select

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile
from knowledge.exchange import enclosures
from knowledge.exchange.folder import Folder
from portal.audience import PUBLIC
from portal.db import db

_LINK = re.compile(r'(href|src)="/kb/([^"#?]*)((?:[#?][^"]*)?)"')


def write_site(path: Path) -> tuple[int, list[tuple[str, str]]]:
    """One file an article at `language/slug.html`, an index for each language. Returns (articles, problems)."""
    folder = Folder(path)
    pages = {(row.slug, row.lang) for row in db.session.execute(_public(Article.slug, Article.lang))}
    here = {slug for slug, _ in pages}
    langs = sorted({lang for _, lang in pages})
    files, problems = _files(folder)
    count = 0
    for row in db.session.execute(_public(*_PAGE).execution_options(yield_per=100)):
        others = [lang for lang in langs if lang != row.lang and (row.slug, lang) in pages]
        html = _relinked(row.html, row.lang, here, pages, files)
        name = f"{row.lang}/{row.slug}.html"
        folder.write(name, render_template("exchange/page.html", article=row, html=html, others=others))
        count += 1
    for lang in langs:
        folder.write(f"{lang}/index.html", _index(lang, langs))
    folder.write("index.html", render_template("exchange/languages.html", langs=langs))
    folder.write("style.css", render_template("exchange/style.css"))
    folder.finish()
    return count, problems


_PAGE = (Article.slug, Article.lang, Article.title, Article.summary, Article.updated_at, Article.html)


def _public(*columns: Any) -> Any:
    shown = (Article.status == "published", Article.visibility == PUBLIC)
    return select(*columns).where(*shown).order_by(Article.lang, Article.slug)


def _files(folder: Folder) -> tuple[set[str], list[tuple[str, str]]]:
    """Copy the files of what is shown; their addresses below /kb/."""
    copied, problems = set(), []
    asked = _public(ArticleFile.token, ArticleFile.filename, Article.external_id)
    for row in db.session.execute(asked.join(ArticleFile, ArticleFile.article_id == Article.id)):
        name = f"files/{row.token}/{row.filename}"
        try:
            folder.copy(name, enclosures.path_of(row.token))
            copied.add(name)
        except OSError as error:
            problems.append((row.external_id, f"its file {row.filename} is missing: {error.strerror}"))
    return copied, problems


def _relinked(html: str, lang: str, here: set[str], pages: set[tuple[str, str]], files: set[str]) -> Markup:
    """Addresses of the portal as places in the folder; what isn't in it leads to the index."""

    def relative(match: re.Match[str]) -> str:
        kind, target, rest = match[1], match[2], match[3]
        if target in files:
            return f'{kind}="../{target}"'
        if (target, lang) in pages:
            return f'{kind}="{target}.html{rest}"'
        if target in here:
            other = min(found for slug, found in pages if slug == target) if target in here else lang
            return f'{kind}="../{other}/{target}.html{rest}"'
        return f'{kind}="index.html"' if kind == "href" else f'{kind}=""'

    return Markup(_LINK.sub(relative, html))  # as it was cleaned when it was rendered


def _index(lang: str, langs: list[str]) -> str:
    """The articles of a language by category."""
    asked = (
        _public(Article.slug, Article.title, Article.summary, Category.slug.label("category"), Category.titles)
        .outerjoin(Category, Category.id == Article.category_id)
        .where(Article.lang == lang)
        .order_by(None)
        .order_by(Category.position, Category.slug, Article.position, Article.title, Article.slug)
    )
    rows = db.session.execute(asked).all()
    groups = [(_title(titles, lang), list(some)) for titles, some in _grouped(rows)]
    return render_template("exchange/contents.html", lang=lang, langs=langs, groups=groups)


def _grouped(rows: Any) -> Iterator[tuple[Any, Iterator[Any]]]:
    for _, some in groupby(rows, key=lambda row: row.category):
        group = list(some)
        yield group[0].titles, iter(group)


def _title(titles: dict[str, str] | None, lang: str) -> str:
    return (titles or {}).get(lang) or next(iter((titles or {}).values()), "")
