"""The reseller's orders: the list, a new one with its exact price before it counts, and what becomes of it."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Select, func, or_
from sqlalchemy.orm import contains_eager, joinedload

from portal import spreadsheets
from portal.accounts.partnership import PartnerCustomer
from portal.billing.accounts import today
from portal.billing.catalogue import PLAN, CatalogueItem
from portal.billing.money import in_major
from portal.billing.terms import named
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.partner import gate, ordering
from portal.partner.blueprint import bp
from portal.partner.keeping import kept
from portal.partner.order import STATES, PartnerOrder
from portal.partner.order_forms import CUSTOMER, AddressForm, CancelForm, PartnerOrderForm
from portal.partner.pricing import Offer
from portal.web import settings

PAGE, MOST = 25, 5000  # rows of a page, lines of a file
SORTS = {
    "newest": (PartnerOrder.id.desc(),),
    "customer": (func.lower(PartnerCustomer.name), PartnerOrder.id.desc()),
    "ends": (PartnerOrder.ends, PartnerOrder.id.desc()),
}


@bp.get("/orders")
def orders() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "")[:100].strip() for name in ("q", "state", "customer", "sort")}
    query = listed(asked)
    if "csv" in request.args:
        return orders_file(query)

    def load() -> dict[str, Any]:
        page = db.paginate(query, per_page=PAGE, max_per_page=PAGE)
        known = db.session.execute(
            gate.relations()
            .with_only_columns(PartnerCustomer.public_id, PartnerCustomer.name)
            .order_by(func.lower(PartnerCustomer.name), PartnerCustomer.id)
        ).all()
        return {"page": page, "asked": asked, "customers": known, "states": state_names(), "named": named}

    return render_template("partner/orders.html", shown=kept("partner/_orders.html", load))


def mine() -> Select[Any]:
    """The orders of the reseller for whom the reader works."""
    return PartnerOrder.visible_to(current_user).where(PartnerOrder.reseller_id == gate.reseller().id)


def listed(asked: dict[str, str]) -> Select[Any]:
    """What the list was asked for, with what a row shows in the same query."""
    query = mine().join(PartnerCustomer, PartnerCustomer.id == PartnerOrder.relation_id)
    if text := asked["q"]:
        number = text.upper().removeprefix("O-").lstrip("0")
        named_so = (PartnerOrder.licensee, PartnerOrder.email, PartnerCustomer.name)
        fits = [column.icontains(text, autoescape=True) for column in named_so]
        if number.isdigit() and len(number) < 10:
            fits.append(PartnerOrder.id == int(number))
        query = query.where(or_(*fits))
    if asked["state"] in STATES:
        query = query.where(PartnerOrder.state == asked["state"])
    if asked["customer"]:
        query = query.where(PartnerCustomer.public_id == asked["customer"])
    order = SORTS.get(asked["sort"], SORTS["newest"])
    return query.options(contains_eager(PartnerOrder.relation), joinedload(PartnerOrder.item)).order_by(*order)


def orders_file(query: Select[Any]) -> Response:
    names = state_names()
    lines = [
        (
            *(one.number, one.placed_at.date(), one.relation.name, one.licensee, one.email, named(one.item.names)),
            *(one.seats, one.begins, one.last_day, in_major(one.listed, one.currency)),
            *(in_major(one.discounted, one.currency), one.currency, names[one.state]),
        )
        for one in db.session.scalars(query.limit(MOST))
    ]
    head: tuple[str, ...] = (
        _("Order number"),
        _("Ordered"),
        _("Customer"),
        _("Licensed to"),
        _("E-mail address"),
        _("What"),
        _("Seats"),
    )
    head += (_("First day"), _("Last day"), _("List price"), _("Your price"), _("Currency"), _("State"))
    answer = Response(spreadsheets.written(head, lines), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return answer


def state_names() -> dict[str, str]:
    return {"placed": _("Placed"), "delivered": _("Delivered"), "cancelled": _("Cancelled")}


@bp.get("/orders/new")
def new_order() -> ResponseReturnValue:
    renews = renewed(request.args.get("renews", ""))
    wanted = request.args.get("customer", "")
    return form_page(order_form(renews, customer=wanted, given=True), renews)


@bp.post("/orders/new")
def price_order() -> ResponseReturnValue:
    """The exact price of what was asked for; nothing is ordered yet."""
    renews = renewed(request.form.get("renews", ""))
    form = order_form(renews)
    if not form.validate_on_submit():
        return form_page(form, renews, code=422)
    try:
        found = ordering.price(gate.reseller(), asked_for(form, renews), by=current_user, now=utcnow())
    except Refused as refusal:
        return form_page(form, renews, refusal=str(refusal), code=422)
    return price_page(form, renews, found)


@bp.post("/orders")
def place_order() -> ResponseReturnValue:
    renews = renewed(request.form.get("renews", ""))
    form = order_form(renews)
    if not form.validate_on_submit() or form.shown.data is None:
        return form_page(form, renews, code=422)
    wanted, key = asked_for(form, renews), str(form.form_key.data)
    try:
        order = ordering.place(
            gate.reseller(), wanted, shown=form.shown.data, form_key=key, by=current_user, now=utcnow()
        )
    except Refused as refusal:
        db.session.rollback()
        return form_page(form, renewed(request.form.get("renews", "")), refusal=str(refusal), code=422)
    public_id = order.public_id
    flash(_("%(order)s is ordered. The licence is mailed, and the invoice follows.", order=order.number), "success")
    db.session.commit()
    return redirect(url_for(".order", public_id=public_id))


@bp.get("/orders/<public_id>")
def order(public_id: str) -> ResponseReturnValue:
    return order_page(one_of_mine(public_id))


@bp.post("/orders/<public_id>/cancel")
def cancel_order(public_id: str) -> ResponseReturnValue:
    order, form = one_of_mine(public_id), CancelForm()
    if not form.validate_on_submit():
        return order_page(order, cancelling=form, code=422)
    ordering.cancel(
        order, reason=str(form.reason.data), by=current_user, now=utcnow(), days=settings().order_cancel_days
    )
    db.session.commit()
    flash(_("The order is cancelled."), "success")
    return redirect(url_for(".order", public_id=public_id))


@bp.post("/orders/<public_id>/address")
def readdress_order(public_id: str) -> ResponseReturnValue:
    order, form = one_of_mine(public_id), AddressForm()
    if not form.validate_on_submit():
        return order_page(order, moving=form, code=422)
    ordering.readdress(order, str(form.email.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Whoever registers with %(email)s is recognised now.", email=order.email), "success")
    return redirect(url_for(".order", public_id=public_id))


def one_of_mine(public_id: str) -> PartnerOrder:
    found: PartnerOrder = get_or_404(mine().where(PartnerOrder.public_id == public_id))
    return found


def renewed(public_id: str) -> PartnerOrder | None:
    """The order that is to go on; 404 for one that isn't the reader's."""
    return one_of_mine(public_id) if public_id else None


def order_form(renews: PartnerOrder | None, *, customer: str = "", given: bool = False) -> PartnerOrderForm:
    """Filled with what is known of the order to be renewed, or of the customer; else with what was sent."""
    now = utcnow()
    open_ones = or_(PartnerCustomer.ends_at.is_(None), PartnerCustomer.ends_at > now)
    by_name = (func.lower(PartnerCustomer.name), PartnerCustomer.id)
    customers = list(db.session.scalars(gate.relations().where(open_ones).order_by(*by_name)))
    sold = (CatalogueItem.kind == PLAN, CatalogueItem.needs_contract.is_(False), CatalogueItem.product_id.is_not(None))
    items = list(db.session.scalars(CatalogueItem.on_sale().where(*sold)))
    if renews is not None:
        customers = [one for one in customers if one.id == renews.relation_id]
        items = [item for item in items if item.id == renews.item_id]
    filled: dict[str, Any] = {}
    if renews is not None:
        filled = {name: getattr(renews, name) for name in ("licensee", "email", "seats")}
        filled |= {"customer": renews.relation_id, "item": renews.item_id, "renews": renews.public_id}
        filled |= {"interval": ordering.interval_of(renews)}
    elif chosen := next((one for one in customers if one.public_id == customer), None):
        filled = {"customer": chosen.id, "licensee": chosen.name, "email": chosen.email}
    return PartnerOrderForm(customers, items, formdata=None, **filled) if given else PartnerOrderForm(customers, items)


def asked_for(form: PartnerOrderForm, renews: PartnerOrder | None) -> ordering.Wanted:
    relation: PartnerCustomer = get_or_404(gate.relations().where(PartnerCustomer.id == form.customer.data))
    return ordering.Wanted(
        relation=relation,
        item=db.session.get_one(CatalogueItem, form.item.data),
        seats=form.seats.data,
        interval=form.interval.data,
        licensee=str(form.licensee.data),
        email=renews.email if renews else str(form.email.data),
        bills_customer=form.bill_to.data == CUSTOMER,
        renews=renews,
    )


def form_page(
    form: PartnerOrderForm, renews: PartnerOrder | None, *, refusal: str = "", code: int = 200
) -> ResponseReturnValue:
    return render_template("partner/order_form.html", form=form, renews=renews, refusal=refusal), code


def price_page(form: PartnerOrderForm, renews: PartnerOrder | None, found: Offer) -> ResponseReturnValue:
    sent = {name: field.data for name, field in form._fields.items() if name not in ("csrf_token", "shown")}
    customer = db.session.get_one(PartnerCustomer, form.customer.data)
    return render_template(
        "partner/order_price.html", found=found, sent=sent, renews=renews, customer=customer, named=named
    )


def order_page(
    order: PartnerOrder, *, cancelling: CancelForm | None = None, moving: AddressForm | None = None, code: int = 200
) -> ResponseReturnValue:
    now = utcnow()
    licence = ordering.delivered_by(order)
    return render_template(
        "partner/order.html",
        order=order,
        licence=licence,
        renewal=ordering.renewal_of(order),
        locked=ordering.locked(order, now=now, days=settings().order_cancel_days),
        may_move=bool(licence and licence.organisation_id is None and licence.revoked_at is None),
        cancelling=cancelling or CancelForm(formdata=None),
        moving=moving or AddressForm(formdata=None, email=order.email),
        states=state_names(),
        named=named,
        today=today(now),
    ), code
