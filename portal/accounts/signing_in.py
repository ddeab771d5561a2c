"""Registration, sign-in, recovery and changes of password and address: Flask-Security, set up for us."""

from typing import Any

from flask import Flask
from flask_security import MailUtil, Security, SQLAlchemyUserDatastore

from portal.accounts.people import Role, User, WebAuthn
from portal.config import Settings
from portal.db import db
from portal.mail import store
from portal.web import choose_locale, limiter

security = Security()


class OutboxMail(MailUtil):  # type: ignore[misc]
    """Flask-Security's mails take the same road as all others."""

    def send_mail(
        self, template: str, subject: str, recipient: str, sender: Any, body: str | None, html: str | None, **_: Any
    ) -> None:
        store(recipient, str(subject), body or "", html or "", choose_locale())


def init_signing_in(app: Flask, config: Settings) -> None:
    app.config.from_mapping(security_settings(config))
    datastore = SQLAlchemyUserDatastore(db, User, Role, WebAuthn)
    security.init_app(app, datastore, mail_util_cls=OutboxMail)
    for endpoint, limit in (
        ("security.login", config.limit_sign_in),
        ("security.register", config.limit_register),
        ("security.forgot_password", config.limit_recovery),
        ("security.send_confirmation", config.limit_recovery),
    ):
        app.view_functions[endpoint] = limiter.limit(limit, methods=["POST"])(app.view_functions[endpoint])


def security_settings(config: Settings) -> dict[str, Any]:
    """Flask-Security's settings. Argon2id at OWASP's minimum: 19 MiB, two passes, one lane."""
    return {
        "SECURITY_PASSWORD_SALT": config.secret_key,  # unused with single hashing, but asked for
        "SECURITY_PASSWORD_HASH": "plaintext" if config.get("testing") else "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2", "plaintext"] if config.get("testing") else ["argon2"],
        "SECURITY_PASSWORD_SINGLE_HASH": ["argon2", "plaintext"],
        "SECURITY_PASSWORD_HASH_OPTIONS": {
            "argon2__memory_cost": 19456,
            "argon2__time_cost": 2,
            "argon2__parallelism": 1,
        },
        "SECURITY_URL_PREFIX": "/account",
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_REGISTER_URL": "/register",
        "SECURITY_RESET_URL": "/recover",
        "SECURITY_CHANGE_URL": "/password",
        "SECURITY_CHANGE_EMAIL_URL": "/email",
        "SECURITY_CONFIRM_URL": "/confirm",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_REGISTERABLE": True,
        "SECURITY_CONFIRMABLE": True,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_CHANGE_EMAIL": True,
        "SECURITY_TRACKABLE": True,
        "SECURITY_USE_REGISTER_V2": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_AUTO_LOGIN_AFTER_CONFIRM": False,
        "SECURITY_PASSWORD_LENGTH_MIN": 15,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_EMAIL_SENDER": config.mail_from,
        "SECURITY_POST_LOGOUT_VIEW": "/",
        "SECURITY_POST_REGISTER_VIEW": "/account/sign-in",
        "SECURITY_REDIRECT_BEHAVIOR": None,
    }
