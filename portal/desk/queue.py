"""The queue: what is due next, and everything behind it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.desk import board, lines
from portal.desk.gate import bp
from portal.desk.words import span
from portal.formats import date_locale
from portal.policies import the_policy
from portal.tickets.ticket import Ticket
from portal.web import reader_zone, wants_partial

REFRESH_SECONDS = 20


@bp.get("/")
def queue() -> ResponseReturnValue:
    sieve = board.Sieve.from_arguments(request.args)
    if sieve.number and not wants_partial() and has_ticket(sieve.number):
        return redirect(url_for(".show", number=sieve.number))
    now, zone, locale, policy = utcnow(), reader_zone(), date_locale(), the_policy()
    found = board.read(sieve, current_user, now=now, zone=zone)
    context = {
        "sieve": sieve,
        "tally": found.tally,
        "pages": found.pages,
        "lines": [lines.line(row, policy, now=now, zone=zone, locale=locale) for row in found.rows],
        "now": now,
        "queues": [(key, name.to(locale)) for key, name in policy.queues.items()],
        "severities": [(key, severity.name.to(locale)) for key, severity in policy.severities.items()],
        "root": url_for(".queue"),
        "span": span,
        "seconds": REFRESH_SECONDS,
    }
    if wants_partial():
        return render_template("desk/_board.html", **context)
    products = db.session.execute(Product.visible_to(current_user).with_only_columns(Product.slug, Product.name)).all()
    return render_template("desk/queue.html", products=products, **context)


def has_ticket(number: int) -> bool:
    return db.session.scalar(Ticket.numbered(number, current_user).with_only_columns(Ticket.id)) is not None
