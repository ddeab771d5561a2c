"""Mails about orders: the holder hears of the licence and never of prices, the reseller of both."""

from collections.abc import Sequence

from portal.accounts.forms import known_by
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.billing.accounts import look, who_pays
from portal.billing.catalogue import CatalogueItem
from portal.billing.money import money
from portal.billing.telling import Said
from portal.billing.terms import named
from portal.formats import when_day
from portal.partner.letters import write
from portal.partner.order import PartnerOrder

DELIVERED = N_("Your licence for %(product)s")
RENEWED = N_("Your licence for %(product)s goes on")
ORDERED = N_("Order %(order)s: %(amount)s")
CANCELLED = N_("Order %(order)s is cancelled")
ENDED = N_("Your licence for %(product)s has ended")
MOVED = N_("Your licence for %(product)s has moved to another address")
PLACE, ORDER = N_("See your licences"), N_("See the order")


def tell_delivered(order: PartnerOrder) -> None:
    goes_on = order.renews_id is not None
    first = (
        N_("%(reseller)s has renewed your licence: %(item)s, until %(day)s.")
        if goes_on
        else N_("%(reseller)s has ordered this for %(licensee)s: %(item)s, until %(day)s.")
    )
    _holder(order, order.email, RENEWED if goes_on else DELIVERED, (first, _recognised()))
    sentences = (
        N_("%(who)s ordered %(item)s for %(customer)s, until %(day)s."),
        N_("Without tax: %(amount)s. The invoice follows."),
    )
    _reseller(order, ORDERED, sentences)


def tell_cancelled(order: PartnerOrder) -> None:
    if order.licence_id is not None:
        _holder(order, order.email, ENDED, (N_("%(reseller)s has cancelled the order of your licence: %(item)s."),))
    _reseller(order, CANCELLED, (N_("The order for %(customer)s is cancelled: %(reason)s"),))


def tell_readdressed(order: PartnerOrder, old: str) -> None:
    """Both addresses hear of it: who had the licence knows why it went."""
    moved = N_("%(reseller)s has moved your licence to another address: %(item)s. Ask them if that is a mistake.")
    _holder(order, old, MOVED, (moved,))
    given = N_("%(reseller)s has ordered this for %(licensee)s: %(item)s, until %(day)s.")
    _holder(order, order.email, DELIVERED, (given, _recognised()))


def _recognised() -> str:
    return N_("Register or sign in with this address, and your support is recognised by itself.")


def _holder(order: PartnerOrder, address: str, subject: str, sentences: Sequence[str]) -> None:
    _write(order, address, known_by(address), subject, sentences, "/account/licences", PLACE)


def _reseller(order: PartnerOrder, subject: str, sentences: Sequence[str]) -> None:
    for person in who_pays(look(order.reseller)):
        _write(order, person.email, person, subject, sentences, f"/partner/orders/{order.public_id}", ORDER)


def _write(
    order: PartnerOrder, address: str, person: User | None, subject: str, sentences: Sequence[str], page: str, text: str
) -> None:
    item: CatalogueItem = order.item
    names = {
        "product": order.product.name,
        "item": Said(lambda: named(item.names)),
        "reseller": order.reseller.name,
        "licensee": order.licensee,
        "customer": order.relation.name,
        "order": order.number,
        "reason": order.reason,
        "day": Said(lambda: when_day(order.last_day)),
    }
    if page != "/account/licences":
        names |= {"amount": Said(lambda: money(order.charged, order.currency)), "who": order.orderer}
    write(address, person, subject, sentences, page, text, **names)
