"""Reading a mail that anybody may have made: behind limits, and without ever running or trusting what it says."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesFeedParser
from email.policy import EmailPolicy
from email.utils import getaddresses
from itertools import pairwise
from typing import Any, Final

from portal.mailroom import machines
from portal.mailroom.proof import first_pin, masked
from portal.mailroom.received import divide
from portal.mailroom.writing import NoSuchText, plain_of, text_of
from portal.tickets.conversation import clean

LARGEST: Final = 25 * 1024 * 1024
MOST_PARTS: Final = 100
DEEPEST: Final = 20
SECONDS: Final = 10.0
LONGEST_HEAD: Final = 256 * 1024
LONGEST_HEADER: Final = 64 * 1024
LONGEST_TYPE: Final = 2000  # of a header that describes a part: the parser takes them apart with care, and slowly
LONGEST_SUBJECT: Final = 2000
MOST_HEADERS: Final = 1000
CHUNK: Final = 64 * 1024
ADDRESS: Final = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?")
MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,250}>")


class Unreadable(Exception):
    """A mail that is kept as it is; the text is the word of its reason (`received.REASONS`)."""


@dataclass
class Reading:
    """What a mail says. Nothing of it is proven."""

    sender: str = ""  # the one address of From, in lower case
    subject: str = ""
    text: str = ""
    pin: str = ""  # the one it names; in subject and text a mask stands for it
    files: list[tuple[str, bytes]] = field(default_factory=list)
    in_reply_to: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)  # Message-IDs of mail that this one brings back
    results: list[str] = field(default_factory=list)  # Authentication-Results, topmost first
    first: dict[str, str] = field(default_factory=dict)  # the first header of each name, in lower case
    language: str = ""
    is_machine: bool = False
    is_bounce: bool = False
    wants_silence: bool = False


def read(raw: bytes) -> Reading:
    """Raises `Unreadable`; whatever else a mail makes the parser do is that, too."""
    if len(raw) > LARGEST:
        raise Unreadable("size")
    if len(divide(raw)[0]) > LONGEST_HEAD:
        raise Unreadable("headers")
    until = time.monotonic() + SECONDS
    try:
        message = _parsed(raw, until)
        return _reading(message, until)
    except NoSuchText as error:
        raise Unreadable("charset") from error
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # the parser promises not to raise, and does
        raise Unreadable("broken") from error


class Cautious(EmailPolicy):
    """The default policy, with an end to what a header may be."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        length = sum(map(len, sourcelines))
        describes = sourcelines[0][:8].lower() == "content-"
        if length > (LONGEST_TYPE if describes else LONGEST_HEADER):
            raise Unreadable("headers")
        return super().header_source_parse(sourcelines)


def _parsed(raw: bytes, until: float) -> EmailMessage:
    """Parts are counted as they are made, so that a bomb costs a hundred of them; time is looked at as it goes."""
    made: list[EmailMessage] = []

    def make(policy: EmailPolicy | None = None) -> EmailMessage:
        if len(made) > MOST_PARTS:
            raise Unreadable("parts")
        made.append(EmailMessage(policy))
        return made[-1]

    parser: BytesFeedParser[Any] = BytesFeedParser(make, policy=Cautious())
    for start in range(0, len(raw), CHUNK):
        parser.feed(raw[start : start + CHUNK])
        _look_at_the_clock(until)
    message: EmailMessage = parser.close()
    if any(len(list(part.raw_items())) > MOST_HEADERS for part in made):
        raise Unreadable("headers")
    return message


def _reading(message: EmailMessage, until: float) -> Reading:
    reading, texts = Reading(), []
    headers = [(name.lower(), _decoded(str(value))) for name, value in message.raw_items()]
    for name, value in headers:
        reading.first.setdefault(name, " ".join(value.split())[:1000])
    for part in _leaves(message, 0):
        _look_at_the_clock(until)
        if _is_text(part):
            texts.append(plain_of(part) if part.get_content_type() == "text/html" else text_of(part))
        else:
            reading.files.append(_file(part))
            reading.returned += _returned(part)
    reading.text = clean("\n\n".join(filter(None, (text.strip() for text in texts))))
    reading.subject = _subject(message, headers)
    reading.pin = first_pin(reading.subject, reading.text)
    reading.subject, reading.text = masked(reading.subject), masked(reading.text)
    reading.sender = _sender([value for name, value in headers if name == "from"])
    reading.in_reply_to = _ids(headers, "in-reply-to")
    reading.references = _ids(headers, "references")[::-1]
    reading.results = [value for name, value in headers if name == "authentication-results"][:20]
    reading.language = reading.first.get("content-language", "").split(",")[0].strip()[:10]
    reading.is_bounce = machines.is_bounce(reading.first)
    calendar = any(part.get_content_type() == "text/calendar" and part.get_param("method") for part in message.walk())
    reading.is_machine = calendar or machines.is_machine(reading.first, reading.sender, reading.subject)
    reading.wants_silence = machines.asks_for_silence(reading.first)
    return reading


