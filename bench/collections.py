"""Public text with questions and known answers, out of Debian packages: what search is measured on.

Each document loses the words it is asked for by: the question above a section of the FAQ, the description of a help
page, the NAME line of a manual page. A search has to find it by what it says. See README for how to bring the packages.
"""

import gzip
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

LANGUAGES = {"en": ("", "C"), "de": ("de", "de"), "ru": ("ru", "ru"), "zh": ("zh-cn", "zh_CN")}
SHORTEST = 80  # characters of a document: below, there is nothing to find it by
_MALLARD = "{http://projectmallard.org/1.0/}"


@dataclass
class Collection:
    """`documents` by number, and (question, the number of the one document that answers it)."""

    name: str
    lang: str
    kind: str  # questions, or descriptions: few words
    documents: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def add(self, question: str, text: str) -> None:
        question, text = " ".join(question.split()), " ".join(text.split())
        if len(text) >= SHORTEST and question:
            self.asked.append((question, len(self.documents)))
            self.documents.append(text)


def collections(root: Path) -> Iterator[Collection]:
    """Every collection in every language, from packages unpacked below `root`. Questions of several are left out."""
    for lang, (faq, help_) in LANGUAGES.items():
        for found in (
            _faq(root / "usr/share/doc/debian/FAQ" / faq, lang),
            _help(root / "usr/share/help" / help_ / "gnome-help", lang),
            _manual(root / "usr/share/man" / {"en": "", "zh": "zh_CN"}.get(lang, lang), lang),
        ):
            times = Counter(question for question, _ in found.asked)
            found.asked = [pair for pair in found.asked if times[pair[0]] == 1]
            yield found


def _faq(folder: Path, lang: str) -> Collection:
    found = Collection("Debian FAQ", lang, "questions")
    ending = {"en": ".en.html", "zh": ".zh-cn.html"}.get(lang, f".{lang}.html")
    for path in sorted(folder.glob(f"*{ending}")):
        reader = _Sections()
        reader.feed(path.read_text(encoding="utf-8"))
        for heading, text in reader.sections:
            found.add(re.sub(r"^[\d.]+\s*", "", heading), text)
    return found


class _Sections(HTMLParser):
    """The sections of a DocBook page: what stands below each heading of the second level and deeper."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[list[str]] = []
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h2", "h3") and ("class", "title") in attrs:
            self.sections.append(["", ""])
            self._in_heading = True

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = self._in_heading and tag not in ("h2", "h3")

    def handle_data(self, data: str) -> None:
        if self.sections:
            self.sections[-1][0 if self._in_heading else 1] += data


def _help(folder: Path, lang: str) -> Collection:
    found = Collection("GNOME Help", lang, "descriptions")
    for path in sorted(folder.glob("*.page")):
        page = ET.parse(path).getroot()
        info = page.find(f"{_MALLARD}info")
        told = None if info is None else info.find(f"{_MALLARD}desc")
        description = "" if told is None else " ".join(told.itertext())
        body = [part for part in page if part.tag not in (f"{_MALLARD}info", f"{_MALLARD}title")]
        found.add(description, " ".join(" ".join(part.itertext()) for part in body))
    return found


def _manual(folder: Path, lang: str) -> Collection:
    found = Collection("manual pages", lang, "descriptions")
    for path in sorted(folder.glob("man[12578]/*.gz")):
        try:
            text = gzip.decompress(path.read_bytes()).decode("utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        sections = re.split(r"^\.S[Hh] +", text, flags=re.MULTILINE)
        if len(sections) > 2:
            _, _, description = _plain(sections[1]).partition(" - ")
            found.add(description, " ".join(_plain(section) for section in sections[2:]))
    return found


def _plain(roff: str) -> str:
    """Roff without its requests: the words that are left are enough to search."""
    lines = (re.sub(r"^[.'](?:[A-Z]{1,2}|[a-z]{1,2})\b ?", "", line) for line in roff.splitlines())
    text = " ".join(line for line in lines if not line.startswith(('\\"', ".")))
    text = re.sub(r"\\f(?:\[\w*\]|\(\w\w|.)|\\[,/&|^c%]|\\s[+-]?\d", "", text)
    return re.sub(r"\\\(\w\w|\\\[[^\]]*\]", " ", text.replace("\\-", "-")).replace("\\", "")
