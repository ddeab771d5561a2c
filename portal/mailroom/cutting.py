"""What somebody wrote in a reply: without the mail it answers, and without a signature.

It reads line by line, so no text makes it slow, and cuts only at marks that mail programs write. What it cuts is
still in the mail as it came. (The libraries for it were tried: see docs/decisions.)
"""

import re
from typing import Final

# "On Monday, Ann wrote:" as mail programs write it, over one to three lines.
WROTE: Final = re.compile(
    r"^(on\b.{4,300}\bwrote|am\b.{4,300}\bschrieb\b.{0,200}|op\b.{4,300}\bschreef\b.{0,200}"
    r"|den\b.{4,300}\bskrev\b.{0,200}|.{4,300}\b(пишет|писал(а|\(а\))?)|在.{4,300}写道|.{4,300}[于於].{2,100}[写寫]道)\s?[:：]$",
    re.IGNORECASE,
)
ORIGINAL: Final = re.compile(
    r"^-{2,}\s*(original message|ursprüngliche nachricht|oorspronkelijk bericht|oprindelig (meddelelse|besked)"
    r"|исходное сообщение|原始邮件|forwarded message)\s*-{2,}$",
    re.IGNORECASE,
)
RULE: Final = re.compile(r"^_{20,}$")
FIELD: Final = re.compile(
    r"^[*>\s]{0,4}(from|von|van|fra|от|发件人|sent|gesendet|verzonden|sendt|отправлено|发送时间|date|datum|dato|дата"
    r"|to|an|aan|til|кому|收件人|subject|betreff|onderwerp|emne|тема|主题|cc)\s?[:：]",
    re.IGNORECASE,
)
SIGNATURE: Final = re.compile(r"^--\s?$")
DEVICE: Final = re.compile(
    r"^(sent from my |sent from outlook|get outlook for |von meinem .{1,40} gesendet|verstuurd vanaf mijn"
    r"|sendt fra min |отправлено с |发自我的).{0,60}$",
    re.IGNORECASE,
)
LONGEST_LINE: Final = 400
MOST_TRIED: Final = 50


def reply_of(text: str) -> str:
    """The words of a reply. All of them where nothing but quotation is left: then they were the point."""
    lines = text.split("\n")
    kept = _without_signature(_without_trailing_quote(lines[: _start_of_quoted(lines)]))
    return "\n".join(kept).strip() or text.strip()


def letter_of(text: str) -> str:
    """The words of a first mail: what it forwards stays, for that may be what it is about."""
    return "\n".join(_without_signature(text.split("\n"))).strip() or text.strip()


def _start_of_quoted(lines: list[str]) -> int:
    """Where the mail that is answered begins, for programs that put it below without `>`."""
    tried = 0
    for at, line in enumerate(lines):
        bare = line.strip()
        if len(bare) > LONGEST_LINE or not bare:
            continue
        if ORIGINAL.match(bare) or (RULE.match(bare) and _has_fields(lines, at + 1)):
            return at
        if _has_fields(lines, at) and (at == 0 or not lines[at - 1].strip()):
            return at
        length = _attribution(lines, at) if tried < MOST_TRIED else 0
        if length and _is_quoted_below(lines[at + length :], " ".join(lines[at : at + length])):
            return at
        tried += bool(length)  # each looks through all that follows
    return len(lines)


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here on say who wrote what follows; 0 for none."""
    joined = ""
    for length, line in enumerate(lines[at : at + 3], 1):
        if not line.strip():
            return 0
        joined = f"{joined} {line.strip()}".strip()
        if len(joined) > LONGEST_LINE:
            return 0
        if WROTE.match(joined):
            return length
    return 0


def _is_quoted_below(rest: list[str], attribution: str) -> bool:
    """Nothing but quotation follows. Without any `>` the line above has to name a date; words after are an answer."""
    words = [line for line in rest if line.strip()]
    if not any(line.lstrip().startswith(">") for line in words):
        return any(c.isdigit() for c in attribution)
    return not _answers_below(words)


def _answers_below(words: list[str]) -> bool:
    """Words of one's own after a quotation, before a signature."""
    seen = False
    for line in words:
        if SIGNATURE.match(line):
            return False
        if line.lstrip().startswith(">"):
            seen = True
        elif seen:
            return True
    return False


def _has_fields(lines: list[str], at: int) -> bool:
    """Three headers of a quoted mail, one below the other: From, Sent, To or the like."""
    found = [line for line in lines[at : at + 6] if FIELD.match(line[:80])]
    return bool(FIELD.match(lines[at][:80]) if at < len(lines) else False) and len(found) >= 3


def _without_trailing_quote(lines: list[str]) -> list[str]:
    """A quotation at the end goes; one that is answered below stays, or the answer would hang in the air."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    for length in (1, 2, 3):
        if end >= length and end < len(lines) and _attribution(lines, end - length) == length:
            return lines[: end - length]
    return lines[:end]


def _without_signature(lines: list[str]) -> list[str]:
    for at, line in enumerate(lines):
        if at and (SIGNATURE.match(line) or (DEVICE.match(line.strip()) and at >= len(lines) - 3)):
            return lines[:at]
    return lines
