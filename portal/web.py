"""What every page shares: signing in by default, the reader's language and zone, headers, request ids."""

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale, refresh
from flask_compress import Compress
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from htmx_flask.requests import HtmxAwareRequest
from sqlalchemy import inspect
from werkzeug.datastructures import FileStorage, ImmutableMultiDict
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from portal.config import SHIPPED_LANGUAGES, Settings
from portal.shell import kept

View = TypeVar("View", bound=Callable[..., Any])

babel = Babel()
compress = Compress()
csrf = CSRFProtect()
htmx = Htmx()
limiter = Limiter(get_remote_address, headers_enabled=False, in_memory_fallback_enabled=True)

LARGEST = 2**31 - 1  # number that a database takes as a key
OWN_RULES = ("security", "api")  # blueprints that ask by themselves who is there
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "manifest-src": "'self'",
}
INERT = "default-src 'none'; sandbox; frame-ancestors 'none'"  # of files that strangers gave: nothing in them runs


class Shields(Talisman):  # type: ignore[misc]
    """Talisman that puts a page's policy together once, not with every answer."""

    def _parse_policy(self, policy: dict[str, str] | str) -> str:
        if isinstance(policy, str):
            return policy
        if "forms_lead_to" in g:  # the payment page's host, for a form whose answer redirects there
            policy = policy | {"form-action": f"'self' {g.forms_lead_to}"}
        return _written(tuple(policy.items()))


@cache
def _written(policy: tuple[tuple[str, str], ...]) -> str:
    return "; ".join(" ".join(rule) for rule in policy)


def public(view: View) -> View:
    """Mark a page that visitors who haven't signed in may open. A test holds the list of them."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def reader() -> Any:
    """Whoever reads, without the proxy around them, which looks them up at every touch."""
    return current_user._get_current_object()


def reader_id() -> int | None:
    """Their key; None for visitors. Known without a look at the database, which after a commit would lock it again."""
    person = reader()
    identity = None if person.is_anonymous else inspect(person).identity
    return identity[0] if identity else None


def settings() -> Settings:
    """The settings of the running application."""
    return current_app.extensions["settings"]


def wants_partial() -> bool:
    """True when htmx asks for a piece of the page: not when it boosts a link or restores history."""
    asked = request.headers.get("HX-Request") == "true"
    return asked and "HX-Boosted" not in request.headers and "HX-History-Restore-Request" not in request.headers


def safe_next(target: str | None) -> str | None:
    """`target` when it is a path of this portal, else None. Refuses every form that leaves it."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or re.search(r"[\x00-\x20\\]", target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def asked_here() -> dict[str, Any]:
    """What this page was asked for, for `url_for` to ask for again. Of the arguments in the address those are left out
    that would be orders to it (`_scheme`, `_external`, `endpoint`)."""
    plain = {name: value for name, value in request.args.items() if not name.startswith("_") and name != "endpoint"}
    return plain | (request.view_args or {})


class Key(IntegerConverter):
    """A number in an address. One that no database takes as a key is the last one that it takes: nothing has it."""

    def to_python(self, value: str) -> int:
        return min(int(value), LARGEST) if len(value) <= len(str(LARGEST)) else LARGEST


class Typed(ImmutableMultiDict[str, Any]):
    """What a form or an address brought. No text field of PostgreSQL takes a NUL and nobody types one, so it goes."""

    def __init__(self, fields: Iterable[tuple[str, str | FileStorage]] = ()) -> None:
        super().__init__([(name, text.replace("\0", "") if isinstance(text, str) else text) for name, text in fields])


class Asked(HtmxAwareRequest):  # type: ignore[misc]
    """htmx's request, whose arguments and form hold no NUL."""

    parameter_storage_class = Typed


