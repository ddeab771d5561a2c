"""The queue: what is due next, and everything behind it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.desk import board, lines
from portal.desk.gate import bp
from portal.desk.sieve import Sieve
from portal.desk.words import span
from portal.formats import date_locale
from portal.fragments import fragment
from portal.policies import the_policy
from portal.sla import Policy
from portal.tickets.ticket import Ticket
from portal.web import reader_zone, settings, wants_partial

REFRESH_SECONDS = 20
TICK_SECONDS = 15
PAUSED, REMEMBERED = "desk_paused", 365 * 24 * 3600  # the cookie, and for how long a browser keeps it


@bp.get("/")
def queue() -> ResponseReturnValue:
    sieve = Sieve.from_arguments(request.args)
    if sieve.number and not wants_partial() and has_ticket(sieve.number):
        return redirect(url_for(".show", number=sieve.number))
    now, zone, locale, policy = tick(), reader_zone(), date_locale(), the_policy()
    found = board.read(sieve, current_user, now=now, zone=zone)
    seconds = 0 if is_paused() else REFRESH_SECONDS
    key = ("desk", sieve, found.key, now, zone, locale, policy, request.query_string, seconds)
    drawing = fragment(key, lambda: draw_board(sieve, found, policy, now, zone, locale, seconds), seconds=TICK_SECONDS)
    if wants_partial():
        return drawing
    shape = ("desk-filters", sieve, locale, policy)
    filters = fragment(shape, lambda: draw_filters(sieve, policy, locale), seconds=60)
    return render_template("desk/queue.html", board=drawing, filters=filters, is_paused=not seconds, sieve=sieve)


@bp.post("/renewal")
def renewal() -> ResponseReturnValue:
    """Let the board stand still or renew itself again (WCAG 2.2.2); the browser remembers which."""
    answer = redirect(url_for(".queue") + Sieve.from_arguments(request.args).query())
    if is_paused():
        answer.delete_cookie(PAUSED, path=url_for(".queue"))
        return answer
    choice: dict[str, Any] = {"max_age": REMEMBERED, "path": url_for(".queue"), "httponly": True, "samesite": "Lax"}
    answer.set_cookie(PAUSED, "1", secure=settings().is_secure, **choice)
    return answer


def is_paused() -> bool:
    return PAUSED in request.cookies


def draw_board(
    sieve: Sieve, found: board.Board, policy: Policy, now: datetime, zone: ZoneInfo, locale: Locale, seconds: int
) -> Markup:
    """The part that renews itself. It depends on nothing but these, so that many agents share one drawing."""
    return Markup(
        render_template(
            "desk/_board.html",
            sieve=sieve,
            tally=found.tally,
            pages=found.pages,
            lines=[lines.line(row, policy, now, zone, locale) for row in found.rows],
            levels=len(policy.severities),
            now=now,
            root=url_for(".queue"),
            span=span,
            seconds=seconds,
        )
    )


def draw_filters(sieve: Sieve, policy: Policy, locale: Locale) -> Markup:
    products = Product.visible_to(current_user).with_only_columns(Product.slug, Product.name)
    return Markup(
        render_template(
            "desk/_filters.html",
            sieve=sieve,
            queues=[(name, text.to(locale)) for name, text in policy.queues.items()],
            severities=[(name, severity.name.to(locale)) for name, severity in policy.severities.items()],
            products=db.session.execute(products).all(),
            root=url_for(".queue"),
        )
    )


def has_ticket(number: int) -> bool:
    return db.session.scalar(Ticket.numbered(number, current_user).with_only_columns(Ticket.id)) is not None


def tick() -> datetime:
    """The time in steps of a few seconds: a board that is asked for twice within one is drawn once."""
    return datetime.fromtimestamp(utcnow().timestamp() // TICK_SECONDS * TICK_SECONDS, UTC)
