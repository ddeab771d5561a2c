"""Tables as CSV, for spreadsheets: what a cell holds is never a formula to them; and such files read again."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from portal.errors import Refused

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
LARGEST = 1_000_000  # characters of a file that is read
MOST = 5000  # lines of it


def safe(value: object) -> str:
    """The cell's text; one that a spreadsheet would run begins with an apostrophe (OWASP, CSV injection)."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if text.startswith(FORMULAS) else text


def plain(text: str) -> str:
    """What `safe` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULAS) else text


def written(head: Sequence[object], lines: Iterable[Sequence[object]]) -> bytes:
    """A file as spreadsheets read it best: UTF-8 with its mark, lines ending as RFC 4180 says."""
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow([safe(cell) for cell in head])
    sheet.writerows([safe(cell) for cell in line] for line in lines)
    return out.getvalue().encode("utf-8-sig")


def read(content: bytes, too_long: str, not_text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """(number of the line, its cells by the name in the head). Raises `Refused` with one of these sentences."""
    if len(content) > LARGEST:
        raise Refused(too_long)
    try:
        text = content.decode("utf-8-sig")
        for number, line in enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), 2):
            if number > MOST + 1:
                raise Refused(too_long)
            yield number, {str(name).strip(): plain(value or "") for name, value in line.items() if name}
    except (UnicodeDecodeError, csv.Error):
        raise Refused(not_text) from None
