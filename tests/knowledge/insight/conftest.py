"""Searches, opened results and votes as the readers leave them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from knowledge.articles.article import Article
from knowledge.search.log import SearchClick, SearchQuery
from knowledge.search.words import folded
from portal.db import db, utcnow


@pytest.fixture
def searched(app: Flask) -> Callable[..., int]:
    """`searched("text", times=3, results=0, opened="slug")` writes what the log keeps; returns the last one's id."""

    def write(text: str, times: int = 1, opened: str = "", at: datetime | None = None, **fields: Any) -> int:
        at = at or utcnow() - timedelta(hours=3)
        with app.app_context():
            for turn in range(times):
                given = {"lang": "en", "results": 0, "asker": f"{text[:20]} {turn}"} | fields
                row = SearchQuery(text=text, folded=folded(text), created_at=at, updated_at=at, **given)
                db.session.add(row)
                db.session.flush()
                if opened:
                    item = db.session.scalars(select(Article.id).where(Article.slug == opened)).first()
                    db.session.add(SearchClick(query_id=row.id, kind="article", item_id=item, place=1, clicked_at=at))
            db.session.commit()
            return row.id

    return write
