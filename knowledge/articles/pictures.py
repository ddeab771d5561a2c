"""Pictures of articles: drawn anew, so that nothing travels along in them, and measured, so that pages stand still."""

import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from knowledge.articles.revision import ArticleFile
from portal.confined import Limits, run_apart
from portal.db import db
from portal.errors import Refused

REDRAWER: Final = Path(__file__).with_name("picture_redrawer.py")
MOST_PIXELS: Final = 40_000_000  # in all its frames
LIMITS: Final = Limits(memory=700 * 2**20, seconds=20, output=100 * 2**20, patience=30)
BROKEN: Final = 3  # what the redrawer ends with
# As `rendering.py` leaves it: the address comes first, and no quotation mark stands in an attribute.
_SHOWN = re.compile(r'<img src="/kb/files/(f[0-9a-f]{38})/[^"]*"')


@contextmanager
def redrawn(path: Path, name: str) -> Iterator[IO[bytes]]:
    """The picture made of the pixels of this one, without what else its file says. Raises `Refused`, naming it."""
    with path.open("rb") as given, tempfile.TemporaryFile() as out:
        ended = run_apart(REDRAWER, str(MOST_PIXELS), within=LIMITS, given=given, out=out)
        if ended == BROKEN:
            raise Refused(_("%(name)s can't be read as a picture. Save it anew and try again.", name=name))
        if ended:
            most = MOST_PIXELS // 1_000_000
            raise Refused(_("%(name)s has more than %(most)s million pixels. Make it smaller.", name=name, most=most))
        out.seek(0)
        yield out


def size_of(head: bytes) -> tuple[int, int] | None:
    """(width, height) that a picture of ours begins with; None for what is none."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", head[16:24])
    if head.startswith(b"GIF8"):
        return struct.unpack("<HH", head[6:10])
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _size_of_webp(head)
    return _size_of_jpeg(head) if head.startswith(b"\xff\xd8") else None


def _size_of_webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        kind, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def measured(html: str) -> Markup:
    """The text with the size of each picture in it, for browsers to keep its place."""
    tokens = set(_SHOWN.findall(html))
    if not tokens:
        return Markup(html)
    asked = select(ArticleFile.token, ArticleFile.width, ArticleFile.height).where(ArticleFile.token.in_(tokens))
    sizes = {row.token: row for row in db.session.execute(asked.where(ArticleFile.width.is_not(None)))}

    def sized(found: re.Match[str]) -> str:
        size = sizes.get(found[1])
        return f'{found[0]} width="{size.width}" height="{size.height}"' if size else found[0]

    return Markup(_SHOWN.sub(sized, html))
