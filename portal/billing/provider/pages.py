"""Paying an invoice at the provider's page, and the saved ways to pay."""

from datetime import date

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from portal.billing.account import BillingAccount, PaymentMethod
from portal.billing.accounts import account_of, today
from portal.billing.blueprint import bp
from portal.billing.gate import managed, shown
from portal.billing.invoice import INVOICE, OPEN, Invoice
from portal.billing.payment import PENDING, Payment
from portal.billing.provider import checkout
from portal.billing.provider.gateway import Unreachable, is_used, pay_page_origin
from portal.billing.provider.methods import make_default, methods_of, pay_by_transfer, remove
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.jobs import enqueue
from portal.web import limiter, settings


@bp.app_template_global()
def pays_by_card(invoice: Invoice) -> bool:
    """Whether the invoice can be paid at the provider's page; then forms of this page may lead there."""
    can = is_used() and invoice.kind == INVOICE and invoice.state == OPEN and invoice.due > 0
    if can:
        g.forms_lead_to = pay_page_origin()
    return can


@bp.app_template_global()
def under_way(invoice: Invoice) -> Payment | None:
    """A payment at the provider whose end isn't known: it takes its days, or waits for its next try."""
    if not is_used() or invoice.state != OPEN:
        return None
    waiting = select(Payment).where(Payment.invoice_id == invoice.id, Payment.state == PENDING)
    known = Payment.provider_id.is_not(None) | Payment.key.startswith("charge:")
    return db.session.scalar(waiting.where(known).order_by(Payment.id.desc()).limit(1))


def away(what: str) -> str:
    """Why the provider's page can't be shown: it does not answer."""
    return _("%(what)s is out of reach at the moment. Nothing was charged. Try again in some minutes.", what=what)


@bp.post("/<int:organisation_id>/invoices/<public_id>/pay")
@limiter.limit(lambda: settings().limit_paying)
def pay(organisation_id: int, public_id: str) -> ResponseReturnValue:
    managed(organisation_id)
    invoice = shown(organisation_id, public_id)
    if not is_used():
        abort(404)
    try:
        return redirect(checkout.pay(invoice, current_user._get_current_object(), now=utcnow()), 303)
    except Unreachable:
        text = away(_("The payment page")) + " " + _("A transfer is possible too.")
    except Refused as refused:
        text = str(refused)
    db.session.commit()
    flash(text, "error")
    return redirect(url_for(".invoice", organisation_id=organisation_id, public_id=public_id))


@bp.get("/<int:organisation_id>/payments/<public_id>/back")
def came_back(organisation_id: int, public_id: str) -> ResponseReturnValue:
    """Home from the payment page. What came of it is asked at once; nothing in the address is believed."""
    managed(organisation_id)
    query = Payment.visible_to(current_user).join(BillingAccount, BillingAccount.id == Payment.account_id)
    payment: Payment = get_or_404(
        query.where(BillingAccount.organisation_id == organisation_id, Payment.public_id == public_id)
    )
    invoice = payment.invoice or abort(404)
    enqueue("follow_payment", payment_id=payment.id)
    flash(_("Thank you. The payment is being confirmed; by direct debit that takes some days."), "success")
    address = url_for(".invoice", organisation_id=organisation_id, public_id=invoice.public_id)
    db.session.commit()
    return redirect(address)


@bp.get("/<int:organisation_id>/methods")
def methods(organisation_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    if is_used():
        g.forms_lead_to = pay_page_origin()
    saved = methods_of(account) if account.id else []
    return render_template(
        "billing/methods.html",
        organisation=organisation,
        account=account,
        methods=saved,
        is_offered=is_used(),
        today=today(utcnow()),
    )


@bp.post("/<int:organisation_id>/methods")
@limiter.limit(lambda: settings().limit_paying)
def add_method(organisation_id: int) -> ResponseReturnValue:
    organisation, _account = managed(organisation_id)
    if not is_used():
        abort(404)
    account = account_of(organisation, now=utcnow())
    try:
        return redirect(checkout.begin_setup(account, current_user._get_current_object()), 303)
    except (Unreachable, Refused, checkout.Over) as error:
        text = str(error) if isinstance(error, Refused) else away(_("The page for cards and accounts"))
    flash(text, "error")
    return redirect(url_for(".methods", organisation_id=organisation_id))


@bp.get("/<int:organisation_id>/methods/left")
def method_left(organisation_id: int) -> ResponseReturnValue:
    """Home from leaving a card or a mandate. Whose it is, the provider says."""
    managed(organisation_id)
    session_id = request.args.get("session", "")
    if is_used() and session_id.startswith("cs_") and len(session_id) <= 100:
        enqueue("follow_setup", session_id=session_id)
        db.session.commit()
        flash(_("Thank you. It stands here in a moment."), "success")
    return redirect(url_for(".methods", organisation_id=organisation_id))


def kept(organisation_id: int, method_id: int) -> PaymentMethod:
    """A method in use of this organisation; else 404."""
    _organisation, account = managed(organisation_id)
    mine = select(PaymentMethod).where(PaymentMethod.account_id == (account.id or 0), PaymentMethod.id == method_id)
    found: PaymentMethod = get_or_404(mine.where(PaymentMethod.removed_at.is_(None)).with_for_update(of=PaymentMethod))
    return found


@bp.post("/<int:organisation_id>/methods/<int:method_id>/default")
def charge_method(organisation_id: int, method_id: int) -> ResponseReturnValue:
    make_default(kept(organisation_id, method_id))
    db.session.commit()
    flash(_("Invoices are taken from it from now on."), "success")
    return redirect(url_for(".methods", organisation_id=organisation_id))


@bp.post("/<int:organisation_id>/methods/<int:method_id>/remove")
def remove_method(organisation_id: int, method_id: int) -> ResponseReturnValue:
    remove(kept(organisation_id, method_id), now=utcnow())
    db.session.commit()
    flash(_("It is removed."), "success")
    return redirect(url_for(".methods", organisation_id=organisation_id))


@bp.post("/<int:organisation_id>/methods/transfer")
def use_transfer(organisation_id: int) -> ResponseReturnValue:
    organisation, _account = managed(organisation_id)
    pay_by_transfer(account_of(organisation, now=utcnow()))
    db.session.commit()
    flash(_("Nothing is charged by itself any more. Pay by transfer, or at the payment page."), "success")
    return redirect(url_for(".methods", organisation_id=organisation_id))


@bp.app_template_filter("has_expired")
def has_expired(method: PaymentMethod, on: date) -> bool:
    return method.expires_on is not None and method.expires_on < on
