"""What an error message, a stack trace or a log says once all that is of one machine or one moment is taken out.

What is left is searched: codes first, then the words of the message. All takes time in proportion to the text.
"""

import re
from dataclasses import dataclass

from knowledge.search.redaction import redact

LONGEST = 10_000  # characters that are looked at: as many from the start as from the end
MOST_CODES, MOST_LINES, LONGEST_MESSAGE = 6, 2, 160
LONGEST_LINE = 500

_LEVEL = r"(?:FATAL|CRITICAL|CRIT|ERROR|ERR|SEVERE|WARNING|WARN|INFO|DEBUG|TRACE|NOTICE|FEHLER|FOUT|FEJL|ОШИБКА|错误)"
_STAMP = (
    r"(?:\d{4}[-/.]\d{2}[-/.]\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
    r"|\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2} \d{2}:\d{2}:\d{2}"
    r"|\b\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?)"
)
_FRAME = re.compile(
    r'^\s*(?:at [\w.$<>\[\]`/]{1,200}\s?[(\[]|File "[^"\n]{1,300}", line \d'
    r"|#\d{1,3}\s{1,3}\S|\.\.\. \d{1,4} more|goroutine \d)"
    r"|^\s{2,}at |^\S{1,200}:\d{1,6}:(?:\d{1,6}:)?\s*$",
    re.MULTILINE,
)
_MARKS = re.compile(
    rf"Traceback \(most recent call last\)|^Caused by:|Exception in thread|^panic: |core dumped"
    rf"|{_STAMP}[^\n]{{0,40}}\b{_LEVEL}\b"
    rf"|^\[?{_LEVEL}\b[\]:]|\b[A-Za-z_]\w{{2,80}}(?:Error|Exception): ",
    re.MULTILINE,
)
_CODE = re.compile(
    r"\b(?P<code>[A-Z]{2,8}[-_]\d{2,6}|0x[0-9A-Fa-f]{8}|HTTP(?:/\d\.\d)?[ -]?[1-5]\d{2}|"
    r"E(?:ACCES|ADDRINUSE|ADDRNOTAVAIL|AGAIN|BADF|BUSY|CONNABORTED|CONNREFUSED|CONNRESET|EXIST|HOSTUNREACH|INVAL|IO|"
    r"ISDIR|MFILE|NETUNREACH|NFILE|NOENT|NOMEM|NOSPC|NOTDIR|NOTEMPTY|NOTFOUND|PERM|PIPE|ROFS|TIMEDOUT)|"
    r"(?:ERR|STATUS|NS_ERROR|SSL|WSAE|DXGI|SEC_E|X509|CERT)_[A-Z0-9_]{3,60}|"
    r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z]\w{1,80}(?:Error|Exception))\b"
)
_NOT_CODES = re.compile(r"(?:UTF|ISO|SHA|AES|RFC|TLS|RSA|MD|UTC|GMT|CPU|PID|TID|HTTP)[-_]\d+|HTTP\S* ?[12]\d{2}")
_TOLD = re.compile(
    rf"\b(?:{_LEVEL}|error|exception|failed|failure|refused|denied|rejected|caused by|cannot|could not)\b", re.I
)
_HARMLESS = re.compile(r"\b(?:INFO|DEBUG|TRACE|NOTICE)\b")
# What is of one machine or moment, in the order in which it is taken out.
_VARIABLE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _STAMP,
        r"\b[a-z][a-z0-9+.-]{1,20}://\S+",
        r"\[[a-z ]{3,20}\]",  # what redaction left in place of a secret
        r"\{?\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b\}?",
        r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b",
        r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?!\w)",
        r"(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?!\w)",
        r"\b[a-z]:\\[^\s\"'<>|,;]{0,300}|\\\\[\w.$-]{1,60}\\[^\s\"'<>|,;]{0,300}",
        r"(?<![\w/])~?/[\w.@%+-]{1,100}(?:/[\w.@%+-]{0,100}){1,30}(?::\d+)?",
        r"\b0x[0-9a-f]{1,16}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{12,128}\b",
        r"\b(?:user|account|host|hostname|machine|computer|node|server|login|pid|tid|thread|process"
        r"|session|request[ -]?id|line)"
        r"[ =:#]{1,3}(?:\"[^\"\n]{0,80}\"|'[^'\n]{0,80}'|\S*[\d@.\\-]\S*)",
        r"\b(?:[a-z0-9-]{1,60}\.){2,6}[a-z]{2,15}(?::\d{1,5})?\b",
        r"\b[a-z0-9-]{1,60}\.(?:local|lan|internal|intra|corp|home|example|test)(?::\d{1,5})?\b",
        r"\"[^\"\n]{0,200}\"|(?<!\w)'[^'\n]{0,200}'(?!\w)|“[^”\n]{0,200}”|«[^»\n]{0,200}»|„[^“”\n]{0,200}[“”]",
        r"\bline \d{1,6}\b|:\d{1,6}\b|\(\w{1,60}\.\w{1,10}:\d{1,6}\)",
        r"\[[^\]\n]{0,80}\]",
        r"(?<![\w.-])\d+(?:[.,]\d+)?(?:ms|s|kb|mb|gb|%)?(?![\w.-])",
    )
)
_LEVELS = re.compile(rf"\b{_LEVEL}\b(?!\w)[:\]]?")
_WORD_EDGES = " \t-–—:;,.|*#>=()[]{}<"


