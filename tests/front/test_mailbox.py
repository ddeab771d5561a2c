from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.jobs import run_due
from portal.mail import Mail, store


def write_mail(app: Flask, html: str = "<p>Hello</p>") -> int:
    with app.app_context():
        mail = store("carla@heron.example", "Your ticket", "Hello", html, "en")
        db.session.commit()
        return mail.id


def test_the_demo_shows_what_was_written(app: Flask, client: FlaskClient) -> None:
    mail_id = write_mail(app)
    assert "Your ticket" in client.get("/demo/mail/").text
    assert "Hello" in client.get(f"/demo/mail/{mail_id}").text
    assert "Your ticket" in client.get("/demo/mail/?to=CARLA@heron.example").text
    for nobody in ("somebody@else.example", "c_rla@heron.example", "%25", "%5C", "%00", "carla"):
        answer = client.get(f"/demo/mail/?to={nobody}")
        assert answer.status_code == 200 and ("Your ticket" in answer.text) == (nobody == "%00")


def test_the_html_is_shut_off_from_the_portal(app: Flask, client: FlaskClient) -> None:
    answer = client.get(f"/demo/mail/{write_mail(app, '<script>alert(1)</script>')}/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_production_has_no_mailbox(app: Flask, client: FlaskClient) -> None:
    settings = app.extensions["settings"]
    settings["mode"] = "production"
    try:
        assert client.get("/demo/mail/").status_code == 404
        assert client.get("/demo/styleguide").status_code == 404
    finally:
        settings["mode"] = "demo"


def test_a_mail_is_written_once_to_a_file_with_its_message_id(app: Flask) -> None:
    mail_id = write_mail(app)
    with app.app_context():
        run_due()
        mail = db.session.get(Mail, mail_id)
        assert mail is not None and mail.sent_at
        files = list((app.extensions["settings"].instance / "mail").glob("*.eml"))
        assert len(files) == 1
        text = files[0].read_text()
        assert f"Message-ID: {mail.message_id}" in text.replace("\n ", " ")
        assert "Auto-Submitted: auto-generated" in text
