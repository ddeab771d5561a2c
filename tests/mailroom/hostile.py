"""Mails that lie, attack or break, as a table: (name, bytes, the results that are right for them).

`{id}` stands for a Message-ID that we signed for the customer's ticket, `{number}` for its number.
"""

import base64
from collections.abc import Iterator
from typing import NamedTuple

CARLA, AGENT, EVE = "carla@heron.example", "amir@vendor.example", "eve@nowhere.example"
APART = ("quarantine", "ignored")
NEW = ("ticket",)
TOLD = ("directions", "ignored", "quarantine")  # whatever a stranger gets, it is no ticket
TEXT = "Content-Type: text/plain; charset=utf-8"


class Case(NamedTuple):
    name: str
    raw: bytes
    right: tuple[str, ...]


def raw(*headers: str, body: str | bytes = "Open the door.", kind: str = TEXT) -> bytes:
    lines = [f"Message-ID: <{abs(hash((headers, body, kind)))}@mail.example>", *headers, "MIME-Version: 1.0", kind]
    return "\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + (
        body if isinstance(body, bytes) else body.encode()
    )


def spoofs() -> Iterator[Case]:
    """Somebody who is not who the mail says, or has no part in the ticket: none of these may join it."""
    replies = ("In-Reply-To: {id}", "Subject: Re: [#{number}] x")
    yield Case("forged agent with the id", raw(f"From: {AGENT}", *replies), APART)
    yield Case("forged agent, encoded name", raw(f"From: =?utf-8?b?QW1pcg==?= <{AGENT}>", *replies), APART)
    yield Case("agent as a display name", raw(f'From: "{AGENT}" <{EVE}>', *replies), TOLD)
    yield Case("customer as a display name", raw(f'From: "{CARLA}" <{EVE}>', *replies), TOLD)
    yield Case("customer as a bare display name", raw(f"From: {CARLA} <{EVE}>", *replies), TOLD)
    yield Case("customer in a comment", raw(f"From: {EVE} ({CARLA})", *replies), TOLD)
    yield Case("customer in an encoded word", raw(f"From: =?utf-8?q?{CARLA.replace('@', '=40')}?= <{EVE}>"), TOLD)
    yield Case("an encoded word as the address", raw("From: <=?utf-8?q?carla=40heron.example?=>", *replies), TOLD)
    yield Case("an encoded word before the at", raw("From: =?utf-8?q?carla?=@heron.example", *replies), TOLD)
    yield Case("two addresses", raw(f"From: {EVE}, {CARLA}", *replies), APART)
    yield Case("two addresses, the customer first", raw(f"From: {CARLA}, {EVE}", *replies), APART)
    yield Case("two From lines", raw(f"From: {CARLA}", f"From: {EVE}", *replies), APART)
    yield Case("two From lines, the other first", raw(f"From: {EVE}", f"From: {CARLA}", *replies), APART)
    yield Case("no From", raw(*replies), APART)
    yield Case("an empty From", raw("From: ", *replies), APART)
    yield Case("From without an address", raw("From: Carla", *replies), APART)
    yield Case("a group", raw(f"From: friends: {CARLA};", *replies), APART)
    yield Case("an empty group", raw("From: undisclosed:;", *replies), APART)
    yield Case("two at signs", raw(f"From: {EVE}@heron.example", *replies), APART)
    yield Case("a quoted local part", raw('From: "carla@heron.example "@nowhere.example', *replies), APART)
    yield Case("a route", raw(f"From: <@evil.example:{EVE}>", *replies), APART)
    yield Case("angles in angles", raw(f"From: <{CARLA}> <{EVE}>", *replies), TOLD)
    yield Case("an escaped quote", raw(f'From: "x\\" <{CARLA}>" <{EVE}>', *replies), TOLD)
    yield Case("a look-alike letter", raw("From: cаrla@heron.example", *replies), TOLD)
    yield Case("bytes of no charset", raw("From: carl\udce1@heron.example", *replies), TOLD)
    yield Case("a zero-width letter", raw("From: car\u200bla@heron.example", *replies), TOLD)
    yield Case("a longer domain", raw("From: carla@heron.example.evil.example", *replies), TOLD)
    yield Case("a plus address", raw("From: carla+x@heron.example", *replies), TOLD)
    yield Case("the customer as Sender", raw(f"From: {EVE}", f"Sender: {CARLA}", *replies), TOLD)
    yield Case("the customer as Reply-To", raw(f"From: {EVE}", f"Reply-To: {CARLA}", *replies), TOLD)
    yield Case("the agent as Reply-To", raw(f"From: {EVE}", f"Reply-To: {AGENT}", *replies), TOLD)
    yield Case("a forged id", raw(f"From: {CARLA}", "In-Reply-To: <ticket.{number}.replied.00.000000@127.0.0.1>"), NEW)
    yield Case("an id without a signature", raw(f"From: {CARLA}", "In-Reply-To: <ticket.{number}@127.0.0.1>"), NEW)
    yield Case("an id of another number", raw(f"From: {CARLA}", "References: <ticket.12345678.a.b.c@127.0.0.1>"), NEW)
    yield Case("an id of letters", raw(f"From: {CARLA}", "In-Reply-To: <ticket.١٢٣.x@127.0.0.1>"), NEW)
    yield Case("a stranger with the true id", raw(f"From: {EVE}", "In-Reply-To: {id}"), TOLD)
    yield Case("a stranger with the tag", raw(f"From: {EVE}", "Subject: [#{number}]"), TOLD)
    yield Case("a foreign customer", raw("From: sam@elsewhere.example", *replies), TOLD)
    yield Case("a former member", raw("From: frank@heron.example", *replies), TOLD)
    yield Case("a suspended member", raw("From: sven@heron.example", *replies), APART)
    yield Case("our own address", raw("From: support@larkspur.example", *replies), APART)
    yield Case("a failed check", raw(f"From: {CARLA}", "Authentication-Results: x; dmarc=fail", *replies), APART)
    yield Case("a hard failure of SPF", raw(f"From: {CARLA}", "Authentication-Results: x; spf=fail", *replies), APART)
    yield Case(
        "a result that the sender wrote",
        raw(f"From: {AGENT}", "Authentication-Results: mx.vendor.example; dmarc=pass", *replies),
        APART,
    )
    yield Case("headers that set fields", raw(f"From: {EVE}", "X-Zammad-Ticket-Owner: x", "X-Foyer-Ticket: 1"), TOLD)


