"""Comparing answers that may not tell who has an account."""

import re

from flask import Flask
from werkzeug.test import TestResponse

Seen = tuple[int, list[tuple[str, str]], str]


def answers_to(app: Flask, path: str, addresses: list[str], **form: str) -> list[Seen]:
    """What a visitor who posts the form gets for each address, with all that differs by chance taken out."""
    return [seen(app.test_client().post(path, data={**form, "email": email}), email) for email in addresses]


def seen(answer: TestResponse, email: str) -> Seen:
    return answer.status_code, shape(answer), without_tokens(answer.text.replace(email, "ADDRESS"))


def shape(answer: TestResponse) -> list[tuple[str, str]]:
    """The headers without what differs from request to request."""
    own = ("X-Request-ID", "Set-Cookie", "Date", "Content-Length")
    return sorted((name, value) for name, value in answer.headers if name not in own)


def without_tokens(page: str) -> str:
    return re.sub(r'name="csrf_token"[^>]*|"X-CSRFToken": "[^"]*"', "", page)
