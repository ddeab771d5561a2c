"""Foyer: a customer self-service support portal that runs on the vendor's support policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(**overrides: Any) -> "Flask":
    """The application. `overrides` are settings by name; raises `ConfigurationError` for one that can't be used."""
    from knowledge import init_knowledge
    from portal.accounts import init_accounts
    from portal.api import init_api
    from portal.assets import init_assets
    from portal.audit_pages import init_audit
    from portal.billing import init_billing
    from portal.chat import init_chat
    from portal.config import load_settings
    from portal.db import init_db
    from portal.desk import init_desk
    from portal.errors import init_errors
    from portal.forgetting import init_forgetting
    from portal.formats import init_formats
    from portal.front import init_front
    from portal.jobs import init_jobs
    from portal.logs import init_logs
    from portal.mailroom import init_mailroom
    from portal.partner import init_partner
    from portal.reports import init_reports
    from portal.status import init_status
    from portal.tickets import init_tickets
    from portal.web import Foyer, init_web
    from portal.webhooks import init_webhooks

    config = load_settings(**overrides)
    config.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = Foyer(
        "portal",
        template_folder=str(beside("templates")),
        static_folder=str(beside("static")),
        instance_path=str(config.instance),
    )
    app.config.from_mapping(flask_settings(config))
    app.extensions["settings"] = config
    init_logs(app, config)
    init_db(app)
    init_web(app, config)
    init_errors(app)
    init_formats(app)
    init_jobs(app, config)
    init_forgetting(app)
    init_accounts(app, config)
    init_front(app)
    init_knowledge(app, config)
    init_tickets(app)
    init_mailroom(app, config)
    init_desk(app)
    init_chat(app)
    init_reports(app)
    init_api(app)
    init_webhooks(app)
    init_status(app)
    init_billing(app)
    init_partner(app)
    init_audit(app)
    init_assets(app)
    return app


def flask_settings(config: Any) -> dict[str, Any]:
    """What Flask and its extensions read from `app.config`."""
    from urllib.parse import urlsplit

    from portal.limits import storage_of

    base = urlsplit(config.base_url)
    cookie = "__Host-session" if config.is_secure else "session"
    return {
        "SECRET_KEY": config.secret_key,
        "TESTING": bool(config.get("testing")),
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {} if config.database_url.startswith("sqlite") else {"pool_pre_ping": True},
        "SESSION_COOKIE_NAME": cookie,
        "SESSION_COOKIE_SECURE": config.is_secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_DURATION": config.session_max_hours * 3600,
        "REMEMBER_COOKIE_SECURE": config.is_secure,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "PREFERRED_URL_SCHEME": base.scheme,
        "TRUSTED_HOSTS": None if config.get("testing") else trusted_hosts(base.hostname or "localhost"),
        "MAX_CONTENT_LENGTH": config.upload_total_bytes + 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_DEFAULT_LOCALE": config.default_locale,
        "BABEL_DEFAULT_TIMEZONE": config.default_zone,
        "BABEL_TRANSLATION_DIRECTORIES": str(Path(__file__).parent / "translations"),
        "RATELIMIT_STORAGE_URI": storage_of(config.limits_url),
        "RATELIMIT_SWALLOW_ERRORS": False,
        "COMPRESS_MIN_SIZE": 1000,
        "SEND_FILE_MAX_AGE_DEFAULT": 31536000,
    }


def trusted_hosts(host: str) -> list[str]:
    """The hosts requests may name: the one of `base_url`, and this machine for health checks."""
    return sorted({host, "127.0.0.1", "localhost", "::1"})


def beside(folder: str) -> Path:
    """`templates` and `static` lie beside this file in a wheel, and one level up in a checkout."""
    inside = Path(__file__).parent / folder
    return inside if inside.exists() else Path(__file__).parent.parent / folder
