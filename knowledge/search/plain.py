"""Searching the database itself, for as long as there is no index: slower and duller, but an answer."""

from typing import Any

from sqlalchemy import String, cast, or_, select

from knowledge.articles.article import Article, Section
from knowledge.audience import sees
from knowledge.search import words
from portal.db import db

MOST_WORDS = 6
LOOKED_AT = 300


def find(text: str, person: Any, lang: str | None, product: str | None) -> list[tuple[float, Any]]:
    """(score, (article id, position, slug, language, product)) of sections that hold some of the words, best first."""
    wanted = [word for _, _, word in words.spans(text) if len(word) > 2]
    runs = [text[start:end] for start, end in words.cjk_spans(text)]
    wanted = (sorted(set(wanted), key=len, reverse=True) + runs)[:MOST_WORDS]
    if not wanted:
        return []
    forms = {form for word in wanted for form in (word, word.capitalize())}  # SQLite knows the case of a-z only
    here = [
        column.ilike(f"%{_escaped(form)}%", escape="\\") for form in forms for column in (Article.title, Section.text)
    ]
    columns = (Article.id, Article.slug, Article.lang, Article.product, Article.title)
    query = (
        select(*columns, Section.position, cast(Section.text, String).label("text"))
        .join(Section, Section.article_id == Article.id)
        .where(Article.status == "published", Article.visibility.in_(sees(person)), or_(*here))
        .limit(LOOKED_AT)
    )
    query = query.where(Article.lang == lang) if lang else query
    query = query.where(Article.product == product) if product else query
    found = []
    for row in db.session.execute(query):
        title, body = row.title.lower(), row.text.lower()
        score = sum(3.0 * (word in title) + 1.0 * (word in body) for word in wanted)
        found.append((score, (row.id, row.position, row.slug, row.lang, row.product)))
    return sorted(found, key=lambda pair: -pair[0])


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
