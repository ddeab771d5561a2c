"""What can go wrong, and how it is told: one page for people, one line for machines, never a trace."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, SecurityError, ServiceUnavailable

from portal.db import db


class Refused(Exception):
    """Permitted but refused, with a sentence the customer can read. One handler answers 422."""


class Problem(Exception):
    """What a program did wrong, for its author: English, with the fields it is about as (name, what is wrong)."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "about:blank",
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.headers = status, kind, headers or {}
        self.errors = [{"field": field, "message": message} for field, message in errors]


SENT = ("Retry-After", "Allow")  # of the headers of an error
SENTENCES = {
    400: (_l("That request can't be read"), _l("Please go back, reload the page and try again.")),
    403: (
        _l("Your role does not allow that"),
        _l("Ask an owner of your organisation to do it, or to change your role."),
    ),
    404: (
        _l("Nothing here"),
        _l("The page may have moved, or it may not be yours to see. Searching often finds it."),
    ),
    405: (_l("Not done that way"), _l("Please go back and use the button on the page.")),
    413: (_l("Too large"), _l("What you sent is over the size limit. Nothing was saved from it.")),
    422: (_l("That can't be done"), _l("Please go back and check what you entered.")),
    429: (
        _l("One moment, please"),
        _l("There were too many tries in a short time. Wait a little, then try again."),
    ),
    500: (
        _l("Something broke on our side"),
        _l("It has been logged. Please try again; what you had saved is safe."),
    ),
    503: (
        _l("Back in a moment"),
        _l("A part of the portal is not available right now. Please try again shortly."),
    ),
}


def init_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Refused, refuse)
    app.register_error_handler(Problem, explain)
    app.register_error_handler(OperationalError, stop_for_database)
    app.register_error_handler(OverflowError, find_nothing)
    app.register_error_handler(Exception, break_down)


def answer(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    title, sentence = SENTENCES.get(error.code, SENTENCES[400])
    if isinstance(error, SecurityError):  # a foreign Host: no address can be built, so no page either
        return Response("This portal has another address.\n", error.code, mimetype="text/plain")
    if isinstance(error, CSRFError):
        title, sentence = _l("This page was open too long"), _l("Please reload it and send it again.")
    return _page(error.code, str(title), str(sentence), error)


def refuse(error: Refused) -> ResponseReturnValue:
    db.session.rollback()
    return _page(422, _("That can't be done"), str(error))


def explain(problem: Problem) -> ResponseReturnValue:
    """As RFC 9457 has it."""
    db.session.rollback()
    told = {"type": problem.kind, "title": HTTPStatus(problem.status).phrase, "status": problem.status}
    told |= {"request": g.get("request_id"), "detail": str(problem)}
    body = json.dumps(told | ({"errors": problem.errors} if problem.errors else {}), ensure_ascii=False)
    return Response(body, problem.status, dict(problem.headers), mimetype="application/problem+json")


def find_nothing(_error: OverflowError) -> ResponseReturnValue:
    """A number in the address that no database column holds: whatever it should name isn't there."""
    db.session.rollback()
    return answer(NotFound())


def stop_for_database(error: OperationalError) -> ResponseReturnValue:
    """The database is away or locked for too long: say so, and let the client come back."""
    current_app.logger.warning("database unavailable", exc_info=error)
    _forget_reader()
    return answer(ServiceUnavailable(retry_after=3))


def break_down(error: Exception) -> ResponseReturnValue:
    if current_app.testing or current_app.debug:
        raise error
    current_app.logger.exception("unhandled error")
    _forget_reader()
    return answer(InternalServerError())


def _forget_reader() -> None:
    """The page that tells of the fault must not ask the database who reads it: that may be what is broken."""
    g._login_user = AnonymousUserMixin()
    with suppress(Exception):
        db.session.rollback()


def _page(code: int, title: str, sentence: str, error: HTTPException | None = None) -> ResponseReturnValue:
    headers = {name: value for name, value in error.get_headers() if name in SENT} if error else {}
    if request.path.startswith("/api/v1/"):
        said = error.description if error and code < 500 else sentence
        return explain(Problem(code, said or sentence, headers=headers))
    if request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json":
        told = {"code": code, "title": title, "message": sentence, "request": g.get("request_id")}
        return jsonify(error=told), code, headers
    page = render_template(
        "errors/error.html", code=code, title=title, sentence=sentence, request_id=g.get("request_id")
    )
    return page, code, headers
