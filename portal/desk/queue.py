"""The queue: what is due next, and everything behind it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from portal.accounts.people import User, staff
from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.desk import board, lines
from portal.desk.calling import calling
from portal.desk.gate import bp
from portal.desk.saved import shown_to
from portal.desk.sieve import Sieve
from portal.desk.words import span
from portal.formats import date_locale
from portal.fragments import fragment
from portal.policies import the_policy
from portal.sla import Policy
from portal.tickets.listing import last_event
from portal.tickets.tags import in_use
from portal.tickets.ticket import Ticket
from portal.web import reader_zone, settings, wants_partial

REFRESH_SECONDS = 20
TICK_SECONDS = 15
MOST_LOOKS = 100
PAUSED, REMEMBERED = "desk_paused", 365 * 24 * 3600  # the cookie, and for how long a browser keeps it


@bp.get("/")
def queue() -> ResponseReturnValue:
    sieve = Sieve.from_arguments(request.args)
    if sieve.number and not wants_partial() and has_ticket(sieve.number):
        return redirect(url_for(".show", number=sieve.number))
    now, zone, locale, policy = tick(), reader_zone(), date_locale(), the_policy()
    seconds = 0 if is_paused() else REFRESH_SECONDS
    alike = (sieve, now, zone, locale, policy, request.query_string, seconds)
    drawing = drawn_for(current_user, alike, lambda found: draw_board(found, *alike))
    if wants_partial():
        return drawing + draw_areas(oob=True)
    shape = ("desk-filters", sieve, locale, policy)
    filters = fragment(shape, lambda: draw_filters(sieve, policy, locale), seconds=60)
    acts = fragment(("desk-bulk", locale), draw_acts, seconds=60)
    return render_template("desk/queue.html", board=drawing, filters=filters, acts=acts, **frame(sieve, seconds))


def drawn_for(person: User, alike: tuple[Any, ...], draw: Callable[[board.Board], Markup]) -> Markup:
    """The board, read again only when a ticket has changed or the clock has ticked: what was in it at the last look is
    kept for each agent, and the drawing for all who see the same."""
    looks: dict[Any, Any] = current_app.extensions.setdefault("desk_looks", {})
    look, (sieve, now, zone, *_) = (person.id, last_event(), *alike), alike
    found = None
    if look not in looks:
        if len(looks) >= MOST_LOOKS:
            looks.clear()
        found = board.read(sieve, person, now=now, zone=zone)
        looks[look] = found.key
    seen = ("desk", looks[look], *alike)
    return fragment(seen, lambda: draw(found or board.read(sieve, person, now=now, zone=zone)), seconds=TICK_SECONDS)


def frame(sieve: Sieve, seconds: int) -> dict[str, Any]:
    """What stands around the board, for this agent alone."""
    rows, query = shown_to(current_user), sieve.query()
    key = ("desk-saved", tuple(map(tuple, rows)), query, date_locale())
    drawn = fragment(key, lambda: draw_saved(rows, query), seconds=60)
    return {"is_paused": not seconds, "sieve": sieve, "saved": drawn, "areas": draw_areas()}


def draw_areas(*, oob: bool = False) -> Markup:
    """The other pages, and how much calls on them: a chat that waits must not wait for somebody to look."""
    called = calling(current_user)
    g.unseen_news = called.news  # for the bell in the head
    shown = {"calling": called, "oob": oob, "is_admin": current_user.has_role("admin")}
    key = ("desk-areas", date_locale(), *shown.values())
    return fragment(key, lambda: render_template("desk/_areas.html", **shown))


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
    found: board.Board,
    sieve: Sieve,
    now: datetime,
    zone: ZoneInfo,
    locale: Locale,
    policy: Policy,
    _address: bytes,
    seconds: int,
) -> Markup:
    """The part that renews itself. It depends on nothing but these and the address (which says what is chosen for a
    bulk act), so that many agents share one drawing."""
    return Markup(
        render_template(
            "desk/_board.html",
            sieve=sieve,
            tally=found.tally,
            pages=found.pages,
            lines=[lines.line(row, policy, now, zone, locale) for row in found.rows],
            levels=len(policy.severities),
            now=now,
            picked={text for text in request.args.getlist("pick") if text.isdecimal()},
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
            tags=[(name, name) for name in in_use()],
            root=url_for(".queue"),
        )
    )


def draw_saved(rows: Sequence[Any], query: str) -> Markup:
    return Markup(render_template("desk/_saved.html", saved=rows, query=query, root=url_for(".queue")))


def draw_acts() -> Markup:
    """What can be done to several tickets, below the board."""
    return Markup(render_template("desk/_bulk.html", people=db.session.scalars(staff().order_by(User.name)).all()))


def has_ticket(number: int) -> bool:
    return db.session.scalar(Ticket.numbered(number, current_user).with_only_columns(Ticket.id)) is not None


def tick() -> datetime:
    """The time in steps of a few seconds: a board that is asked for twice within one is drawn once."""
    return datetime.fromtimestamp(utcnow().timestamp() // TICK_SECONDS * TICK_SECONDS, UTC)
