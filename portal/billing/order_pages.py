"""Ordering and changing: the catalogue, the preview with its figures, and the verbs."""

from collections.abc import Callable
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from wtforms.fields import SelectChoice

from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation, User
from portal.billing import selling, wording
from portal.billing.account import BillingAccount
from portal.billing.accounts import is_complete, today
from portal.billing.agreement import ChangePreview
from portal.billing.blueprint import bp
from portal.billing.catalogue import PLAN, CatalogueItem
from portal.billing.forms import OrderForm
from portal.billing.gate import managed
from portal.billing.telling import name_of
from portal.billing.terms import named, prices_of, terms_of
from portal.billing.views import running
from portal.db import db, get_or_404, utcnow

Verb = Callable[..., None]


@bp.get("/<int:organisation_id>/catalogue")
def catalogue(organisation_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    items = db.session.scalars(CatalogueItem.on_sale().options(selectinload(CatalogueItem.product))).all()
    prices = prices_of(items, account.currency, today(utcnow()))
    held = db.session.scalars(running(organisation, utcnow())).all()
    context = {"organisation": organisation, "account": account, "items": items, "prices": prices, "named": named}
    known = {item.id: item for item in items}
    changeable = [one for one in held if one.item_id in known and one.currency and not one.contract_id]
    alike = {(known[one.item_id].kind, one.product_id): one for one in changeable if one.item_id}
    mine = {one.item_id: one for one in held}
    return render_template("billing/catalogue.html", held=mine, alike=alike, **context)


@bp.get("/<int:organisation_id>/order/<slug>")
def order(organisation_id: int, slug: str) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    item = sold(slug)
    form = order_form([item], item=item.id)
    return order_page(organisation, account, form, None)


@bp.post("/<int:organisation_id>/order/<slug>")
def preview_order(organisation_id: int, slug: str) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    return previewed(organisation, account, order_form([sold(slug)]), None)


@bp.get("/<int:organisation_id>/subscriptions/<int:subscription_id>/change")
def change(organisation_id: int, subscription_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    subscription = held(organisation, subscription_id)
    running_terms = terms_of(subscription)
    wanted = request.args.get("item", running_terms.item, type=int)
    given = {"item": wanted, "seats": running_terms.seats, "interval": running_terms.interval}
    form = order_form(alternatives(subscription), **given)
    return order_page(organisation, account, form, subscription)


@bp.post("/<int:organisation_id>/subscriptions/<int:subscription_id>/change")
def preview_change(organisation_id: int, subscription_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    subscription = held(organisation, subscription_id)
    return previewed(organisation, account, order_form(alternatives(subscription)), subscription)


def previewed(
    organisation: Organisation, account: BillingAccount, form: OrderForm, subscription: Subscription | None
) -> ResponseReturnValue:
    """Work out what was asked for, and go to the page that shows it."""
    if not form.validate_on_submit():
        return order_page(organisation, account, form, subscription, code=422)
    item = db.session.get_one(CatalogueItem, form.item.data)
    shown = selling.preview(
        organisation,
        item,
        seats=form.seats.data if item.has_seats and "seats" in form else 1,
        interval=form.interval.data,
        by=current_user,
        now=utcnow(),
        subscription=subscription,
    )
    db.session.commit()
    return redirect(url_for(".preview", organisation_id=organisation.id, token=shown.token))


@bp.get("/<int:organisation_id>/preview/<token>")
def preview(organisation_id: int, token: str) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    shown = asked_for(organisation, token, current_user)
    lines = wording.lines_of(selling.parts_of(shown), str(wording.reader_language()))
    item = db.session.get_one(CatalogueItem, shown.terms["terms"]["item"])
    context = {"organisation": organisation, "shown": shown, "lines": lines, "item": item}
    context["first_day"] = date.fromisoformat(shown.terms["billed_until"])
    ready = not lines or is_complete(account)
    return render_template("billing/preview.html", named=named, ready=ready, now=utcnow(), **context)


@bp.post("/<int:organisation_id>/preview/<token>")
def confirm(organisation_id: int, token: str) -> ResponseReturnValue:
    organisation, _account = managed(organisation_id)
    shown = asked_for(organisation, token, current_user)
    subscription = selling.confirm(shown, by=current_user, now=utcnow())
    text = _("%(what)s: done. The invoice follows within a minute.", what=name_of(subscription))
    if not shown.lines:
        text = _("%(what)s: done.", what=name_of(subscription))
    db.session.commit()
    flash(text, "success")
    return redirect(url_for(".overview", organisation_id=organisation_id))


@bp.post("/<int:organisation_id>/subscriptions/<int:subscription_id>/cancel")
def cancel(organisation_id: int, subscription_id: int) -> ResponseReturnValue:
    text = _("Cancelled. It runs to its end, and you may resume it until then.")
    return done(organisation_id, subscription_id, selling.cancel, text)


@bp.post("/<int:organisation_id>/subscriptions/<int:subscription_id>/resume")
def resume(organisation_id: int, subscription_id: int) -> ResponseReturnValue:
    return done(organisation_id, subscription_id, selling.resume, _("The subscription goes on."))


@bp.post("/<int:organisation_id>/subscriptions/<int:subscription_id>/stay")
def stay(organisation_id: int, subscription_id: int) -> ResponseReturnValue:
    return done(organisation_id, subscription_id, selling.stay, _("Everything stays as it is."))


def done(organisation_id: int, subscription_id: int, verb: Verb, text: str) -> ResponseReturnValue:
    organisation, _account = managed(organisation_id)
    verb(held(organisation, subscription_id), by=current_user, now=utcnow())
    db.session.commit()
    flash(text, "success")
    return redirect(url_for(".overview", organisation_id=organisation_id))


def held(organisation: Organisation, subscription_id: int) -> Subscription:
    """A subscription of the organisation that is billed here; else 404."""
    found: Subscription = get_or_404(
        select(Subscription).where(
            Subscription.id == subscription_id,
            Subscription.organisation_id == organisation.id,
            Subscription.currency.is_not(None),
        )
    )
    return found


def sold(slug: str) -> CatalogueItem:
    found: CatalogueItem = get_or_404(
        CatalogueItem.on_sale().where(CatalogueItem.slug == slug, CatalogueItem.needs_contract.is_(False))
    )
    return found


def alternatives(subscription: Subscription) -> list[CatalogueItem]:
    """What it can be changed to: the same kind of thing for the same product, and itself."""
    own = db.session.get_one(CatalogueItem, subscription.item_id)
    product = CatalogueItem.product_id == own.product_id if own.product_id else CatalogueItem.product_id.is_(None)
    query = CatalogueItem.on_sale().where(
        CatalogueItem.kind == own.kind, product, CatalogueItem.needs_contract.is_(False)
    )
    return list(db.session.scalars(query))


def asked_for(organisation: Organisation, token: str, person: User) -> ChangePreview:
    """A preview of the organisation, whoever of it asked for it."""
    found: ChangePreview = get_or_404(
        select(ChangePreview).where(ChangePreview.token == token, ChangePreview.organisation_id == organisation.id)
    )
    return found


def order_form(items: list[CatalogueItem], **given: object) -> OrderForm:
    """The form with the items to choose from: filled with what is given, else with what was sent."""
    form = OrderForm(formdata=None, **given) if given else OrderForm()
    form.item.choices = [SelectChoice(str(item.id), named(item.names)) for item in items]
    form.items = items
    if not any(item.has_seats for item in items):
        del form.seats
    return form


def order_page(
    organisation: Organisation,
    account: BillingAccount,
    form: OrderForm,
    subscription: Subscription | None,
    code: int = 200,
) -> ResponseReturnValue:
    prices = prices_of(form.items, account.currency, today(utcnow()))
    return render_template(
        "billing/order.html",
        organisation=organisation,
        account=account,
        form=form,
        prices=prices,
        subscription=subscription,
        action=request.path,
        is_plan=any(item.kind == PLAN for item in form.items),
        named=named,
    ), code
