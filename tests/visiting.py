"""A browser without a screen, for tests that speak to the real web server over HTTP."""

import html
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    location: str

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the page."""
        for tag in re.findall(r"<input\b[^>]*>", self.text):
            if f'name="{name}"' in tag and (value := re.search(r'value="([^"]*)"', tag)):
                return html.unescape(value[1])
        raise AssertionError(f"no field {name} on this page: {self.text[:500]}")


class Visitor:
    """Keeps cookies, follows no redirects. Raises `OSError` when the server is away."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(_Stay(), urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> Answer:
        return self._open(self.url + path)

    def post(self, path: str, **fields: str) -> Answer:
        return self._open(self.url + path, urllib.parse.urlencode(fields).encode())

    def sign_in(self, email: str, password: str) -> Answer:
        token = self.get("/account/sign-in").hidden("csrf_token")
        return self.post("/account/sign-in", email=email, password=password, csrf_token=token)

    def _open(self, address: str, body: bytes | None = None) -> Answer:
        try:
            with self.opener.open(address, body, timeout=60) as answer:
                return Answer(answer.status, answer.read().decode(), "")
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), error.headers.get("Location", ""))
