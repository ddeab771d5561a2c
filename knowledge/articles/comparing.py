"""A translation beside its original, paragraph by paragraph where the two are built alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from markupsafe import Markup
from sqlalchemy import select

from knowledge.articles.article import Article
from knowledge.articles.rendering import Block, blocks
from portal.db import db


@dataclass(frozen=True)
class Row:
    """What stands side by side; either may be empty."""

    left: Markup
    right: Markup


def side_by_side(left_id: int, right_id: int) -> list[Row]:
    """Two articles' texts in rows. The caller has looked whether the reader may see both."""
    bodies = dict(db.session.execute(select(Article.id, Article.body).where(Article.id.in_((left_id, right_id)))).all())
    return align(blocks(bodies[left_id]), blocks(bodies[right_id]))


def align(left: Sequence[Block], right: Sequence[Block]) -> list[Row]:
    """Section beside section; within one, block beside block if there are as many of the same kinds."""
    tags = {"h2", "h3"} if _headings(left) == _headings(right) else {"h2"}
    rows = []
    for one, other in zip_longest(_sections(left, tags), _sections(right, tags), fillvalue=()):
        if [block.tag for block in one] == [block.tag for block in other]:
            rows += [Row(a.html, b.html) for a, b in zip(one, other, strict=True)]
        else:
            rows.append(Row(*(Markup("").join(block.html for block in side) for side in (one, other))))
    return rows


def _headings(side: Sequence[Block]) -> list[str]:
    return [block.tag for block in side if block.tag in ("h2", "h3")]


def _sections(side: Sequence[Block], tags: set[str]) -> list[list[Block]]:
    found: list[list[Block]] = [[]]
    for block in side:
        if block.tag in tags:
            found.append([])
        found[-1].append(block)
    return found
