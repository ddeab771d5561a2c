"""PDFs that were made to hurt: each costs seconds at most, of a process that is not ours."""

import time
import zlib
from pathlib import Path

import pytest

from knowledge.documents.extraction import BROKEN, SCANNED, SLOW, read_pdf

CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"
AGAIN = zlib.compress(b"/X Do " * 10)


def file(*objects: bytes) -> bytes:
    out = b"%PDF-1.7\n"
    for number, content in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF" % (len(objects) + 1)


def stream(content: bytes, filters: bytes = b"/FlateDecode", more: bytes = b"") -> bytes:
    return b"<< /Length %d /Filter [%s] %s >>\nstream\n%s\nendstream" % (len(content), filters, more, content)


def form(content: bytes, then: int) -> bytes:
    inner = b"/Resources << /XObject << /X %d 0 R >> >>" % then
    return stream(content, more=b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + inner)


def packed_twice(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 2**20) for _ in range(megabytes))
    return zlib.compress(packed + packer.flush(), 9)


def bombs() -> dict[str, tuple[bytes, str]]:
    laughing = [form(AGAIN, number + 1) for number in range(5, 20)]
    return {
        "two gigabytes of blanks": (
            file(CATALOGUE, PAGES, PAGE, stream(packed_twice(2048), b"/FlateDecode /FlateDecode")),
            SLOW,
        ),
        "forms in forms": (file(CATALOGUE, PAGES, PAGE, stream(AGAIN), *laughing, form(b"", 5)), SLOW),
        "pages in a ring": (file(CATALOGUE, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>"), BROKEN),
        "pages without number": (
            file(CATALOGUE, PAGES.replace(b"/Count 1", b"/Count 2147483647"), PAGE, stream(zlib.compress(b"x"))),
            SCANNED,
        ),
        "lists in lists": (file(CATALOGUE.replace(b" >>", b" /A " + b"[" * 500_000 + b" >>"), PAGES, PAGE), SCANNED),
    }


NAMES = ("two gigabytes of blanks", "forms in forms", "pages in a ring", "pages without number", "lists in lists")


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_ends(tmp_path: Path, name: str) -> None:
    content, problem = bombs()[name]
    bomb = tmp_path / "bomb.pdf"
    bomb.write_bytes(content)
    started = time.monotonic()
    reading = read_pdf(bomb)
    assert (reading.problem, reading.texts in ((), ("",))) == (problem, True)
    assert time.monotonic() - started < 30