class Foyer(Flask):
    """Flask without asynchronous views: to ask each function of a request whether it is one costs 3 % of a page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url_map.converters["int"] = Key

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def init_web(app: Flask, config: Settings) -> None:
    """Install the extensions and hooks that every request passes through."""
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=config.proxies
        )
    app.before_request(open_request)  # before all that may refuse: refusals are logged with their id and time too
    babel.init_app(app, locale_selector=choose_locale, timezone_selector=choose_zone)
    csrf.init_app(app)
    compress.init_app(app)
    htmx.init_app(app)
    app.request_class = Asked
    limiter.init_app(app)
    # Every limit stands at a view, where it is counted: nothing is left to look for before each request.
    app.before_request_funcs[None].remove(limiter._check_request_limit)
    Shields(
        app,
        force_https=False,
        strict_transport_security=config.is_secure,
        session_cookie_secure=config.is_secure,
        content_security_policy=CONTENT_SECURITY_POLICY,
        referrer_policy="same-origin",
        permissions_policy="camera=(), microphone=(), geolocation=(), browsing-topics=()",
    )
    app.before_request(end_stale_session)
    app.before_request(require_sign_in)
    app.after_request(close_request)
    app.context_processor(page_context)
    app.add_template_global(asked_here)
    app.add_template_global(static_url)  # imported macros don't see the context
    app.add_template_global(kept)


def open_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given) else secrets.token_hex(8)
    g.opened_at = time.perf_counter()
    if "\0" in request.path:  # nothing is called so, and PostgreSQL can't even look for it
        raise NotFound
    if request.args.get("lang") in settings().languages:  # the language menu: it holds for the rest of the session
        session["locale"] = request.args["lang"]


def require_sign_in() -> ResponseReturnValue | None:
    """Signing in is the default; a page that needs no account says so with `@public`."""
    view = current_app.view_functions.get(request.endpoint or "")
    own_rules = request.blueprint in OWN_RULES or request.endpoint == "static"
    if view is None or own_rules or getattr(view, "is_public", False) or current_user.is_authenticated:
        return None
    return ask_to_sign_in()


def ask_to_sign_in() -> ResponseReturnValue:
    """Send a visitor to the sign-in page, and back here afterwards."""
    if request.path.startswith("/api/"):
        return {"error": {"code": 401, "message": "Sign in first."}}, 401
    target = (
        request.full_path.rstrip("?") if request.method == "GET" else (safe_next(request.form.get("return_to")) or "/")
    )
    address = url_for("security.login", next=target)
    if wants_partial():
        return "", 204, {"HX-Redirect": address}
    return redirect(address)


def end_stale_session() -> None:
    """The idle end of a session (`session_idle_minutes`); the absolute one is kept with the sign-in."""
    if "_user_id" not in session:
        return
    now = int(time.time())
    seen = session.get("seen", now)
    if now - seen > settings().session_idle_minutes * 60:
        forget_session()
        return
    is_poll = request.method == "GET" and wants_partial()  # an open desk asks by itself; nobody need be there
    if "seen" not in session or (now - seen > 60 and not is_poll):
        session["seen"] = now
    reader()  # is found before the request changes anything, by which they couldn't be found any more


def forget_session() -> None:
    """Nothing of whoever was signed in stays, but the language."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def close_request(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if request.endpoint != "static":
        response.vary.update(("HX-Request", "Cookie", "Accept-Language"))
        response.headers.setdefault("Cache-Control", "private, no-cache" if reader().is_anonymous else "no-store")
    if wants_partial() and response.status_code == 302:  # a sign-in page must not be swapped into a fragment
        response.status_code, response.headers["HX-Redirect"] = 204, response.headers.pop("Location")
        response.set_data(b"")
    log_request(response)
    return response


def log_request(response: Response) -> None:
    if not current_app.logger.isEnabledFor(logging.INFO):
        return
    spent = (time.perf_counter() - g.opened_at) * 1000 if "opened_at" in g else 0.0
    is_secret = "token" in (request.view_args or {})  # who has the address of a reset link needs no password
    current_app.logger.info(
        "request",
        extra={
            "request": g.get("request_id"),
            "method": request.method,
            "path": str(request.url_rule) if is_secret else request.path,
            "status": response.status_code,
            "ms": round(spent, 1),
            "user": reader_id(),
        },
    )


def choose_locale() -> str:
    """The reader's language: chosen for this session, else the profile's, else the browser's, else the default."""
    config = settings()
    if not has_request_context():
        return str(config.default_locale)
    person = reader()
    for choice in (session.get("locale"), person.locale if person.is_authenticated else None):
        if choice in config.languages:
            return str(choice)
    return request.accept_languages.best_match(config.languages) or str(config.default_locale)


def choose_zone() -> str:
    """The reader's IANA zone: the profile's, else the one the browser told by cookie, else the default."""
    if forced := g.get("zone"):
        return str(forced)
    if not has_request_context():
        return str(settings().default_zone)
    person = reader()
    if person.is_authenticated and is_zone(person.zone):
        return str(person.zone)
    told = request.cookies.get("tz", "")
    return told if is_zone(told) else str(settings().default_zone)


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def is_zone(name: str | None) -> bool:
    """True for the name of an IANA zone; never opens a file for a name that is none."""
    return bool(name) and name in zones()


@contextmanager
def in_zone(zone: str) -> Iterator[None]:
    """Inside, dates are written in this zone instead of the reader's: for mail to somebody else."""
    before = g.get("zone")
    g.zone = zone
    refresh()
    try:
        yield
    finally:
        g.zone = before
        refresh()


def reader_zone() -> ZoneInfo:
    return ZoneInfo(choose_zone())


def page_context() -> dict[str, Any]:
    config, locale = settings(), get_locale() or Locale("en")
    return {
        "brand": {
            "name": config.brand_name,
            "logo": url_for("front.brand_logo") if config.brand_logo else "",
            "accent": config.brand_accent,
            "url": config.brand_url,
            "contact": config.brand_contact,
        },
        "languages": language_names(config.languages),
        "locale": str(locale).replace("_", "-"),
        "text_direction": locale.text_direction,
        "reader_zone": choose_zone(),
        "is_demo": config.is_demo,
        "base_url": config.base_url,
        "now": datetime.now(UTC),
    }


@cache
def language_names(codes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(code, the language's own name) for the language menu."""
    return tuple((code, SHIPPED_LANGUAGES.get(code) or _own_name(code)) for code in codes)


def _own_name(code: str) -> str:
    return (Locale.parse(code, sep="_").get_display_name(code) or code).capitalize()


def static_url(name: str) -> str:
    """The address of a static file with its content's hash, so that it may be cached for ever."""
    if current_app.debug or current_app.testing:
        return url_for("static", filename=name)
    return _hashed_address(current_app.static_url_path, current_app.static_folder, name)


@cache
def _hashed_address(prefix: str | None, folder: str | None, name: str) -> str:
    digest = hashlib.sha256((Path(str(folder)) / name).read_bytes()).hexdigest()[:12]
    return f"{prefix}/{name}?v={digest}"