@dataclass(frozen=True)
class Diagnosis:
    """The codes that stand in a text, as they are written, and the words of its message."""

    codes: tuple[str, ...]
    message: str

    @property
    def text(self) -> str:
        """What is searched: codes first."""
        words = self.message if not self.codes else self.message.replace(self.codes[0], "")
        return " ".join((" ".join(self.codes) + " " + words).split())


def diagnose(text: str) -> Diagnosis | None:
    """What a log or an error message says, or None for a text that is neither (or says nothing)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"
    if not _is_log(text):
        return None
    text = redact(text)
    lines = [line[:LONGEST_LINE] for line in text.split("\n") if line.strip() and not _FRAME.search(line)]
    ranked = sorted(range(len(lines)), key=lambda at: (-_weight(lines[at]), -at if _is_end(lines[at]) else at))
    told = [at for at in ranked if _weight(lines[at]) > 0][:MOST_LINES] or ranked[:MOST_LINES]
    codes = _codes([lines[at] for at in ranked if not _HARMLESS.search(lines[at])])
    messages = list(dict.fromkeys(filter(None, (stripped(lines[at]) for at in told))))
    diagnosis = Diagnosis(codes, " ".join(messages)[:LONGEST_MESSAGE].strip())
    return diagnosis if diagnosis.text else None


def stripped(line: str) -> str:
    """A line without what is of one machine or one moment. Codes stay."""
    kept: list[str] = []
    for match in _CODE.finditer(line):
        kept.append(match["code"])
    for number, code in enumerate(kept):
        line = line.replace(code, f"\ue000{chr(0xE100 + number)}", 1)
    for pattern in _VARIABLE:
        line = pattern.sub(" ", line)
    line = _LEVELS.sub(" ", line).removeprefix("Caused by")
    for number, code in enumerate(kept):
        line = line.replace(f"\ue000{chr(0xE100 + number)}", code)
    words = (word.strip(_WORD_EDGES) for word in line.split())
    return " ".join(word for word in words if word and any(char.isalnum() for char in word))


def _is_log(text: str) -> bool:
    lines = text.strip().count("\n") + 1
    if _MARKS.search(text):
        return True
    return lines > 1 and bool(_FRAME.search(text) or _CODE.search(text) or len(re.findall(_STAMP, text[:4000])) > 1)


def _is_end(line: str) -> bool:
    """Of several causes the last one is the first; Python says what happened at the end."""
    return line.startswith("Caused by:") or bool(re.match(r"[A-Za-z_][\w.]{0,100}(?:Error|Exception)\b", line))


def _weight(line: str) -> int:
    if _HARMLESS.search(line):
        return -1
    caused = 4 * _is_end(line)
    return caused + 2 * bool(_own_codes(line)) + bool(_TOLD.search(line)) - 3 * line.startswith("Traceback (most")


def _own_codes(line: str) -> list[str]:
    return [match["code"] for match in _CODE.finditer(line) if not _NOT_CODES.fullmatch(match["code"])]


def _codes(lines: list[str]) -> tuple[str, ...]:
    """Each code once; of a class its last name; those with figures first."""
    found = dict.fromkeys(
        code.rpartition(".")[2] if "/" not in code else code for line in lines for code in _own_codes(line)
    )
    return tuple(sorted(found, key=lambda code: not any(char.isdigit() for char in code)))[:MOST_CODES]
