"""What must not be posted where everybody reads it: secrets and what leads to a person.

Three sources: the patterns that every log of the portal is cleaned with, the detectors of detect-secrets for the tokens
of other makers, and libphonenumber. What they find is then weighed, for a forum is no log: a check that stops harmless
posts is switched off by those who post. Placeholders of manuals, variables, and sentences about passwords pass.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from knowledge.search import redaction
from knowledge.search.redaction import LONGEST, Finding

_I = re.IGNORECASE
WINDOW = 2_000  # characters that a foreign pattern sees at once: some take time with the square of a line
MOST_NUMBERS = 200  # that are none, before a text is taken for a table
REACH = 60  # characters between the number of a remote-access program and its password

# Addresses of manuals: the name before the last dot, and the name before the sign.
_EXAMPLE_DOMAINS = re.compile(r"example|(?:your|my)?(?:domain|company)|beispiel|voorbeeld|eksempel")
_EXAMPLE_PEOPLE = re.compile(r"git|user(?:name)?|you|your\.name|no-?reply|nobody|name|x+")
_PLACEHOLDER_TEXT = (
    "password passwort passwd pass pwd pw secret user admin root postgres guest changeme change-me example test token "
    "wachtwoord adgangskode пароль placeholder yourpassword mypassword foo bar "
    "none null nil true false undefined yes no on off str string int bytes char varchar text optional any same default "
    "required disabled enabled unchanged see here there it this that your my only still also nothing something "
    "ja nein nee nej kein keine keiner geen ingen intet leer leeg tom unbekannt нет пусто wrong rejected please thanks "
    "fehlt falsch zu too neu nieuw ny old alt oud gammel new "
    "vergessen vergeten glemt forgotten lost забыл забыла забыли"
)
_PLACEHOLDERS = frozenset(_PLACEHOLDER_TEXT.split())
_PLACEHOLDER = re.compile(
    r"[*•x.…_?#-]{2,}|<.*|\[.*|\{.*|.*[$%]\{?\{?\w+\}?\}?%?|.*\{\{?.*|your[_-].*|my[_-].*|.*[_-]here|[A-Z]+(?:_[A-Z]+)+",
    re.DOTALL,
)
_CODE = re.compile(r"\$?[A-Za-z_][\w.$:>-]*[\[(].*|\$_.*|[a-z_]\w*(?:\.[a-z_]\w*)+|[a-z]+(?:_[a-z]+)+", re.DOTALL)
_QUOTES = "\"'`“”„«»"
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}:(?P<value>[^\s/@]{1,200})@[^\s\"'`<>，。；]{1,300}", _I
)
_CONFIGURED = re.compile(
    r"\b(?:server|data source|host|initial catalog|database|jdbc:\w+)\b[^\n]{0,200}?"
    r"[;&?]\s*(?:password|pwd)=(?P<value>[^;&\s\"'，。]{1,100})",
    _I,
)
_REMOTE_WORDS = r"team ?viewer|any ?desk|rust ?desk|splashtop|quick ?assist"
_REMOTE_CODE = re.compile(
    rf"\b(?:{_REMOTE_WORDS})\b[^\n]{{0,40}}?\d(?:[ -]?\d){{7,11}}\b[^\n]{{0,{REACH}}}?"
    r"(?:code|kode|код|代码|пароль|密码|\bp(?:ass)?w\w*|ww|kennwort|adgangskode\w*|kodeord\w*|wachtwoord)"
    r"(?:\s+(?:is|ist|er|lautet|for it|dafür)\b)?\s*(?:是|[:=：])?\s*(?P<value>[^\s,;，。；]{4,40})",
    _I,
)
_LOGIN = re.compile(
    r"(?:\b(?:log ?in|user|username|account|credentials?|zugang(?:sdaten)?|benutzer|inloggegevens|gebruiker|bruger|"
    r"логин)"
    r"\b|账号)[^\n/:]{0,40}[\s:：]\s?[^\s/:]{2,40}(?: ?/ ?|:)(?P<value>[^\s/,;]{6,40})",
    _I,
)
_IS = r"(?:\s+(?:is|was|ist|war|lautet|er|var|это)\s+|\s*[:=：]\s*|\s+[—–]\s+)"
_SENTENCE = re.compile(
    rf"(?<![^\W_])(?:{redaction.PASSWORD_WORDS})(?:,?\s+[^\W\d]{{1,20}}){{0,5}}?{_IS}(?P<value>[^\s,;，。；]{{5,60}})",
    _I,
)
_QUOTED = re.compile(
    rf"(?<![^\W_])(?:{redaction.PASSWORD_WORDS})(?:['’]s)?\s+[\"„“«](?P<value>[^\"„“”«»\n]{{4,60}})[\"”“»]", _I
)
_SIGNED = re.compile(r"(?:口令|密码|密碼)[\s:：]{0,3}(?P<value>[!-+\--~]{4,40})")
_SHELL = re.compile(r"\bmysql\w*\b[^\n]{0,80}?\s-p(?P<value>[^\s\"']{4,60})")
_KEY = re.compile(
    r"(?<![\w-])[A-Z0-9]{4}(?:-[A-Z0-9]{4}){3,7}(?![\w-])|(?<![\w-])[A-Z0-9]{5}(?:-[A-Z0-9]{5}){2,7}(?![\w-])"
)
_CARD = re.compile(
    r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d{4}){3}(?![\w-])|(?<![\w.-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\w-])"
)
_PHONE_WORDS = re.compile(
    r"\b(?:call|ring|phone|tel|telephone|mobile|cell|dial|telefon\w*|handy|mobil\w*|ruft?|anruf\w*|bel|telefoon\w*|"
    r"gsm|tlf|whatsapp|signal|sms|позвон\w+|звон\w+|телефон\w*|тел|номер\w*)\b|电话|手机|致电|打给",
    _I,
)
_DIGITS = re.compile(r"\d(?:[ ()/.-]{0,3}\d){6}")
_KEY_FILE = re.compile(r"(?:^|/)id_(?:rsa|dsa|ecdsa|ed25519)$|\.(?:pem|key|ppk|p12|pfx|jks|kdbx?|ovpn|env)$", _I)
_NO_CALL = re.compile(r"\b(?:call stack|build|version|order|invoice|ticket|serial|isbn|ean|part)\b", _I)
_NO_PHONE = re.compile(r"\d{4}([-./ ])\d{1,2}\1\d{1,2}(?!\d)|\d{1,2}([-./ ])\d{1,2}\2(?:19|20)\d\d(?!\d)|\d{5}-\d{4}$")
_SHAPED = re.compile(r"\+|00[1-9]|\(?0\d{1,4}\)?[ /-]")
REGIONS = ("DE", "NL", "GB", "DK", "RU", "CN", "US", "AT", "CH", "BE")


def scan(text: str) -> list[Finding]:
    """What must not be posted, in order of appearance, without overlaps. Text after `LONGEST` is not looked at."""
    text = text[:LONGEST]
    taken = bytearray(len(text))
    found: list[Finding] = []
    for find in _SOURCES:
        for one in find(text):
            if not any(taken[one.start : one.end]):
                taken[one.start : one.end] = b"\1" * (one.end - one.start)
                found.append(one)
    return sorted(found, key=lambda one: one.start)


def scan_name(filename: str) -> list[Finding]:
    """The same for the name of a file, of which the whole is the finding: a name is never posted in part."""
    name = filename[:300]
    kinds = {"private key"} if _KEY_FILE.search(name) else {one.kind for one in (*scan(name), *scan(_said_as(name)))}
    return [Finding(kind, 0, len(filename)) for kind in sorted(kinds)]


def _said_as(name: str) -> str:
    """`passwort-Hunter2.png` says what `passwort Hunter2` says."""
    return re.sub(r"[_-]+", " ", name.rpartition(".")[0] or name)


def cover(text: str, findings: Iterable[Finding]) -> str:
    """The text with a word in brackets, such as `[password]`, for each finding."""
    pieces, at = [], 0
    for kind, start, end in findings:
        pieces += [text[at:start], f"[{kind}]"]
        at = end
    return "".join((*pieces, text[at:]))


def _connection_strings(text: str) -> Iterator[Finding]:
    for match in _ADDRESS.finditer(text):
        if _is_secret(match["value"], is_sure=True):
            kind = "password" if match[0].lower().startswith(("http", "ftp")) else "connection string"
            yield Finding(kind, match.start(), match.start() + len(match[0].rstrip(".,:;)!?")))
    for match in _CONFIGURED.finditer(text):
        if _is_secret(match["value"], is_sure=True):
            yield Finding("connection string", *match.span("value"))


def _remote_codes(text: str) -> Iterator[Finding]:
    for match in _REMOTE_CODE.finditer(text):
        if _is_strong(match["value"].strip(_QUOTES + ".!?")):
            yield _value(match)


def _value(match: "re.Match[str]") -> Finding:
    """The password without the end of the sentence."""
    return Finding("password", match.start("value"), match.start("value") + len(match["value"].rstrip(".?")))


def _said(text: str) -> Iterator[Finding]:
    """As people say it: `admin / Hunter2!`, or `the password for the guest account is Hunter2!`."""
    for pattern in (_LOGIN, _SENTENCE, _QUOTED, _SIGNED, _SHELL):
        for match in pattern.finditer(text):
            if _is_secret(match["value"], is_sure=False):
                yield _value(match)


def _keys(text: str) -> Iterator[Finding]:
    """Groups of one length, with figures and letters among them."""
    for match in _KEY.finditer(text):
        if any(map(str.isdigit, match[0])) and any(map(str.isalpha, match[0])):
            yield Finding("licence key", *match.span())


def _cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        if redaction.has_luhn_digit(match[0]):
            yield Finding("card", *match.span())


def _patterns(text: str) -> Iterator[Finding]:
    """Without addresses of machines, which answers turn on, and without what is looked for more closely here."""
    for one in redaction.findings(text):
        if one.kind not in ("phone", "address", "card") and _is_meant(text, one):
            yield one


def _tokens(text: str) -> Iterator[Finding]:
    """By the detectors of detect-secrets, in windows that overlap by half."""
    for start in range(0, max(len(text), 1), WINDOW // 2):
        window = text[start : start + WINDOW]
        for kind, pattern in _detectors():
            for match in pattern.finditer(window):
                yield Finding(kind, start + match.start(), start + match.end())


def _phones(text: str) -> Iterator[Finding]:
    """Numbers that exist in a country of the portal's languages, and are written or introduced as one."""
    if _DIGITS.search(text) is None:
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for region in REGIONS:
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=MOST_NUMBERS):
            before = text[max(0, match.start - 40) : match.start]
            if _NO_PHONE.match(match.raw_string):
                continue
            is_written = _SHAPED.match(match.raw_string) is not None and sum(map(str.isdigit, match.raw_string)) > 8
            is_introduced = _PHONE_WORDS.search(before) is not None and _NO_CALL.search(before) is None
            if is_written or is_introduced:
                yield Finding("phone", match.start, match.end)


