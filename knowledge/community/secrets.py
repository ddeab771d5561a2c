"""The check before something is posted (R19). The verbs call it, so that mail and edits go through it too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from knowledge.community.scanning import cover, scan, scan_name
from knowledge.search.redaction import Finding
from portal.errors import Refused
from portal.policies import the_policy
from portal.web import settings

NAMES: Mapping[str, Any] = {
    "password": _l("a password"),
    "licence key": _l("a licence key"),
    "remote access": _l("a number for remote access"),
    "token": _l("an access token"),
    "private key": _l("a private key"),
    "connection string": _l("a connection string"),
    "card": _l("a card number"),
    "iban": _l("a bank account"),
    "email": _l("an e-mail address"),
    "phone": _l("a phone number"),
}


@dataclass(frozen=True)
class Part:
    """The title, the text, or the name of a file (`name`), cut into (text, kind): no kind where nothing was found."""

    name: str
    pieces: Sequence[tuple[str, str]]

    @property
    def has_findings(self) -> bool:
        return any(kind for _text, kind in self.pieces)

    @property
    def marked(self) -> list[tuple[str, str]]:
        """As (text, what it is, in the reader's language)."""
        return [(text, str(NAMES[kind]) if kind else "") for text, kind in self.pieces]


class SecretsFound(Refused):
    """Nothing was posted. `parts` are what the writer is shown, marked; `kinds` what was found, each once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.kinds = list(dict.fromkeys(kind for part in parts for _text, kind in part.pieces if kind))
        what = self.named()
        super().__init__(_("Everybody would read this: %(what)s. Take it out, or ask in a private ticket.", what=what))

    def named(self) -> str:
        """What was found, in the reader's language."""
        return ", ".join(str(NAMES[kind]) for kind in self.kinds)


def check(*, title: str = "", body: str = "", names: Iterable[str] = ()) -> None:
    """Raises `SecretsFound` where the title, the text or the name of a picture holds what nobody should read."""
    looked_at = [("title", title, findings(title)), ("body", body, findings(body))]
    looked_at += [("file", name, scan_name(name)[:1]) for name in names]
    if any(found for _name, _text, found in looked_at):
        raise SecretsFound([Part(name, list(_cut(text, found))) for name, text, found in looked_at if text])


def findings(text: str) -> list[Finding]:
    """What must not be posted; the vendor's own address and numbers, which everybody may know, are none."""
    found = scan(text)
    return [one for one in found if not _is_ours(one.kind, text[one.start : one.end])] if found else found


def covered(text: str) -> str:
    """The text with a word in brackets for what must not be read."""
    return cover(text, findings(text))


def _is_ours(kind: str, value: str) -> bool:
    if kind == "email":
        return value.lower() == settings().mail_from.lower()
    if kind != "phone":
        return False
    numbers = the_policy().channels["phone"].numbers if "phone" in the_policy().channels else ()
    return _digits(value) in {_digits(one.number) for one in numbers}


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit()).lstrip("0")


def _cut(text: str, found: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    at = 0
    for kind, start, end in found:
        yield text[at:start], ""
        yield text[start:end], kind
        at = end
    yield text[at:], ""
