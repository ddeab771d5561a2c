"""Nothing typed is lost: what arrives without a session, with a stale form or over the size limit becomes a draft."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from portal.db import db, utcnow, writing
from portal.tickets import drafts
from portal.tickets.blueprint import bp
from portal.tickets.ticket import LARGEST, Ticket
from portal.web import limiter, reader, settings, wants_partial

CLAIM = "draft_claim"
PAGES = ("tickets.create", "tickets.reply", "tickets.reopen", "tickets.quote")
AUTOSAVES = ("tickets.save_draft", "tickets.save_reply")
MOST_DRAINED = 2**30
READ = 1024 * 1024  # of a form over the size limit: its text fields come first


@bp.after_request
def keep_what_was_sent(response: Response) -> Response:
    """Runs for the answers of the hooks before the views, too: the redirect to sign-in, the failed CSRF check."""
    if request.method != "POST" or request.endpoint not in (*PAGES, *AUTOSAVES) or not is_from_our_page():
        return response
    if not current_user.is_authenticated:
        return _stash(response)
    if request.endpoint in PAGES and (response.status_code == 413 or not g.get("csrf_valid")):
        return _keep(response)
    return response


def _stash(response: Response) -> Response:
    """The session has ended: keep the text for this browser, and offer it after sign-in."""
    typed = sent_fields()
    if not any(typed.get(name, "").strip() for name in drafts.TYPED) or is_flooding():
        return response
    number = (request.view_args or {}).get("number")
    back = url_for("tickets.show", number=number, kept=1) if number else url_for("tickets.new", kept=1)
    return stash(typed, number, back=back, path="/tickets/")


def stash(typed: dict[str, str], number: int | None, *, back: str, path: str, kind: str = "") -> Response:
    """Keep the text for this browser, and send it to sign in. It comes `back`, to a page below `path`.

    `number` is the ticket it was written on, `kind` what an agent meant it to be.
    """
    with writing():
        named = db.select(Ticket.leading(min(number, LARGEST))) if number else None
        ticket_id = None if named is None else db.session.scalar(named)
        secret = typed.get("credentials", "")
        meant_for = author_of(typed)
        token = drafts.stash(typed, now=utcnow(), meant_for_id=meant_for, ticket_id=ticket_id, secret=secret, kind=kind)
        db.session.commit()
    address = url_for("security.login", next=back)
    kept = Response(status=204, headers={"HX-Redirect": address}) if wants_partial() else _answer(redirect(address))
    flash(_("You were signed out, but what you wrote is kept. Sign in to go on with it."), "warning")
    kept.set_cookie(
        CLAIM,
        token,
        max_age=drafts.UNCLAIMED_FOR,
        path=path,
        httponly=True,
        secure=settings().is_secure,
        samesite="Lax",
    )
    return kept


def _keep(response: Response) -> Response:
    """A stale form or too large an upload of somebody signed in: the text is their draft, and the page says why."""
    typed, number = sent_fields(), (request.view_args or {}).get("number")
    with writing():
        ticket = db.session.scalar(Ticket.numbered(number, current_user)) if number else None
        if number and ticket is None:
            return response
        key, secret = typed.get("form_key", ""), typed.get("credentials", "")
        draft = drafts.keep(current_user, key, typed, now=utcnow(), ticket=ticket, secret=secret)
        target = None if draft is None else url_for("tickets.new", draft=draft.id)
        db.session.commit()
    if ticket is not None:
        target = url_for("tickets.show", number=number, _anchor="reply")
    if target is None:
        return response
    if response.status_code == 413:
        flash(_("The files were too large together, and were not kept. Everything else was."), "error")
    else:
        flash(_("This page was open too long. Everything is kept: please check it and send it again."), "warning")
    return _answer(redirect(target))


def is_flooding() -> bool:
    """Whoever is signed out may leave as many texts as somebody signed in may file tickets."""
    try:
        with limiter.limit(settings().limit_filing, key_func=lambda: f"kept:{request.remote_addr}"):
            return False
    except RateLimitExceeded:
        return True


def author_token() -> str:
    """For the form: who writes it, so that after the end of a session only they get it back."""
    person = reader()
    return _signed(current_app.config["SECRET_KEY"], person.id) if person.is_authenticated else ""


@lru_cache(maxsize=10_000)
def _signed(secret: str, author: int) -> str:
    return str(_signer().dumps(author))


def author_of(typed: dict[str, str]) -> int | None:
    try:
        return int(_signer().loads(typed.get("author", "")))
    except (BadSignature, ValueError, TypeError):
        return None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="draft-author")


def _answer(response: Any) -> Response:
    return current_app.make_response(response)


def is_from_our_page() -> bool:
    """The text is kept without a CSRF token, so it has to come from a page of ours by the browser's own word."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    return origin is None or urlsplit(origin).netloc == request.host


def sent_fields() -> dict[str, str]:
    """The text fields of the request; of one over the size limit as many as its first megabyte holds."""
    try:
        form: MultiDict[str, str] = request.form
    except RequestEntityTooLarge:
        form = _first_fields()
    return {name: value for name, value in form.items() if len(value) <= drafts.LONGEST_FIELD}


def drain() -> None:
    """Read the rest of a body that is refused for its size: browsers show no answer before they have sent it all."""
    stream, left = request.environ["wsgi.input"], MOST_DRAINED
    while left > 0 and (chunk := stream.read(min(READ, left))):
        left -= len(chunk)


def _first_fields() -> MultiDict[str, str]:
    boundary = request.mimetype_params.get("boundary", "")
    found: MultiDict[str, str] = MultiDict()
    if request.mimetype != "multipart/form-data" or not boundary:
        return found
    decoder = MultipartDecoder(boundary.encode(), max_form_memory_size=READ, max_parts=100)
    decoder.receive_data(request.environ["wsgi.input"].read(READ))
    drain()
    name, parts = "", b""
    try:
        while not isinstance(event := decoder.next_event(), (NeedData, Epilogue, File)):
            if isinstance(event, Field):
                name, parts = event.name, b""
            elif isinstance(event, Data) and name:
                parts += event.data
                if not event.more_data:
                    found.add(name, parts.decode("utf-8", "replace"))
    except (ValueError, RequestEntityTooLarge):
        pass
    return found
