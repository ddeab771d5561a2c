"""Reads the text of a PDF, page by page. Run in a process of its own, since a PDF may ask for anything.

`python -I pdf_reader.py FILE PAGES CHARACTERS` writes one JSON text a line, from the first page on, then an object
with the number of pages, or with the problem. Over the limits it is run within it breaks off, and what it has written
stands. Imports nothing of the portal.
"""

import gc
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

LONGEST_PAGE = 40_000  # characters: a page of small print has 10,000
_PARTED = re.compile(r"[\ufffe\x02\xad]\n?(?=(\w))")  # the hyphen at a line's end: a syllable, or of a compound
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff\xad]")


def main(path: str, most_pages: int, most_characters: int) -> None:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        write({"problem": "locked" if is_locked(error) else "broken"})
        return
    count = len(document)
    for text in texts(document, min(count, most_pages), most_characters):
        write(text)
    write({"pages": count})


def is_locked(error: Exception) -> bool:
    """True when PDFium wants a password, or knows no way to read what is encrypted."""
    return getattr(error, "err_code", None) in (4, 5)  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY


def texts(document: Any, count: int, most_characters: int) -> Iterator[str]:
    """The text of each page; a page that can't be read is empty, and so is what goes beyond `most_characters`."""
    for number in range(count):
        text = page_text(document, number) if most_characters > 0 else ""
        most_characters -= len(text)
        yield text
        if number % 50 == 49:
            gc.collect()


def page_text(document: Any, number: int) -> str:
    import pypdfium2

    try:
        page = document[number]
        try:
            text_page = page.get_textpage()
            try:
                return clean(text_page.get_text_range(0, min(text_page.count_chars(), LONGEST_PAGE)))
            finally:
                text_page.close()
        finally:
            page.close()
    except (pypdfium2.PdfiumError, UnicodeError):
        return ""


def clean(text: str) -> str:
    """Lines as they stand, words that were parted at their ends joined again, without what no reader sees."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    joined = _PARTED.sub(lambda found: "-" if found[1].isupper() else "", lines)
    return re.sub(r"\n{3,}", "\n\n", _CONTROL.sub(" ", joined)).strip()


def write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
