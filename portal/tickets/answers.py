"""Answers found while a ticket is written: search by its subject, and what was shown and opened of it."""

from collections.abc import Iterable
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from portal.accounts.people import User
from portal.web import safe_next

MOST = 5
FEWEST_LETTERS = 4


def answers_to(subject: str, person: User, locale: str, product: str | None = None) -> list[dict[str, str]]:
    """At most five articles on the subject: title, url, snippet, and a token that names them unforgeably."""
    from knowledge.search import answers

    if len(subject.strip()) < FEWEST_LETTERS:
        return []
    found = answers(subject[:200], person, locale, product=product, limit=MOST)
    return [
        {"title": hit.title, "url": hit.url, "snippet": hit.snippet, "token": seal_answer(hit.title, hit.url)}
        for hit in found
    ]


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
