"""Reading files of a folder: never outside of it, in whatever encoding they say they are."""

import codecs
import re
from pathlib import Path

from knowledge.exchange.report import NotTaken

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"(?:charset\s*=|encoding\s*=)\s*[\"']?\s*([A-Za-z0-9._:-]{2,40})", re.IGNORECASE)


def walk(root: Path, *endings: str) -> list[Path]:
    """The files below a folder with one of these endings, in order. Links that lead out of it are passed over."""
    if not root.is_dir():
        raise NotTaken(f"{root} is no folder")
    found = (path for path in root.rglob("*") if path.suffix.lower() in endings and path.is_file())
    return sorted(path for path in found if lies_in(path, root) and not is_hidden(path, root))


def linked_out(root: Path, *endings: str) -> list[Path]:
    """The files that `walk` passes over because they are links that lead out of the folder."""
    links = (path for path in root.rglob("*") if path.is_symlink() and path.suffix.lower() in endings)
    return sorted(path for path in links if not lies_in(path, root))


def lies_in(path: Path, root: Path) -> bool:
    """False for what leads out of the folder, and for links that lead to each other."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in the name; links in a ring
        return False


def is_hidden(path: Path, root: Path) -> bool:
    """True for what its owner wants nobody to see: `.git/config`, `.env`."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def read_text(file: Path, *, most: int) -> str:
    """The text of a file: UTF-8, or UTF-16 that says so by its first bytes. Raises `NotTaken`."""
    content = read_bytes(file, most=most)
    return decoded(content)[0]


def read_bytes(file: Path, *, most: int) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise NotTaken(f"the file can't be read: {error.strerror}") from None
    if len(content) > most:
        raise NotTaken(f"the file is longer than {most // 1024} KB")
    return content


def decoded(content: bytes, *, declares: bool = False) -> tuple[str, str]:
    """The text, and its encoding when that is not UTF-8. With `declares` the text may name its encoding (HTML).

    Raises `NotTaken` for bytes that are no text in what they say they are.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if not encoding and declares and (match := _DECLARED.search(content[:4096])):
        encoding = _known(match[1].decode())
    for candidate in ("utf-8", encoding) if encoding not in ("utf-16", "utf-32") else (encoding,):
        try:
            if candidate:
                text = content.decode(candidate)
                plain = candidate in ("utf-8", "utf-8-sig")
                return text.removeprefix("\ufeff"), "" if plain else candidate
        except (UnicodeDecodeError, LookupError):
            continue
    raise NotTaken(f"the file is not {encoding}, although it says so" if encoding else "the file is not UTF-8")


def _known(name: str) -> str:
    """The codec of a declared encoding; "" for one that is no encoding of text."""
    try:
        found = codecs.lookup("cp1252" if name.lower() in ("iso-8859-1", "latin1", "ascii", "us-ascii") else name)
    except LookupError:
        return ""
    return found.name if getattr(found, "_is_text_encoding", True) else ""
