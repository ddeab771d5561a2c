"""Sets the demo's manuals: `python scripts/manuals.py` makes a PDF of every text in `scripts/manuals/`.

A text begins with its title; `# ` opens a heading, a line of `===` the next page. Only the standard fonts are used, so
what comes out is small and the same everywhere. Tests make their PDFs with `pdf()` too.
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path

SOURCES = Path(__file__).with_name("manuals")
TARGET = Path(__file__).resolve().parent.parent / "knowledge" / "demo" / "documents"
WIDTH, HEIGHT, MARGIN = 595, 842, 64
# Of a line's kind: font, size, distance to the next line.
STYLES = {"title": ("F2", 24, 36), "heading": ("F2", 15, 24), "text": ("F1", 11, 16), "small": ("F1", 9, 14)}
CHARACTERS = {"title": 36, "heading": 58, "text": 84, "small": 100}

Line = tuple[str, str]  # kind, words


def pdf(pages: Sequence[Sequence[Line]], *, title: str = "", lang: str = "en") -> bytes:
    """A PDF of these pages; characters beyond Latin 1 become question marks."""
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    fonts = [
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
        for name in ("Helvetica", "Helvetica-Bold")
    ]
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /Lang ({lang}) /ViewerPreferences << /DisplayDocTitle true >> >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        *(font.encode() for font in fonts),
    ]
    for n, lines in enumerate(pages):
        drawn = _draw(lines)
        resources = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
        box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}]"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} {resources} /Contents {6 + 2 * n} 0 R >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
    objects.append(b"<< /Title (%s) >>" % _escaped(title))
    return _file(objects)


def _draw(lines: Sequence[Line]) -> bytes:
    drawn, y = [], HEIGHT - MARGIN
    for kind, words in lines:
        font, size, step = STYLES[kind]
        for piece in textwrap.wrap(words, CHARACTERS[kind]) or [""]:
            y -= step
            drawn.append(b"BT /%s %d Tf %d %d Td (%s) Tj ET" % (font.encode(), size, MARGIN, y, _escaped(piece)))
        y -= 0 if kind == "small" else 6
    return b"\n".join(drawn)


def _escaped(text: str) -> bytes:
    return text.encode("cp1252", "replace").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _file(objects: Sequence[bytes]) -> bytes:
    """Header, the objects numbered from 1 (the last is the information), their places, and where those stand."""
    out, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start, count = len(out), len(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size %d /Root 1 0 R /Info %d 0 R >>" % (count, len(objects))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        count,
        table,
        trailer,
        start,
    )


def read(source: Path) -> bytes:
    """The PDF of one text; its language is the end of its name."""
    first, _, rest = source.read_text(encoding="utf-8").partition("\n")
    pages: list[list[Line]] = [[("title", first)]]
    for block in rest.split("\n\n"):
        words = " ".join(block.split())
        if words == "===":
            pages.append([])
        elif words:
            kind = "heading" if words.startswith("# ") else "text"
            pages[-1].append((kind, words.removeprefix("# ")))
    for number, lines in enumerate(pages, 1):
        lines.append(("small", f"{first} · {number}"))
    return pdf(pages, title=first, lang=source.stem.rpartition("-")[2])


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for path in sorted(SOURCES.glob("*.txt")):
        (TARGET / f"{path.stem}.pdf").write_bytes(read(path))