def attacks() -> Iterator[Case]:
    """From the customer: whatever becomes of these, they neither break the mailroom nor run."""
    mine = (f"From: {CARLA}",)
    any_ = ("ticket", *APART)
    deep = "".join(f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n\n' for n in range(60))
    yield Case("nested parts", raw(*mine, body=deep, kind='Content-Type: multipart/mixed; boundary="b0"'), APART)
    mails = "Content-Type: message/rfc822\n\n" * 60
    yield Case("mails in mails", raw(*mine, body=f"{mails}x", kind="Content-Type: message/rfc822"), APART)
    parts = "--b\nContent-Type: text/plain\n\nx\n" * 5000
    yield Case("very many parts", raw(*mine, body=parts, kind="Content-Type: multipart/mixed; boundary=b"), APART)
    yield Case("a boundary that never comes", raw(*mine, kind="Content-Type: multipart/mixed; boundary=no"), any_)
    yield Case("no boundary", raw(*mine, kind="Content-Type: multipart/mixed"), any_)
    yield Case("an endless boundary", raw(*mine, kind=f"Content-Type: multipart/mixed; boundary={'x' * 9000}"), APART)
    yield Case("a huge header", raw(*mine, f"X-Long: {'x' * 70_000}"), APART)
    yield Case("huge headers", raw(*mine, *[f"X-{n}: {'y' * 900}" for n in range(400)]), APART)
    yield Case("very many headers", raw(*mine, *[f"X-{n}: y" for n in range(3000)]), APART)
    yield Case("a huge type", raw(*mine, kind="Content-Type: text/plain; " + "; ".join(["a=b"] * 2000)), APART)
    yield Case("a long subject", raw(*mine, f"Subject: {'=?utf-8?b?4pi6?= ' * 500}"), any_)
    yield Case("a subject in broken base64", raw(*mine, "Subject: =?utf-8?b?!!!?= =?nope?q?x?="), any_)
    yield Case("a script as the subject", raw(*mine, "Subject: <script>alert(1)</script>"), NEW)
    yield Case("a line end in the subject", raw(*mine, "Subject: =?utf-8?q?a=0D=0ABcc:_x@y.example?="), any_)
    yield Case("NUL in the subject", raw(*mine, "Subject: a\x00b"), any_)
    yield Case("NUL in the text", raw(*mine, body=b"a\x00b\x00"), any_)
    yield Case(
        "no charset by that name", raw(*mine, body=b"\xe9\xff", kind="Content-Type: text/plain; charset=x"), APART
    )
    yield Case("a charset that lies", raw(*mine, body=b"\xff\xfe\xe9 \xe9"), APART)
    yield Case("a charset that decodes code", raw(*mine, kind="Content-Type: text/plain; charset=unicode_escape"), any_)
    yield Case("a charset that is none", raw(*mine, kind="Content-Type: text/plain; charset=base64"), any_)
    yield Case("a slow charset", raw(*mine, body=b"x" * 99_999, kind="Content-Type: text/plain; charset=idna"), any_)
    yield Case("an undeclared charset", raw(*mine, body=b"Gr\xfc\xdfe", kind="Content-Type: text/plain"), NEW)
    broken = "\nContent-Transfer-Encoding: base64"
    yield Case("broken base64", raw(*mine, body="!!!!", kind=TEXT + broken), any_)
    yield Case("an unknown encoding", raw(*mine, kind=TEXT + "\nContent-Transfer-Encoding: x-rot"), any_)
    yield Case(
        "uuencoded",
        raw(*mine, body="begin 666 x\n#86)C\n`\nend\n", kind=TEXT + broken.replace("base64", "x-uuencode")),
        any_,
    )
    yield Case("no text at all", raw(*mine, body=""), NEW)
    yield Case("a date in the future", raw(*mine, "Date: Fri, 31 Dec 9999 23:59:59 +9999"), NEW)
    yield Case("no date that is one", raw(*mine, "Date: yesterday"), NEW)
    yield Case("not a mail", b"\xff\xfe\x00\x01", APART)
    yield Case("nothing", b"", APART)
    yield Case("only headers", f"From: {CARLA}".encode(), NEW)
    html = "Content-Type: text/html; charset=utf-8"
    yield Case("a script", raw(*mine, body="<p>Hi<script>alert(1)</script><img src=x onerror=y>", kind=html), NEW)
    yield Case("deep HTML", raw(*mine, body="<blockquote><div>" * 20_000 + "x", kind=html), any_)
    yield Case("many links", raw(*mine, body="<a href='http://x.example/'>x</a>" * 5000, kind=html), any_)
    yield Case("a javascript link", raw(*mine, body="<a href='javascript:alert(1)'>x</a>", kind=html), NEW)
    yield Case("one long line", raw(*mine, body="x" * 2_000_000), NEW)
    yield Case("quotes without end", raw(*mine, body="> " * 50_000), NEW)
    yield Case("attributions without end", raw(*mine, body="On 1 May, On " * 20_000), NEW)
    yield Case("fields without end", raw(*mine, body="From: a\n" * 20_000), NEW)
    for name in (
        "../../etc/passwd",
        ".htaccess",
        "a.svg",
        "x" * 400 + ".txt",
        "\u202etxt.exe",
        "a\x00.txt",
        "=?utf-8?q?a=0Ab?=",
    ):
        head = f'--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename="{name}"\n\n'
        body = f"--b\n\nSee the file.\n{head}boo\n--b--\n"
        yield Case(
            f"a file named {name[:12]!r}", raw(*mine, body=body, kind="Content-Type: multipart/mixed; boundary=b"), any_
        )
    png = base64.b64encode(b"MZ" + b"\0" * 200).decode()
    body = f"--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n{png}\n--b--\n"
    yield Case("a program as a picture", raw(*mine, body=body, kind="Content-Type: multipart/mixed; boundary=b"), NEW)


def machines() -> Iterator[Case]:
    """Programs: never answered, and on a ticket only as a note."""
    yours, never = (f"From: {CARLA}",), ("ignored",)
    for header in (
        *("Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated (x)", "Precedence: bulk", "Precedence: junk"),
        *("Precedence: list", "List-Id: <x.example>", "List-Unsubscribe: <mailto:x@y.example>", "X-Autoreply: yes"),
        *("Return-Path: <>", "X-Foyer-Loop: other.example", "X-Foyer-Loop: 127.0.0.1:8000", "X-Autorespond: x"),
        *("Subject: Out of Office: Carla", "Subject: Automatische Antwort: x", "Subject: Автоответ: x"),
        "Subject: =?utf-8?b?6Ieq5Yqo5Zue5aSNOiB4?=",
    ):
        yield Case(header, raw(*yours, header), never)
        yield Case(f"stranger, {header}", raw(f"From: {EVE}", header), never)
    for sender in ("MAILER-DAEMON@heron.example", "no-reply@heron.example", "bounces+1=x@heron.example"):
        yield Case(sender, raw(f"From: {sender}"), never)
    yield Case(
        "a report", raw(*yours, kind="Content-Type: multipart/report; boundary=b", body="--b\n\nx\n--b--"), never
    )
    yield Case("an answer to an invitation", raw(*yours, kind="Content-Type: text/calendar; method=REPLY"), never)
    yield Case("no automatic answers", raw(f"From: {EVE}", "X-Auto-Response-Suppress: All"), never)


def people() -> Iterator[Case]:
    """Words of machines in the mouths of people: these are tickets."""
    for subject in (
        "Out of office replies do not arrive",
        "Abwesend melden geht nicht",
        "Automatic reply fails",
        "Re: x",
    ):
        yield Case(subject, raw(f"From: {CARLA}", f"Subject: {subject}"), NEW)
    yield Case("sent by hand", raw(f"From: {CARLA}", "Auto-Submitted: no"), NEW)
    yield Case("from another portal's page", raw(f"From: {CARLA}", "Precedence: first-class"), NEW)


CASES = [*spoofs(), *attacks(), *machines(), *people()]
