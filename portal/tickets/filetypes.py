"""Which files are taken, and whether a file is what its name says. Nothing is ever unpacked or rendered here."""

import re
import unicodedata
from typing import Final

import filetype
from flask_babel import gettext as _

from portal.errors import Refused

TEXT: Final = "text/plain"
OFFICE: Final = "application/vnd.openxmlformats-officedocument."
OPEN: Final = "application/vnd.oasis.opendocument."
SNIFFED: Final = 8192  # bytes that tell a type; a tar archive's mark lies within the first 300

# Extension: the type it is handed out as. What is text is always handed out as plain text.
TEXTS: Final = (
    *("txt", "log", "out", "err", "md", "csv", "tsv", "json", "xml", "yaml", "yml", "toml", "ini", "cfg", "conf"),
    *("properties", "reg", "sql", "diff", "patch", "eml", "ics", "pem", "crt", "trace", "dump", "nfo"),
)
BINARIES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "bz2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zst": "application/zstd",
    "7z": "application/x-7z-compressed",
    "rar": "application/x-rar-compressed",
    "tar": "application/x-tar",
    "docx": OFFICE + "wordprocessingml.document",
    "xlsx": OFFICE + "spreadsheetml.sheet",
    "pptx": OFFICE + "presentationml.presentation",
    "odt": OPEN + "text",
    "ods": OPEN + "spreadsheet",
    "odp": OPEN + "presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
}
# Files without a name for their insides (packet captures, event logs, memory dumps): taken, but only with their mark.
MARKED: Final = {
    "pcap": (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1"),
    "pcapng": (b"\x0a\x0d\x0d\x0a",),
    "evtx": (b"ElfFile\x00",),
    "dmp": (b"MDMP", b"PAGEDU", b"PAGE"),
    "har": (b"{",),
}
INLINE: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
ACCEPT: Final = ",".join(f".{name}" for name in (*TEXTS, *BINARIES, *MARKED))
CONTAINERS: Final = frozenset(("docx", "xlsx", "pptx", "odt", "ods", "odp", "zip"))
OLD_OFFICE: Final = frozenset(("doc", "xls", "ppt"))
LONGEST_NAME: Final = 120


def clean_name(name: str | None) -> str:
    """The last part of a file's name, without characters that hide, reverse or break it; never empty."""
    text = unicodedata.normalize("NFC", (name or "").encode("utf-8", "replace").decode())
    text = re.split(r"[/\\]", text)[-1]
    visible = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    tidy = re.sub(r'[<>:"|?*;%]', "_", visible).strip(" .")
    stem, dot, ending = tidy.rpartition(".")
    if dot and len(tidy) > LONGEST_NAME:
        tidy = f"{stem[: LONGEST_NAME - 16]}.{ending[:15]}"
    return tidy[:LONGEST_NAME] or "file"


def check(name: str, head: bytes) -> str:
    """The content type to hand the file out as. `head` is its beginning, of `SNIFFED` bytes.

    Raises `Refused` with a sentence that names the file for an extension that isn't taken, an empty file, and a
    file whose insides are not what its name says.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if not head:
        raise Refused(_("%(name)s is empty.", name=name))
    if ending in TEXTS:
        return _text(name, head)
    if ending in MARKED:
        if not head.startswith(MARKED[ending]):
            raise _lying(name)
        return _text(name, head) if ending == "har" else "application/octet-stream"
    if ending not in BINARIES:
        raise Refused(
            _(
                "%(name)s: this kind of file is not taken. Send logs, text, images, PDF or office files, or a ZIP.",
                name=name,
            )
        )
    if not _agrees(ending, head):
        raise _lying(name)
    return BINARIES[ending]


def _agrees(ending: str, head: bytes) -> bool:
    kind = filetype.guess(head)
    if ending in OLD_OFFICE:  # one container for all three
        return head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    if ending == "zst":
        return head.startswith(b"\x28\xb5\x2f\xfd")
    if ending == "heic":
        return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc")
    if ending in CONTAINERS:
        return head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and (ending == "zip" or _is_office(ending, head))
    if ending == "gif":
        return head.startswith((b"GIF87a", b"GIF89a"))
    if ending in ("mp4", "mov"):
        return head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free")
    if kind is None:
        return False
    same = {"image/tiff": ("tif", "tiff"), "image/jpeg": ("jpg", "jpeg"), "application/gzip": ("gz", "tgz")}
    return ending in same.get(kind.mime, (kind.extension,)) or kind.mime == BINARIES[ending]


def _is_office(ending: str, head: bytes) -> bool:
    """An office file's first entries name what it is; a bare ZIP under such a name lies."""
    if ending.startswith("od"):
        return BINARIES[ending].encode() in head[:200]
    return b"[Content_Types].xml" in head or b"_rels/.rels" in head or b"docProps/" in head


def _text(name: str, sample: bytes) -> str:
    """Plain text in UTF-8, UTF-16 or a Latin encoding; programs and pages under a text's name are refused."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TEXT
    if b"\x00" in sample or (filetype.guess(sample) is not None):
        raise _lying(name)
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b\x08" for byte in sample)
    if odd > len(sample) // 50:
        raise _lying(name)
    return TEXT


def _lying(name: str) -> Refused:
    return Refused(_("%(name)s is not what its name says. Send the original file, or put it into a ZIP.", name=name))
