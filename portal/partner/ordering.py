"""Orders of resellers: placed and delivered in one step, cancelled while that is allowed, renewed once."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts import issuing
from portal.accounts.forms import known_by
from portal.accounts.licences import Licence
from portal.accounts.partnership import PartnerCustomer, acted_for, in_partnership
from portal.accounts.people import Organisation, User
from portal.audit import note
from portal.billing import invoicing
from portal.billing.account import BillingAccount
from portal.billing.accounts import account_of, is_complete, look, midnight, new_public_id, today
from portal.billing.catalogue import MONTH, YEAR, CatalogueItem
from portal.billing.invoice import DRAFT
from portal.billing.periods import after
from portal.billing.seller import missing
from portal.billing.selling import overdue
from portal.db import db
from portal.errors import Refused
from portal.jobs import enqueue
from portal.partner import order_letters as letters
from portal.partner.order import CANCELLED, DELIVERED, PartnerOrder
from portal.partner.pricing import Offer, offer


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for. `renews` is the order whose licence goes on."""

    relation: PartnerCustomer
    item: CatalogueItem
    seats: int
    interval: str
    licensee: str
    email: str
    bills_customer: bool = False
    renews: PartnerOrder | None = None


def price(reseller: Organisation, wanted: Wanted, *, by: User, now: datetime) -> Offer:
    """What it would cost now; raises `Refused` where it can't be ordered."""
    account = look(_billed(reseller, wanted, by=by))
    on = today(now)
    _refuse(reseller, wanted, account, now=now)
    begins = max(on, wanted.renews.ends) if wanted.renews else on
    return offer(reseller, account, wanted.item, seats=wanted.seats, interval=wanted.interval, begins=begins, on=on)


def place(
    reseller: Organisation, wanted: Wanted, *, shown: int, form_key: str, by: User, now: datetime
) -> PartnerOrder:
    """Order and deliver it. `shown` is the gross that was confirmed; a form that comes twice makes one order."""
    key = f"{reseller.id}:{form_key}"
    again = select(PartnerOrder).where(PartnerOrder.form_key == key)
    if found := db.session.scalar(again):
        return found
    account = account_of(_billed(reseller, wanted, by=by), now=now)
    if found := db.session.scalar(again):  # it came while the account was waited for
        return found
    if wanted.renews:
        db.session.refresh(wanted.renews, with_for_update={"of": PartnerOrder})
    found_price = price(reseller, wanted, by=by, now=now)
    if found_price.gross != shown:
        raise Refused(_("The price has changed meanwhile. Please look at it again."))
    order = _written(reseller, wanted, found_price, account, key, by=by, now=now)
    try:
        with db.session.begin_nested():
            db.session.add(order)
    except IntegrityError:
        if found := db.session.scalar(again):
            return found
        raise Refused(_("This order is renewed already.")) from None
    _deliver(order, account, found_price, by=by, now=now)
    return order


def cancel(order: PartnerOrder, *, reason: str, by: User, now: datetime, days: int) -> None:
    """The licence ends, or goes back to its old end; what was invoiced is credited. Allowed for so many days."""
    db.session.flush()
    db.session.refresh(order, with_for_update={"of": PartnerOrder})
    if why := locked(order, now=now, days=days):
        raise Refused(why)
    if not reason.strip():
        raise Refused(_("Say why you cancel it."))
    licence = licence_of(order)
    if order.renews is not None:
        issuing.set_end(licence, midnight(order.renews.ends), by=by, now=now)
        order.renews_id = None  # it can be renewed again
    elif licence.revoked_at is None:
        issuing.revoke(licence, reason=_("The order %(order)s was cancelled.", order=order.number), by=by, now=now)
    _take_invoice_back(order, reason=reason.strip(), by=by, now=now)
    order.state, order.cancelled_at, order.reason = CANCELLED, now, reason.strip()
    _note("partner.order_cancelled", order, by=by, now=now, reason=order.reason)
    letters.tell_cancelled(order)
    _follow(order)


def locked(order: PartnerOrder, *, now: datetime, days: int) -> str:
    """Why it can't be cancelled any more; empty where it can."""
    if order.state == CANCELLED:
        return _("This order is cancelled already.")
    if now >= order.placed_at + timedelta(days=days):
        return _("It was ordered too long ago to be cancelled here. Please ask us.")
    if renewal_of(order) is not None:
        return _("It is renewed. Cancel the renewal first.")
    return ""


def readdress(order: PartnerOrder, email: str, *, by: User, now: datetime) -> None:
    """The licence goes to another address (R13): of the order and of what renewed it."""
    if order.state != DELIVERED:
        raise Refused(_("This order is cancelled already."))
    licence, old = licence_of(order), order.email
    issuing.readdress(licence, email, by=by, now=now)
    for one in _chain(order):
        one.email = email.lower()
    letters.tell_readdressed(order, old)
    _follow(order, old)


def licence_of(order: PartnerOrder) -> Licence:
    """The licence that was delivered; a renewal carries on the one of the first order."""
    licence = delivered_by(order)
    if licence is None:
        raise Refused(_("Nothing was delivered for this order."))
    return licence


def delivered_by(order: PartnerOrder) -> Licence | None:
    """The same; None for a renewal that was cancelled, which renews nothing any more."""
    first = order
    while first.licence_id is None and first.renews is not None:
        first = first.renews
    return first.licence


def renewal_of(order: PartnerOrder) -> PartnerOrder | None:
    """The order that renews it."""
    return db.session.scalar(select(PartnerOrder).where(PartnerOrder.renews_id == order.id))


def interval_of(order: PartnerOrder) -> str:
    """The term for which it was ordered."""
    return MONTH if order.ends <= after(order.begins, MONTH, order.begins.day) else YEAR


