"""Taking secrets and personal data out of text that people paste, before it is kept, shown to editors or mailed.

Patterns, no dictionary of names: what has a shape is found, a person's name in a sentence is not. Every pattern takes
time in proportion to the text. Addresses of private networks stay, for answers turn on them; public ones go.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

LONGEST = 200_000  # characters that are looked at; what is beyond them is left out


class Finding(NamedTuple):
    """Something that others may not read: text[start:end], and of which kind it is."""

    kind: str
    start: int
    end: int


# Words for a password in the languages of the portal. What follows them, or stands behind a sign, is the secret.
PASSWORD_WORDS = (
    "pass[ _-]?(?:word|phrase|code|wd)|pwd|pin(?:[ _-]?code)?|credential|pass|pw|"
    "pass?wort|kennwort|zugangscode|geheimnis|wachtwoord|ww|toegangscode|adgangskode[nr]?|kodeord(?:et)?|"
    "løsenord|lösenord|salasana|mot de passe|mdp|contraseña|clave|senha|hasło|heslo|jelszó|parol[ae]?|парол[ьяи]"
)
_TOKEN_WORDS = (
    "secret(?:[ _-]?key)?|api[ _-]?key|access[ _-]?key|client[ _-]?secret|"
    "auth[ _-]?token|access[ _-]?token|refresh[ _-]?token|token"
)
_PASSWORD_SIGNS = "口令|密码|密碼|パスワード|비밀번호"  # in writing that puts no space between words
_KEY_WORDS = "key|token|secret|schlüssel|sleutel|nøgle|ключ|密钥"
_LICENCE_WORDS = (
    "licen[cs]e[ _-]?(?:key|code)|product[ _-]?key|serial[ _-]?(?:number|key)|lizenz(?:schlüssel|code)|seriennummer|"
    "licentie(?:sleutel|code)|licensnøgle|лицензионный ключ|ключ лицензии|许可证密钥|许可密钥"
)
_REMOTE_WORDS = r"team ?viewer|any ?desk|rust ?desk|quick ?assist|splashtop|remote[ _-]?(?:id|access)|partner[ _-]?id"
_IS = (
    r"(?:\s*[:=：]\s*|\s+(?:is|was|lautet|ist|war|er|var|luidt|est|es|это)(?:\s+(?:now|jetzt|übrigens|nu))?\s*:?\s+|"
    r"(?:是|为|為)[:：]?\s*)"
)
_VALUE = r"(?P<value>\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|(?!\[)[^\s,;\"'<>，；。？！、]{2,200})"


def has_luhn_digit(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit if n % 2 == 0 else digit * 2 - 9 * (digit > 4) for n, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    tidy = re.sub(r"[\s-]", "", text).upper()
    if not 15 <= len(tidy) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in tidy[4:] + tidy[:4])) % 97 == 1


def _is_public(text: str) -> bool:
    """Four numbers below 100 are taken for a version: of public addresses that is one in fifty."""
    if "." in text and all(len(part) < 3 for part in text.split(".")):
        return False
    try:
        return ipaddress.ip_address(text.strip("[]")).is_global
    except ValueError:
        return False


def _is_phone(text: str) -> bool:
    return 8 <= sum(char.isdigit() for char in text) <= 15


def _is_mixed(text: str) -> bool:
    """Licence keys have parts of letters and figures; words and a year joined by hyphens have not."""
    parts = text.split("-")
    return any(map(_is_random, parts)) and sum(any(char.isdigit() for char in part) for part in parts) > 1


def _is_random(text: str) -> bool:
    return any(char.isdigit() for char in text) and any(char.isalpha() for char in text)


def _has_secret(text: str) -> bool:
    """A word for a password in a sentence ("the password is wrong") gives nothing away."""
    return text.strip("\"'.!?*•").lower() not in _ORDINARY and bool(text.strip("\"'.*•[]"))


# Words that stand where a secret could, in sentences that tell none.
_ORDINARY_TEXT = (
    "wrong incorrect invalid expired correct required missing empty not the a an my no too reset changed "
    "forgotten lost how why what when where which who can does did do in on for of and or at by to from "
    "with works work doesn't unknown rejected refused null none true false nil undefined redacted hidden "
    "falsch ungültig abgelaufen nicht leer vergessen onjuist ongeldig verlopen niet leeg vergeten forkert "
    "ugyldig udløbet ikke glemt incorrecto неверный неправильный 错误 password passwort policy "
)
_ORDINARY = frozenset(_ORDINARY_TEXT.split())

_Check = Callable[[str], bool]
_I = re.IGNORECASE
_PRIVATE_KEY = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S]){0,20000}(?:-----END[^\n]*)?"
_PREFIXED = r"\b(?:[sr]k_(?:live|test)_\w{16,}|whsec_\w{16,}|sk-[\w-]{20,}|AIza[\w-]{35}|npm_\w{36})"
_IN_ADDRESS = r"[?&](?:token|key|sig|signature|code|auth|access_token)=(?P<value>[^&\s#\"']{6,500})"
_KEY = rf"(?<![^\W_])api[ _-]?(?:{_KEY_WORDS})[^\n:=]{{0,40}}[:=]\s*(?P<value>[\w.~+/=-]{{20,500}})"
_REMOTE = rf"\b(?:{_REMOTE_WORDS})\b[^\n\d]{{0,30}}(?P<value>\d(?:[ -]?\d){{7,11}})\b"
_ABROAD = r"(?<![\w+.])(?:\+|00)[1-9]\d{0,2}[ ./-]?(?:\(0?\d{1,4}\)[ ./-]?)?\d(?:[ ./-]?\d){5,12}(?!\w)"
# Kind, pattern (the group `value`, or all of it, is taken out), and what tells true from false. Earlier ones win.
_PATTERNS: tuple[tuple[str, "re.Pattern[str]", _Check | None], ...] = (
    ("private key", re.compile(_PRIVATE_KEY), None),
    ("password", re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}:(?P<value>[^\s/@]{1,200})@", _I), None),
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), None),
    ("token", re.compile(r"\b(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b"), None),
    ("token", re.compile(r"\b(?:gh[pousr]_\w{20,255}|github_pat_\w{20,255}|glpat-[\w-]{20,})"), None),
    ("token", re.compile(r"\bxox[abeoprs]-[\w-]{10,250}"), None),
    ("token", re.compile(r"https://hooks\.slack\.com/services/\S{10,200}", _I), None),
    ("token", re.compile(_PREFIXED), None),
    ("token", re.compile(r"\b(?:Bearer|Basic)\s+(?P<value>[\w.~+/=-]{12,2000})", _I), None),
    ("token", re.compile(r"\b(?:set-)?cookie\s*:\s*(?P<value>[^\n]{4,4000})", _I), None),
    ("token", re.compile(_IN_ADDRESS, _I), None),
    ("remote access", re.compile(_REMOTE, _I), None),
    ("licence key", re.compile(rf"\b(?:{_LICENCE_WORDS}){_IS}{_VALUE}", _I), _has_secret),
    ("licence key", re.compile(r"\b[A-Z0-9]{3,8}(?:-[A-Z0-9]{4,8}){2,7}\b"), _is_mixed),
    ("password", re.compile(rf"(?<![^\W_])(?:{PASSWORD_WORDS})s?[\"']?{_IS}{_VALUE}", _I), _has_secret),
    ("token", re.compile(rf"(?<![^\W_])(?:{_TOKEN_WORDS})s?[\"']?{_IS}{_VALUE}", _I), _has_secret),
    ("token", re.compile(rf"(?<![^\W_])(?:{_TOKEN_WORDS})\s+(?P<value>[^\s,;]{{5,100}})", _I), _is_random),
    ("password", re.compile(rf"(?:{_PASSWORD_SIGNS}){_IS}{_VALUE}", _I), _has_secret),
    ("password", re.compile(rf"(?:{_PASSWORD_SIGNS})\s+(?P<value>[^\s,;，；。？！、]{{5,100}})", _I), _is_random),
    ("token", re.compile(_KEY, _I), None),
    ("password", re.compile(rf"(?<![^\W_])(?:{PASSWORD_WORDS})(?:\s+to)?\s+(?P<value>[^\s,;]{{5,}})", _I), _is_random),
    ("password", re.compile(r"(?:^|\s)--?(?:password|passwd|token|secret|api-key)[ =](?P<value>\S{2,200})", _I), None),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b", _I), _iban),
    ("card", re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])"), has_luhn_digit),
    ("email", re.compile(r"[\w.+%'-]{1,64}@(?:[^\W_](?:[\w-]{0,62}))(?:\.[^\W_][\w-]{0,62}){1,5}"), None),
    ("address", re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)"), _is_public),
    ("address", re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,7}(?![\w:])", _I), _is_public),
    ("phone", re.compile(_ABROAD), _is_phone),
    ("phone", re.compile(r"(?<![\w+.-])\(?0\d{1,4}\)?[ /-]\d{2,4}(?:[ /-]?\d{2,4}){1,3}(?![\w-])"), _is_phone),
    ("phone", re.compile(r"(?<![\w+.-])\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"), _is_phone),
)  # fmt: skip


def findings(text: str) -> list[Finding]:
    """What should not be read by others, in order of appearance, without overlaps."""
    text = text[:LONGEST]
    found: list[Finding] = []
    taken = bytearray(len(text))
    for kind, pattern, is_meant in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("value" if "value" in pattern.groupindex else 0)
            if not any(taken[start:end]) and (is_meant is None or is_meant(text[start:end])):
                taken[start:end] = b"\1" * (end - start)
                found.append(Finding(kind, start, end))
    return sorted(found, key=lambda finding: finding.start)


def redact(text: str) -> str:
    """The text with a word in brackets, such as `[email]`, for whatever should not be read by others."""
    return "".join(_pieces(text[:LONGEST]))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for kind, start, end in findings(text):
        yield text[at:start]
        yield f"[{kind}]"
        at = end
    yield text[at:]