def _decoded(value: str) -> str:
    """The parser stands bytes of a header that are no ASCII for surrogates, which no database takes: they are UTF-8
    (RFC 6532), or nobody knows."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _leaves(part: Any, depth: int) -> Iterator[Any]:
    """The parts that hold something, of alternatives the one to read. A mail in a mail is one part."""
    if depth > DEEPEST:
        raise Unreadable("parts")
    if not part.is_multipart() or part.get_content_maintype() == "message":
        _measure(part, depth)
        yield part
        return
    below = list(part.iter_parts()) if part.get_content_maintype() == "multipart" else []
    if part.get_content_type() != "multipart/alternative":
        for child in below:
            yield from _leaves(child, depth + 1)
        return
    versions = [list(_leaves(child, depth + 1)) for child in below]
    texts = [[leaf for leaf in version if _is_text(leaf)] for version in versions]
    readable = [at for at, found in enumerate(texts) if any(_holds_words(leaf) for leaf in found)]
    written = [at for at in readable if all(leaf.get_content_type() != "text/html" for leaf in texts[at])]
    chosen = next(iter(written or readable), None)
    for at, version in enumerate(versions):
        yield from (leaf for leaf in version if at == chosen or not _is_text(leaf))


def _measure(part: Any, depth: int) -> None:
    """Mails in mails nest, too."""
    inner: Any = part
    while inner.is_multipart() and inner.get_content_maintype() == "message":
        depth += 1
        inner = inner.get_payload(0)
        if depth > DEEPEST:
            raise Unreadable("parts")


def _is_text(part: Any) -> bool:
    if part.get_content_type() not in ("text/plain", "text/html", "text/enriched"):
        return False
    return part.get_content_disposition() != "attachment" and not part.get_filename()


def _holds_words(part: Any) -> bool:
    return bool(text_of(part).strip())


def _file(part: Any) -> tuple[str, bytes]:
    """(name, bytes) of a part that is no text. One without a name gets one that says what it is."""
    kind = part.get_content_type()
    endings = {"message/rfc822": "eml", "text/calendar": "ics", "image/jpeg": "jpg", "text/html": "html"}
    ending = endings.get(kind, re.sub(r"[^a-z0-9]", "", kind.rpartition("/")[2])[:10] or "bin")
    name = part.get_filename() or f"{part.get_content_maintype()}.{ending}"
    if part.is_multipart():
        inner: Any = part.get_payload()
        return name if name.endswith(".eml") else f"{name[:100]}.eml", b"\n".join(child.as_bytes() for child in inner)
    return name, part.get_payload(decode=True) or b""


def _returned(part: Any) -> list[str]:
    """The Message-IDs of what a report brings back: the mail itself, or only its headers."""
    kind = part.get_content_type()
    if kind == "message/rfc822" and part.is_multipart():
        inner: Any = part.get_payload(0)
        return MESSAGE_ID.findall(str(inner.get("message-id", ""))[:2000])
    if kind in ("text/rfc822-headers", "message/rfc822-headers"):
        head = part.get_payload(decode=True) or b""
        found = re.findall(rb"^message-id:\s*(<[^<>\s]{1,250}>)", head[:LONGEST_HEADER], re.IGNORECASE | re.MULTILINE)
        return [one.decode("ascii", "replace") for one in found]
    return []


def _sender(lines: list[str]) -> str:
    """The one address that the mail claims; '' unless it is beyond doubt.

    It is taken from the header as it stands, not decoded: `=?utf-8?…?=` in an address stands for itself.
    """
    if len(lines) != 1 or len(lines[0]) > LONGEST_TYPE:
        return ""
    line = lines[0].replace("\r", " ").replace("\n", " ")
    found = [_lower(address.strip()) for _name, address in getaddresses([line]) if address.strip()]
    if len(found) != 1 or not ADDRESS.fullmatch(found[0]) or ".." in found[0]:
        return ""
    unquoted = re.sub(r"\"(?:[^\"\\]|\\.)*\"", "", line)
    if ":" in unquoted:  # a group or a route: nobody's program writes one here
        return ""
    pointed = re.findall(r"<([^<>]*)>", unquoted)
    if pointed and [_lower(one.strip()) for one in pointed] != found:
        return ""
    return found[0]


def _lower(address: str) -> str:
    """Letters of other scripts stay: the sign for kelvin is no `k`."""
    return address.lower() if address.isascii() else address


def _subject(message: EmailMessage, headers: list[tuple[str, str]]) -> str:
    value = next((value for name, value in headers if name == "subject"), "")[:LONGEST_SUBJECT]
    decoded = str(message.policy.header_fetch_parse("Subject", value))
    return " ".join(clean(decoded).split())[:200]


def _ids(headers: list[tuple[str, str]], wanted: str) -> list[str]:
    found = [one for name, value in headers if name == wanted for one in MESSAGE_ID.findall(value[:20_000])]
    return [one for one, after in pairwise([*found, ""]) if one != after][:100]


def _look_at_the_clock(until: float) -> None:
    if time.monotonic() > until:
        raise Unreadable("time")
