"""How invoices say what was bought: in the invoice's language."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from babel import Locale
from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _

from portal.billing.catalogue import CatalogueItem
from portal.billing.invoicing import LineSpec
from portal.billing.terms import Part, named
from portal.db import db
from portal.formats import when_day


def lines_of(parts: Iterable[Part], lang: str, *, subscription_id: int | None = None) -> list[LineSpec]:
    """The lines of an invoice for these parts. A price is never below zero there: what is given back is a negative
    quantity (EN 16931, BR-27)."""
    with force_locale(lang):
        return [_line(part, subscription_id) for part in parts]


def _line(part: Part, subscription_id: int | None) -> LineSpec:
    is_whole = part.kind == "subscription"
    return LineSpec(
        kind=part.kind,
        text=_whole(part) if is_whole else _rest(part),
        quantity=Decimal(part.seats if is_whole else (1 if part.net >= 0 else -1)),
        unit_amount=Decimal(part.amount if is_whole else abs(part.net)),
        net=part.net,
        begins=part.begins,
        ends=part.ends,
        subscription_id=subscription_id,
    )


def _whole(part: Part) -> str:
    return _("%(item)s, %(dates)s", item=_item(part), dates=_dates(part))


def _rest(part: Part) -> str:
    days = ngettext("%(num)s of %(of)s day", "%(num)s of %(of)s days", part.days, of=part.of_days)
    if part.net < 0:
        return _("Not used: %(item)s, %(dates)s (%(days)s)", item=_item(part), dates=_dates(part), days=days)
    return _("From the change on: %(item)s, %(dates)s (%(days)s)", item=_item(part), dates=_dates(part), days=days)


def _item(part: Part) -> str:
    item = db.session.get_one(CatalogueItem, part.item)
    name = named(item.names)
    if not item.has_seats:
        return name
    return ngettext("%(name)s, %(num)s seat", "%(name)s, %(num)s seats", part.seats, name=name)


def _dates(part: Part) -> str:
    """Both days are part of it, as people say it."""
    last = part.ends - timedelta(days=1)
    return _("%(first)s to %(last)s", first=when_day(part.begins), last=when_day(last))


def reader_language() -> Locale:
    """The language of whoever reads the page, for lines that are no invoice yet."""
    return get_locale() or Locale("en")


def licence_states() -> dict[str, tuple[str, str, str]]:
    """What the states of licences are called, and how they look."""
    return {
        "running": (_("Valid"), "ok", "circle-check"),
        "coming": (_("Not begun"), "", "clock"),
        "ended": (_("Ended"), "", "lock"),
        "revoked": (_("Revoked"), "bad", "x"),
        "replaced": (_("Replaced key"), "", "rotate-ccw"),
    }
