"""Which passwords are taken, and how they are hashed: NIST SP 800-63B rev 4 for a password that is the only factor.

Fifteen characters or more, any characters, no rules of composition; refused are those that attackers try first: two
lists, of long passwords as they are and of common ones, and what is made of at most two of those, of runs, of repeats,
or of the person's own name.
"""

import gzip
import hashlib
import mmap
import re
import threading
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import gettext, ngettext
from flask_security import PasswordUtil
from werkzeug.exceptions import TooManyRequests

from portal.web import settings

SHORTEST = 15
LONGEST = 256
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
COMMON_PASSWORDS = Path(__file__).parent / "common_passwords.txt.gz"
LONG_PASSWORDS = Path(__file__).parent / "long_passwords.bin"  # scripts/passwords.py makes it
DIGEST_BYTES = 5
HASHING_WAIT_SECONDS = 5
UNMATCHED = "!"


class Passwords(PasswordUtil):
    """Flask-Security asks here whenever somebody chooses a password."""

    def normalize(self, password: str) -> str:
        """NFKC, so that a password typed on another keyboard or system is the same one."""
        return unicodedata.normalize("NFKC", password)

    def validate(self, password: str, is_register: bool, **known: Any) -> tuple[list[str] | None, str]:
        """(reasons against it or None, the normalised password). `known` is the form's fields, or the `user`."""
        normal = self.normalize(password)
        person = known.get("user")
        own = [getattr(person, "name", ""), getattr(person, "email", ""), known.get("name"), known.get("email")]
        reason = why_refused(normal, [settings().brand_name, *(text for text in own if isinstance(text, str))])
        return ([reason] if reason else None), normal


def why_refused(password: str, own: Iterable[str] = ()) -> str | None:
    """The sentence that says why this password isn't taken, or None. `own` are names and addresses it may not echo."""
    if len(password) < SHORTEST:
        return ngettext(
            "Use %(num)s character or more; a few words in a row are easy to remember.",
            "Use %(num)s characters or more; a few words in a row are easy to remember.",
            SHORTEST,
        )
    if len(password) > LONGEST or len(password.encode("utf-8", "surrogatepass")) > 4 * LONGEST:
        return gettext("Use at most %(most)s characters.", most=LONGEST)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in password):
        return gettext("Leave out control characters.")
    plain = plain_form(password)
    if is_known(password) or is_common(plain) or is_common(password.casefold()):
        return gettext("This is among the passwords that are tried first. Add a word or two of your own.")
    if echoes(plain, own):
        return gettext("This is mostly your name or address. Add a word or two that others would not guess.")
    return None


def plain_form(password: str) -> str:
    """Without capitals, blanks and signs, which add little to what is known."""
    return re.sub(r"[\W_]+", "", password.casefold())


def digest(password: str) -> bytes:
    """How the list of long passwords keeps one; of three million others one is taken for a listed one."""
    form = plain_form(password) or password.casefold()
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]


def is_known(password: str) -> bool:
    """True for a long password that has been leaked and is being tried."""
    kept, wanted = long_passwords(), digest(password)
    starts = range(0, len(kept), DIGEST_BYTES)
    place = bisect_left(starts, wanted, key=lambda start: kept[start : start + DIGEST_BYTES])
    return place < len(starts) and kept[starts[place] : starts[place] + DIGEST_BYTES] == wanted


@cache
def long_passwords() -> mmap.mmap:
    """The shipped digests, sorted: a file that the system pages in and shares, so it takes no memory of ours."""
    with LONG_PASSWORDS.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def is_common(text: str) -> bool:
    """True for a listed password, for few different characters, a repeat, runs, or two listed ones put together."""
    if not text:
        return False
    if len(set(text)) < 5 or re.fullmatch(r"(.{1,12}?)\1+.{0,3}", text, re.DOTALL):
        return True
    return _made_of_common(text, common_passwords(), pieces=2)


def echoes(plain: str, own: Iterable[str]) -> bool:
    """True when fewer than eight characters are left after the names and addresses are taken out."""
    words = {word for text in own for word in re.split(r"[\W_]+", text.casefold()) if len(word) >= 3}
    left = plain
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return left != plain and len(left) < 8


def _made_of_common(text: str, words: frozenset[str], pieces: int) -> bool:
    """Digits, runs and up to three last characters are free; each listed word takes one of the pieces."""
    if len(text) <= 3:
        return True
    for end in range(len(text), 2, -1):
        piece = text[:end]
        is_free = piece.isdigit() or _is_run(piece)
        if is_free or (pieces and piece in words):
            rest = text[end:]
            while rest.startswith(piece):
                rest = rest[end:]
            if _made_of_common(rest, words, pieces if is_free else pieces - 1):
                return True
    return False


def _is_run(text: str) -> bool:
    return any(text in run or text[::-1] in run for run in RUNS)


@cache
def common_passwords() -> frozenset[str]:
    """The shipped list, read at the first use."""
    with gzip.open(COMMON_PASSWORDS, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines if not line.startswith("#"))


class GuardedHashing:
    """Passlib's context with at most two hashes under way: each takes 19 MiB, and a flood of sign-ins must not
    take the machine. Whoever waits too long is asked to come back (429)."""

    def __init__(self, context: Any, places: int = 2) -> None:
        self._context = context
        self._places = threading.BoundedSemaphore(places)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=HASHING_WAIT_SECONDS):
            raise TooManyRequests(retry_after=HASHING_WAIT_SECONDS)
        try:
            yield
        finally:
            self._places.release()

    def hash(self, secret: str | bytes, **options: Any) -> str:
        """A hash that nothing matches for what can't be a password: it is asked for where nobody has the address, to
        take the time that `verify` takes."""
        if len(secret) > 4 * LONGEST:
            return UNMATCHED
        with self._place():
            return str(self._context.hash(secret, **options))

    def verify(self, secret: str | bytes, kept: str) -> bool:
        """False, too, for what can't be a password: longer than any we take, or not text at all."""
        if len(secret) > 4 * LONGEST:
            return False
        with self._place():
            try:
                return bool(self._context.verify(secret, kept))
            except UnicodeEncodeError:
                return False
