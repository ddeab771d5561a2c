"""What people paste into a search or a ticket, and what of it may be kept."""

import pytest

from knowledge.search.redaction import findings, redact
from tests.pace import SECOND, loops

TAKEN = {
    "my password is Hunter2!": "my password is [password]",
    "Passwort: geheim123": "Passwort: [password]",
    "wachtwoord = lente": "wachtwoord = [password]",
    "adgangskode: sommer12": "adgangskode: [password]",
    "пароль: qwerty12": "пароль: [password]",
    "密码：abc123": "密码：[password]",
    "user_password=abc123 next": "user_password=[password] next",
    "TeamViewer ID 123 456 789 password 4x8k2p": "TeamViewer ID [remote access] password [password]",
    "AnyDesk 987654321 please": "AnyDesk [remote access] please",
    "FOYER-HARB0-VRSTA-RTER0-0001J fails": "[licence key] fails",
    "licence key: abcd1234": "licence key: [licence key]",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc": "[token]",
    "AKIAIOSFODNN7EXAMPLE": "[token]",
    "ghp_" + "a1" * 18: "[token]",
    "xoxb" + "-123456789012-abcdefghij": "[token]",
    "Authorization: Bearer abcdef1234567890": "Authorization: Bearer [token]",
    "GET /x?token=abcdef123&x=1": "GET /x?token=[token]&x=1",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----": "[private key]",
    "postgres://app:pw@db/x": "postgres://app:[password]@db/x",
    "4111 1111 1111 1111": "[card]",
    "NL91 ABNA 0417 1643 00": "[iban]",
    "ask mira@tidewater.example": "ask [email]",
    "+31 20 123 4567": "[phone]",
    "call 020 123 4567": "call [phone]",
    "from 203.0.114.7": "from [address]",
    "2606:4700::1111": "[address]",
}
LEFT = (
    *(
        "reset my password",
        "the password is wrong",
        "Passwort vergessen",
        "token expired",
        "密码错误",
        "password policy",
    ),
    *("order 4111 1111 1111 1112", "error 1234567890123", "2026-10-12 10:00:00", "10:20:30", "ticket 20261012"),
    *("0x80070005", "BCN-3010", "CVE-2024-12345", "WINDOWS-SERVER-2022", "Beacon 4.2.1.7", "ORA-00942", "RLY-0520"),
    *("10.0.0.1", "192.168.1.17", "127.0.0.1:8080", "fe80::1", "12345678-1234-1234-1234-123456789abc"),
    *("how do I move a licence key?", "claim a licence key", "the token is not valid", "", "TeamViewer is slow"),
)


@pytest.mark.parametrize("text", TAKEN)
def test_secrets_are_taken_out(text: str) -> None:
    assert redact(text) == TAKEN[text]


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("text", TAKEN)
def test_it_is_done_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_findings_say_where() -> None:
    found = findings("a@b.example then 4111111111111111")
    assert [(one.kind, one.start, one.end) for one in found] == [("email", 0, 11), ("card", 17, 33)]


@pytest.mark.parametrize(
    "piece", ["a", "1 ", "a.a@", "-----BEGIN PRIVATE KEY-----", "A1B2-", "aa://", "password ", " "]
)
def test_time_grows_with_the_text_only(piece: str) -> None:
    assert loops(lambda: redact(piece * (50_000 // len(piece)))) < SECOND
