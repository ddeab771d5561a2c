"""Who asks, by the token they show; no session counts here. What the token's scopes leave of what its owner sees."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_login import AnonymousUserMixin, current_user
from sqlalchemy import Select
from sqlalchemy.exc import OperationalError

from portal.accounts.tokens import DESK, PersonalToken, held_by, is_to_be_noted
from portal.db import db, get_or_404, utcnow, writing
from portal.errors import Problem
from portal.tickets.ticket import LARGEST, Message, Ticket
from portal.web import View, limiter, settings

bp = Blueprint("api", __name__, url_prefix="/api/v1")

LARGEST_JSON = 1_000_000  # bytes; files come as a form
CHALLENGE = {"WWW-Authenticate": "Bearer"}


@bp.before_request
def enter() -> None:
    """Be the owner of the token for this request; whoever the browser's session belongs to is nobody here."""
    g._login_user = AnonymousUserMixin()
    if request.mimetype != "multipart/form-data":
        request.max_content_length = LARGEST_JSON
    scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    token = held_by(secret.strip(), now=utcnow()) if scheme.lower() == "bearer" and secret.strip() else None
    if token is None:
        raise Problem(401, "Send a personal token that holds: Authorization: Bearer foyer_…", headers=CHALLENGE)
    g._login_user, g.token = token.user, token
    if is_to_be_noted(token, now=utcnow()):
        g.noted_token = token.id
    try:
        with limiter.limit(settings().limit_api, key_func=lambda: f"api:{token.user_id}"):
            pass
    except RateLimitExceeded as reached:
        raise too_fast(reached) from None


def too_fast(reached: RateLimitExceeded) -> Problem:
    wait = {"Retry-After": str(reached.limit.limit.get_expiry())}
    return Problem(429, f"More than {reached.limit.limit}.", headers=wait)


@bp.after_request
def write_down_used(response: Response) -> Response:
    """Once an hour at most, and after all else is done."""
    response.headers["Cache-Control"] = "no-store"
    if used := g.pop("noted_token", None):
        with suppress(OperationalError), writing():  # a note must not break an answer
            if token := db.session.get(PersonalToken, used):
                token.used_at = utcnow()
            db.session.commit()
    return response


def scoped(scope: str) -> Callable[[View], View]:
    """For views that ask for more than that somebody is there; `desk` also that they still answer for the vendor."""

    def guard(view: View) -> View:
        @wraps(view)
        def check(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if scope not in g.token.scopes or (scope == DESK and not is_at_desk()):
                challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
                raise Problem(403, f"This token lacks the scope {scope}.", headers=challenge)
            answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        check.scope = scope  # type: ignore[attr-defined]
        return check  # type: ignore[return-value]

    return guard


def is_at_desk() -> bool:
    """True for a token by which one of the staff answers, instead of asking for themselves."""
    return DESK in g.token.scopes and bool(current_user.is_staff)


def visible() -> Select[Ticket]:
    """The tickets of this token: what its owner sees; of the staff without the desk what they asked themselves."""
    query = Ticket.visible_to(current_user)
    return query if is_at_desk() or not current_user.is_staff else query.where(Ticket.requester_id == current_user.id)


def visible_messages() -> Select[Message]:
    seen = Message.visible_to(current_user).where(Message.ticket_id.in_(visible().with_only_columns(Ticket.id)))
    return seen if is_at_desk() else seen.where(Message.kind != "note")


def found(number: int) -> Ticket:
    """That ticket, or the one that it was merged into; else 404."""
    ticket: Ticket = get_or_404(visible().where(Ticket.id == Ticket.leading(min(number, LARGEST))))
    return ticket


def locked(number: int) -> Ticket:
    """The same, held against others until the act is done; also where it was merged while we waited for it."""
    query = visible().where(Ticket.id == Ticket.leading(min(number, LARGEST))).with_for_update(of=Ticket)
    query = query.execution_options(populate_existing=True)
    ticket: Ticket = get_or_404(query)
    return get_or_404(query) if ticket.merged_into_id else ticket
