"""Mail fetched from a real IMAP server (pymap)."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal.config import Settings
from portal.db import db
from portal.doctor import check_mail_in
from portal.mailroom import fetching
from portal.mailroom.fetching import NotFetched, fetch
from portal.mailroom.received import ReceivedMail
from portal.web import settings
from tests import cast
from tests.mailroom.post import Mailbox, imap_server
from tests.mailroom.writing import mail


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with imap_server(tmp_path_factory.mktemp("imap")) as box:
        yield box


@pytest.fixture
def box(server: Mailbox) -> Mailbox:
    with server.open() as line:
        line.delete("Help")
        line.create("Help")
    return server


def fetched(app: Flask, url: str) -> int:
    with app.app_context():
        settings()["imap_url"] = url
        try:
            return fetch()
        finally:
            settings()["imap_url"] = ""


def results(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(ReceivedMail.result).order_by(ReceivedMail.id)))


def test_what_is_unseen_is_taken_in_and_seen_then(app: Flask, entitled: cast.World, box: Mailbox) -> None:
    box.put(mail(), mail("eve@nowhere.example"), b"\xff\xfe not a mail")
    assert fetched(app, box.url) == 3
    assert results(app) == ["ticket", "directions", "quarantine"]
    assert (box.count("UNSEEN"), box.count("SEEN")) == (0, 3)
    assert fetched(app, box.url) == 0


def test_a_fetcher_that_dies_after_the_commit_files_once(
    app: Flask, entitled: cast.World, box: Mailbox, monkeypatch: Any
) -> None:
    box.put(mail())
    whole = fetching.receive

    def die(raw: bytes, **given: Any) -> None:
        whole(raw, **given)
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "receive", die)
    with pytest.raises(KeyboardInterrupt):
        fetched(app, box.url)
    assert box.count("UNSEEN") == 1
    monkeypatch.setattr(fetching, "receive", whole)
    assert fetched(app, box.url) == 1
    assert results(app) == ["ticket"]


def test_mail_stays_unseen_while_the_database_is_away(
    app: Flask, entitled: cast.World, box: Mailbox, monkeypatch: Any
) -> None:
    box.put(mail())

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr("portal.mailroom.receiving._take", fail)
    with pytest.raises(OperationalError):
        fetched(app, box.url)
    assert box.count("UNSEEN") == 1


def test_a_folder_that_is_not_there_is_said(app: Flask, world: cast.World, box: Mailbox) -> None:
    with pytest.raises(NotFetched):
        fetched(app, box.url.replace("/Help", "/Nowhere"))
    with pytest.raises(NotFetched):
        fetched(app, box.url.replace("demopass", "wrong"))


def test_no_password_is_told_in_clear_or_to_anybody(
    app: Flask, world: cast.World, box: Mailbox, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(fetching, "_is_loopback", lambda host: False)
    with pytest.raises(NotFetched, match="STARTTLS"):
        fetched(app, box.url)
    with imap_server(tmp_path, "--cert", *certificate(tmp_path)) as other:
        from tests.running import wait_for

        def is_refused() -> bool:
            try:
                fetched(app, other.url)
            except ssl.SSLCertVerificationError:
                return True
            except OSError:
                return False
            raise AssertionError("it signed in")

        wait_for(is_refused)


def certificate(folder: Path) -> tuple[str, str, str]:
    """Signed by nobody that anybody trusts: (its file, `--key`, its key's file)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1)).serial_number(1)
    (folder / "cert").write_bytes(dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    return str(folder / "cert"), "--key", str(folder / "key")


def test_the_doctor_tries_the_mailbox(app: Flask, world: cast.World, box: Mailbox) -> None:
    config = Settings(app.extensions["settings"])
    config["imap_url"] = box.url
    found = {finding.subject: finding for finding in check_mail_in(config)}
    assert (found["mail in"].state, found["mail_trusted_hosts"].state) == ("ok", "warn")
    config["imap_url"] = box.url.replace("demopass", "wrong")
    (failed, _warned) = check_mail_in(config)
    assert failed.state == "fail" and "wrong" not in failed.advice