@cache
def _detectors() -> tuple[tuple[str, "re.Pattern[str]"], ...]:
    """Loaded when the first post is checked. Passwords in addresses and JSON web tokens have patterns of our own.

    What allows for a hundred of any characters would take minutes on a text made to hurt.
    """
    from detect_secrets.plugins import (
        artifactory,
        aws,
        azure_storage_key,
        cloudant,
        discord,
        github_token,
        ibm_cloud_iam,
        mailchimp,
        npm,
        private_key,
        sendgrid,
        slack,
        softlayer,
        square_oauth,
        stripe,
        twilio,
    )

    detectors = (
        artifactory.ArtifactoryDetector,
        aws.AWSKeyDetector,
        azure_storage_key.AzureStorageKeyDetector,
        cloudant.CloudantDetector,
        discord.DiscordBotTokenDetector,
        github_token.GitHubTokenDetector,
        ibm_cloud_iam.IbmCloudIamDetector,
        mailchimp.MailchimpDetector,
        npm.NpmDetector,
        sendgrid.SendGridDetector,
        slack.SlackDetector,
        softlayer.SoftlayerDetector,
        square_oauth.SquareOAuthDetector,
        stripe.StripeDetector,
        twilio.TwilioKeyDetector,
    )
    tokens = [("token", one) for detector in detectors for one in detector().denylist if ".{0,100}" not in one.pattern]
    return (*(("private key", pattern) for pattern in private_key.PrivateKeyDetector().denylist), *tokens)