def may_bill_customer(relation: PartnerCustomer, *, by: User) -> bool:
    """Only who lets the reseller act for them gets the invoices of its orders."""
    if relation.customer_id is None:
        return False
    theirs = acted_for().where(PartnerCustomer.id == relation.id).params(reader=by.id)
    return db.session.scalar(theirs.limit(1)) is not None


def _billed(reseller: Organisation, wanted: Wanted, *, by: User) -> Organisation:
    if not wanted.bills_customer:
        return reseller
    if not may_bill_customer(wanted.relation, by=by) or wanted.relation.customer is None:
        raise Refused(_("The customer has not agreed that you act for them, so the invoice comes to you."))
    return wanted.relation.customer


def _refuse(reseller: Organisation, wanted: Wanted, account: BillingAccount, *, now: datetime) -> None:
    """What stands against the order, whoever pays."""
    sells = select(Organisation.id).where(Organisation.id == reseller.id, in_partnership(Organisation.id, now))
    if db.session.scalar(sells) is None:
        raise Refused(_("The partnership has ended, so nothing can be ordered."))
    if missing():
        raise Refused(_("Nothing can be ordered here yet: the vendor's details are missing."))
    relation, renews = wanted.relation, wanted.renews
    if relation.reseller_id != reseller.id or (relation.ends_at is not None and relation.ends_at <= now):
        raise Refused(_("You no longer sell to this customer."))
    if not is_complete(account):
        raise Refused(_("Fill in the billing details first: an invoice needs a name and an address."))
    if account.id and overdue(account, today(now)):
        raise Refused(_("An invoice is overdue. Pay it first, then order."))
    if renews is not None:
        if renews.state != DELIVERED or renewal_of(renews) is not None:
            raise Refused(_("This order is renewed already."))
        if licence_of(renews).revoked_at is not None:
            raise Refused(_("This licence was revoked."))


def _written(
    reseller: Organisation, wanted: Wanted, found: Offer, account: BillingAccount, key: str, *, by: User, now: datetime
) -> PartnerOrder:
    return PartnerOrder(
        public_id=new_public_id(),
        form_key=key,
        reseller_id=reseller.id,
        relation_id=wanted.relation.id,
        bill_to_id=account.organisation_id,
        licensee=wanted.licensee,
        email=wanted.email.lower(),
        item_id=wanted.item.id,
        product_id=wanted.item.product_id,
        plan=wanted.item.plan or "",
        seats=found.seats,
        currency=found.currency,
        list_amount=found.list_amount,
        amount=found.amount,
        level=found.level,
        begins=found.begins,
        ends=found.ends,
        renews_id=wanted.renews.id if wanted.renews else None,
        placed_at=now,
        placed_by_id=by.id,
    )


def _deliver(order: PartnerOrder, account: BillingAccount, found: Offer, *, by: User, now: datetime) -> None:
    """The invoice is drafted, the licence issued or prolonged, and its holder told."""
    invoice = invoicing.draft(account, reason_key=f"order:{order.id}", lines=found.lines, now=now)
    enqueue("finalise_invoice", invoice_id=invoice.id)
    order.invoice_id, order.state, order.delivered_at = invoice.id, DELIVERED, now
    if order.renews is not None:
        licence = licence_of(order)
        issuing.set_end(licence, midnight(order.ends), by=by, now=now)
        licence.seats = order.seats
    else:
        order.licence_id = issuing.issue(
            by=by,
            now=now,
            product_id=order.product_id,
            plan=order.plan,
            seats=order.seats,
            licensed_to=order.licensee,
            order_email=order.email,
            sold_by_id=order.reseller_id,
            ends_at=midnight(order.ends),
        )[0].id
    db.session.flush()
    db.session.refresh(order)
    told = {"renewed": order.renews.number} if order.renews else {}
    _note("partner.order_renewed" if told else "partner.order_placed", order, by=by, now=now, **told)
    letters.tell_delivered(order)
    _follow(order)


def _take_invoice_back(order: PartnerOrder, *, reason: str, by: User, now: datetime) -> None:
    """A draft goes; what was sent is credited wholly."""
    if order.invoice is None:
        return
    invoice = order.invoice
    db.session.refresh(invoice, with_for_update=True)
    if invoice.state != DRAFT:
        invoicing.credit_note(invoice, reason=reason[:500], by=by, key=f"order:{order.id}", now=now)
        return
    order.invoice_id = None
    db.session.flush()
    for line in invoice.lines:
        db.session.delete(line)
    db.session.delete(invoice)
    db.session.flush()


def _chain(order: PartnerOrder) -> list[PartnerOrder]:
    """The order, what it renewed, and what renewed it."""
    found, earlier, later = [order], order.renews, renewal_of(order)
    while earlier is not None:
        found.append(earlier)
        earlier = earlier.renews
    while later is not None:
        found.append(later)
        later = renewal_of(later)
    return found


def _follow(order: PartnerOrder, *addresses: str) -> None:
    """Open tickets of whoever is recognised by the order follow what they hold now."""
    for address in (order.email, *addresses):
        person = known_by(address)
        if person is not None and person.confirmed_at is not None:
            enqueue("follow_entitlement", person_id=person.id, reason="partner order")


def _note(kind: str, order: PartnerOrder, *, by: User, now: datetime, **detail: Any) -> None:
    note(
        kind,
        by=by,
        now=now,
        partner_id=order.reseller_id,
        subject=f"order:{order.public_id}",
        order=order.number,
        customer=order.relation.name,
        plan=order.plan,
        **detail,
    )


def due_until(day: date, months: int) -> date:
    """The first day after so many months, counted from the month of that day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
