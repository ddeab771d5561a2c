"""Names of files are words of strangers: whatever they hold, one header comes of it, and nothing else."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header

from portal.db import db
from portal.tickets import filetypes
from portal.tickets.ticket import Attachment
from tests import cast

NAMES = {
    'a".txt': "a_.txt",
    "a\r\nSet-Cookie: x=y\r\n.txt": "aSet-Cookie_ x=y.txt",
    "../../etc/passwd.txt": "passwd.txt",
    "..\\..\\boot.txt": "boot.txt",
    "a;filename=evil.html;.txt": "a_filename=evil.html_.txt",
    "\u202etxt.exe.txt": "txt.exe.txt",
    "a\0.txt": "a.txt",
    "%0d%0aX: y.txt": "_0d_0aX_ y.txt",
    "журнал — 日志.txt": "журнал — 日志.txt",
    "=?utf-8?q?evil?=.txt": "=_utf-8_q_evil_=.txt",
    "a" * 400 + ".txt": None,
    ".htaccess.txt": "htaccess.txt",
    "<img src=x onerror=y>.txt": "_img src=x onerror=y_.txt",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(name: str) -> None:
    tidy = filetypes.clean_name(name)
    assert NAMES[name] in (tidy, None)
    assert len(tidy) <= filetypes.LONGEST_NAME


@pytest.mark.parametrize("name", NAMES)
def test_it_is_handed_out_as_one_header(
    app: Flask, world: cast.World, as_: Callable[[str], FlaskClient], name: str
) -> None:
    carla = as_("customer")
    sent = {"files": (io.BytesIO(b"some words"), "some.txt")}
    carla.post(f"/tickets/files?key={'a' * 32}", data=sent)
    with app.app_context():
        kept = db.session.scalars(db.select(Attachment)).one()
        kept.filename = filetypes.clean_name(name)
        db.session.commit()
        token, filename = kept.token, kept.filename
    with carla.get(f"/tickets/files/{token}") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        [said] = answer.headers.getlist("Content-Disposition")
        assert parse_options_header(said) == ("attachment", {"filename": filename})
        assert "x=y" not in answer.headers.getlist("Set-Cookie")