def _is_meant(text: str, one: Finding) -> bool:
    """Whether what a pattern took for a secret gives anything away."""
    value = text[one.start : one.end]
    if one.kind == "email":
        return _is_personal(value)
    if one.kind == "password":
        return _is_secret(value, is_sure=_is_assigned(text, one))
    if one.kind == "licence key":
        return any(char.isdigit() for char in value) and len(value.strip(_QUOTES)) >= 6
    if one.kind == "token":
        return value.startswith("eyJ") or (_is_secret(value, is_sure=False) and _is_long(value))
    return True


def _is_assigned(text: str, one: Finding) -> bool:
    """True where the value stands behind a sign and not at the head of a sentence: a plain word is a password there."""
    before, after = text[max(0, one.start - 3) : one.start], text[one.end : one.end + 3]
    if text[one.start] in _QUOTES:
        return True
    if before.endswith("="):
        return True
    return before.rstrip().endswith((":", "：", "=")) and re.match(r"[.!]?\s*(?:\n|$)", after) is not None


def _is_secret(value: str, *, is_sure: bool) -> bool:
    """`is_sure`: by where it stands it can only be a value, so that a plain word will do."""
    value = value.strip().strip(_QUOTES).rstrip(",;:.!?)'\"`")
    if len(value) < 4 or _is_placeholder(value) or _CODE.fullmatch(value) or value.startswith(("/", "http:", "https:")):
        return False
    if not value.isascii() and not any(char.isascii() and char.isalnum() for char in value) and value[0] > "\u3000":
        return False  # a sentence of Chinese or Japanese
    return is_sure or _is_strong(value)


