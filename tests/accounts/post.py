"""Reading the mails that the portal wrote, as their recipients would."""

import re
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select

from portal.db import db
from portal.jobs import run_due
from portal.mail import Mail


def mails(app: Flask, to: str | None = None) -> list[Mail]:
    """Every mail written so far, after the worker has done its jobs; the oldest first."""
    with app.app_context():
        run_due()
        query = select(Mail).order_by(Mail.id)
        found = list(db.session.scalars(query if to is None else query.where(Mail.recipient == to)))
        db.session.expunge_all()
    return found


def last(app: Flask, to: str) -> Mail:
    return mails(app, to)[-1]


def link(mail: Mail, part: str = "/account/") -> str:
    """The path of the first link whose address holds `part`; the HTML names the same one."""
    found = next(address for address in re.findall(r"https?://[^\s<>\"]+", mail.text) if part in address)
    assert found in mail.html.replace("&amp;", "&")
    parts = urlsplit(found)
    return parts.path + (f"?{parts.query}" if parts.query else "")
