"""What a mail costs from its bytes to the commit: filed, joined, told directions, put aside.

`python -m bench.mail` prints the table. A portal of its own on SQLite with full sync, in a temporary folder.
"""

import statistics
import tempfile
import time
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from flask import Flask

from portal import create_app
from portal.db import db, utcnow, writing
from portal.mail import signed_message_id
from portal.mailroom.receiving import receive
from portal.schema import upgrade
from tests import cast

ROUNDS = 200
QUOTED = "".join(f"> line {number} of what was answered\n" for number in range(40))


def letter(sender: str, text: str, *, html: bool = False, size: int = 0, reply_to: str = "") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Carla <{sender}>", "help@vendor.example", "It beeps"
    message["Message-ID"] = make_msgid(domain="mail.example")
    if reply_to:
        message["In-Reply-To"] = reply_to
    message.set_content(f"<p>{text}</p>" * 20 if html else text, subtype="html" if html else "plain")
    if size:
        message.add_attachment(b"beep\n" * (size // 5), maintype="text", subtype="plain", filename="beep.log")
    return message.as_bytes()


def measure(app: Flask, name: str, mails: list[bytes]) -> None:
    spent, results = [], set()
    for raw in mails:
        with app.app_context():
            begun = time.perf_counter()
            outcome = receive(raw, now=utcnow())
            spent.append((time.perf_counter() - begun) * 1000)
            results.add(outcome.result)
    spent.sort()
    p95 = spent[int(len(spent) * 0.95)]
    print(f"| {name} | {'/'.join(sorted(results))} | {statistics.median(spent):.1f} | {p95:.1f} |", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = {"mode": "production", "secret_key": "only-for-the-bench", "limit_filing": "100000 per hour"}
        app = create_app(testing=True, instance=Path(folder), **config)
        upgrade(app)
        with app.app_context(), writing():
            world = cast.gather()
            cast.subscribe(world.heron, "business", "sla-24x5")
            db.session.commit()
        customer, free = cast.ADDRESSES["customer"], cast.ADDRESSES["stranger"]
        with app.app_context():
            number = receive(letter(customer, "It beeps."), now=utcnow()).ticket_number
            assert number
            threads = [signed_message_id("ticket", number, "replied") for _ in range(ROUNDS)]
        print("| mail | becomes | ms p50 | ms p95 |\n|---|---|---|---|")
        measure(app, "plain, new", [letter(customer, f"It beeps. {n}") for n in range(ROUNDS)])
        measure(app, "HTML, new", [letter(customer, f"It beeps. {n}", html=True) for n in range(ROUNDS)])
        measure(app, "with a file of 100 kB, new", [letter(customer, f"{n}", size=100_000) for n in range(ROUNDS)])
        replies = [letter(customer, f"No.\n\n{QUOTED}{n}", reply_to=thread) for n, thread in enumerate(threads)]
        measure(app, "a reply with 40 lines quoted", replies[: ROUNDS // 2])
        measure(app, "a retry", [replies[0]] * ROUNDS)
        measure(app, "of a plan without mail", [letter(free, f"{n}") for n in range(ROUNDS // 10)])
        measure(app, "broken", [b"\xff\xfe%d" % n for n in range(ROUNDS)])
        with app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    main()