def _is_long(token: str) -> bool:
    return len(token) > 7 and (len(token) >= 24 or any(map(str.isdigit, token)))


def _is_strong(value: str) -> bool:
    """A word of a sentence has no figures, no signs within it and no capitals after its first letter."""
    inner = value[1:-1]
    has_figure, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    has_sign = any(not (char.isalnum() or char in "-–'’./") for char in inner)
    is_camel = any(char.isupper() for char in value[1:]) and any(char.islower() for char in value)
    return (
        (has_figure and has_letter) or (has_letter and (has_sign or is_camel)) or (value.isdigit() and len(value) > 5)
    )


def _is_placeholder(value: str) -> bool:
    bare = value.strip().strip(_QUOTES + "()[]:;,.!?")
    return bare.lower() in _PLACEHOLDERS or not bare or _PLACEHOLDER.fullmatch(value) is not None


def _is_personal(address: str) -> bool:
    """Neither an example of a manual, nor the version of a package, nor the account of a program."""
    name, _, domain = address.lower().rpartition("@")
    labels = domain.split(".")
    return labels[-1].isalpha() and not (_EXAMPLE_PEOPLE.fullmatch(name) or _EXAMPLE_DOMAINS.fullmatch(labels[-2]))


# Where two overlap, the earlier source says what it is.
_SOURCES = (_connection_strings, _remote_codes, _said, _cards, _keys, _patterns, _tokens, _phones)
