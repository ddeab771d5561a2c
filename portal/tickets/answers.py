"""Answers found while a ticket is written: search by its subject, and what was shown and opened of it."""

import logging
from collections.abc import Iterable
from typing import Any

from flask import current_app, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from portal.accounts.people import User
from portal.db import db
from portal.web import safe_next

log = logging.getLogger(__name__)

MOST = 4
FEWEST_LETTERS = 4
SHOWN = ("title", "url", "snippet", "versions", "is_covered")


def answers_to(
    subject: str, person: User, locale: str, product: str | None = None, version: str | None = None
) -> list[dict[str, Any]]:
    """At most `MOST` articles on the subject: title, url, snippet, whether it is for the version, and a token that
    names them unforgeably.

    The form stands without it: a search that breaks down finds nothing, and the log says why.
    """
    from knowledge.search import answers

    if len(subject.strip()) < FEWEST_LETTERS:
        return []
    try:
        found = answers(subject[:200], person, locale, product=product, version=version, limit=MOST)
    except Exception:
        log.exception("search broke down beside the ticket form")
        return []
    return [{**{name: getattr(a, name) for name in SHOWN}, "token": seal_answer(a.title, a.url)} for a in found]


def note_filed(subject: str, number: int) -> None:
    """Let the search remember that a ticket was filed after it."""
    from knowledge.search.memory import ticket_followed

    ticket_followed(subject, number)


def read_article(slug: str, person: User) -> dict[str, Any] | None:
    """The article somebody came from, if it is one they may read."""
    from knowledge.articles.article import Article

    title = db.session.scalar(
        Article.visible_to(person).with_only_columns(Article.title).where(Article.slug == slug[:200]).limit(1)
    )
    return {"title": title, "url": url_for("articles.show", slug=slug)} if title else None


def seal_answer(title: str, url: str) -> str:
    """What was shown, signed: the form carries it back, and the agent can believe it."""
    return str(_signer().dumps([title[:300], url[:500]]))


def open_answer(token: str) -> dict[str, Any] | None:
    """The answer a token names; None for one that isn't ours or would lead out of the portal."""
    try:
        title, url = _signer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return {"title": title, "url": url} if safe_next(url) else None


def shown_answers(tokens: Iterable[str]) -> list[dict[str, Any]]:
    return [answer for token in list(tokens)[:20] if (answer := open_answer(token))]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="shown-answer")
