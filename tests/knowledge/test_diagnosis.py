"""What is understood of an error message, a stack trace or a log."""

import pytest
from flask.testing import FlaskClient

from knowledge.search.diagnosis import diagnose
from tests.pace import SECOND, loops

TRACE = """Traceback (most recent call last):
  File "/opt/beacon/x.py", line 44, in run
    connect()
ConnectionRefusedError: [Errno 111] Connection refused to 10.2.3.4:8443"""
JAVA = """Exception in thread "main" java.lang.RuntimeException: boot
\tat com.larkspur.Main.run(Main.java:33)
Caused by: java.sql.SQLException: ORA-00942: table or view does not exist"""
LOG = "2026-11-10 10:22:31,221 ERROR [a.b] BCN-3010 licence machine limit reached for host 'srv-17' at /var/lib/x.db"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (LOG, "BCN-3010", "licence machine limit reached"),
        (TRACE, "ConnectionRefusedError", "Connection refused"),
        (JAVA, "ORA-00942", "table or view does not exist"),
        ("Setup failed\n0x80070005 Access is denied.", "0x80070005", "Access is denied"),
        ("retrying\nHTTP 503 Service Unavailable", "HTTP 503", "Service Unavailable"),
    ],
)
def test_codes_and_message_are_kept(text: str, code: str, message: str) -> None:
    found = diagnose(text)
    assert found and found.codes[0] == code and message in found.message
    for variable in ("srv-17", "/var", "10.2.3.4", "44", "10:22", "2026", "Main.java"):
        assert variable not in found.text


@pytest.mark.parametrize(
    "text", ["BCN-3010", "how do I move a licence?", "move\na licence", "HTTP 503 from a proxy", ""]
)
def test_questions_are_no_logs(text: str) -> None:
    assert diagnose(text) is None


def test_secrets_are_not_searched() -> None:
    found = diagnose(f"{LOG} password=hunter22 token: abc123def")
    assert found and "hunter22" not in found.text and "abc123def" not in found.text


@pytest.mark.parametrize(
    "piece", ["a", "at ", "1:", "/a", "ERROR ", '"', "Aa.", "\n", "12:12:12 ERROR ", "ab:", "\ud800"]
)
def test_nasty_texts_take_no_time(client: FlaskClient, piece: str) -> None:
    assert loops(lambda: diagnose("ERROR: x\n" + piece * (100_000 // len(piece)))) < SECOND
