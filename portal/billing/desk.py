"""The bookkeepers' desk: who owes what, what came in, what is given back, and the credits to decide."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload

from portal import audit
from portal.billing import books, crediting, invoicing, payments
from portal.billing.account import BillingAccount, VatCheck, is_bookkeeper
from portal.billing.accounts import today
from portal.billing.credit import ACCEPTED, DECLINED, PROPOSED, ServiceCredit
from portal.billing.desk_forms import DecisionForm, GivenForm, ReasonForm, TransferForm
from portal.billing.invoice import DRAFT, INVOICE, OPEN, Invoice
from portal.billing.payment import PENDING, Payment, Refund
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused

bp = Blueprint("billing_desk", __name__, url_prefix="/desk/billing")
PAGE = 50
MOST = 50  # invoices and payments on an account's page


@bp.before_request
def bookkeepers_only() -> None:
    """For everybody else there is no such page."""
    if not is_bookkeeper(current_user):
        abort(404)


@bp.get("/")
def index() -> ResponseReturnValue:
    on, text = today(utcnow()), request.args.get("q", "")[:100].strip()
    owed = func.coalesce(func.sum(Invoice.gross - Invoice.settled), 0)
    late = func.coalesce(func.sum(case((Invoice.due_on < on, Invoice.gross - Invoice.settled), else_=0)), 0)
    unpaid = (Invoice.account_id == BillingAccount.id) & (Invoice.state == OPEN) & (Invoice.kind == INVOICE)
    query = select(BillingAccount, owed, late).outerjoin(Invoice, unpaid).group_by(BillingAccount.id)
    if text:
        query = query.where(BillingAccount.legal_name.icontains(text, autoescape=True))
    number = max(1, request.args.get("page", 1, type=int))
    rows = db.session.execute(
        query.order_by(late.desc(), owed.desc(), BillingAccount.id).limit(PAGE + 1).offset((number - 1) * PAGE)
    ).all()
    stuck = select(Invoice).where(Invoice.state == DRAFT, Invoice.trouble != "").options(joinedload(Invoice.account))
    waiting = select(Refund).where(Refund.state == PENDING).options(joinedload(Refund.payment))
    return render_template(
        "billing/desk/index.html",
        rows=rows[:PAGE],
        number=number,
        has_more=len(rows) > PAGE,
        text=text,
        stuck=db.session.scalars(stuck.order_by(Invoice.id)).all(),
        refunds=db.session.scalars(waiting.order_by(Refund.id)).all(),
        proposed=db.session.scalar(select(func.count(ServiceCredit.id)).where(ServiceCredit.state == PROPOSED)),
    )


def one(account_id: int) -> BillingAccount:
    found: BillingAccount = get_or_404(select(BillingAccount).where(BillingAccount.id == account_id))
    return found


def written(of: BillingAccount, kind: str, **detail: Any) -> None:
    """Into the audit log, for the owners of the organisation too."""
    audit.note(kind, by=current_user, now=utcnow(), organisation_id=of.organisation_id, **detail)


@bp.get("/accounts/<int:account_id>")
def account(account_id: int) -> ResponseReturnValue:
    return page(one(account_id))


def page(shown: BillingAccount, code: int = 200, **forms: Any) -> ResponseReturnValue:
    """An account with its newest invoices and payments; `forms` are those that were sent and refused."""
    made = select(Invoice).where(Invoice.account_id == shown.id).order_by(Invoice.id.desc()).limit(MOST)
    paid = select(Payment).where(Payment.account_id == shown.id).order_by(Payment.id.desc()).limit(MOST)
    fresh: dict[str, Any] = {
        "transfer": TransferForm(shown.currency, formdata=None, received_on=today(utcnow())),
        "goodwill": GivenForm(shown.currency, formdata=None),
        "reason": ReasonForm(formdata=None),
        "refund": GivenForm(shown.currency, formdata=None),
    }
    return render_template(
        "billing/desk/account.html",
        account=shown,
        balance=books.balance_of(shown, shown.currency),
        invoices=db.session.scalars(made).all(),
        payments=db.session.scalars(paid).all(),
        today=today(utcnow()),
        **fresh | forms,
    ), code


@bp.post("/accounts/<int:account_id>/transfer")
def transfer(account_id: int) -> ResponseReturnValue:
    shown = one(account_id)
    form = TransferForm(shown.currency)
    if not form.validate_on_submit():
        return page(shown, 422, transfer=form)
    now = utcnow()
    found = db.session.scalar(select(Payment).where(Payment.key == f"desk:{form.key.data}"))
    paid = found or payments.receive(shown, form.minor, way="transfer", key=f"desk:{form.key.data}", now=now)
    payments.settle(paid, now=now, received_on=form.received_on.data)
    db.session.commit()
    flash(_("The transfer is booked."), "success")
    return redirect(url_for(".account", account_id=account_id))


@bp.post("/accounts/<int:account_id>/credit")
def goodwill(account_id: int) -> ResponseReturnValue:
    shown = one(account_id)
    form = GivenForm(shown.currency)
    if not form.validate_on_submit():
        return page(shown, 422, goodwill=form)
    given = {"reason": str(form.reason.data), "by": current_user, "form_key": str(form.key.data)}
    crediting.goodwill(shown, form.minor, now=utcnow(), **given)
    written(shown, "billing.goodwill", reason=given["reason"])
    db.session.commit()
    flash(_("The credit is granted. It is taken off the next invoice."), "success")
    return redirect(url_for(".account", account_id=account_id))


@bp.post("/accounts/<int:account_id>/vat")
def confirm_vat(account_id: int) -> ResponseReturnValue:
    """What the register (VIES) said of the VAT number, with the number of the consultation as evidence."""
    shown, state = one(account_id), request.form.get("state", "")
    if not shown.vat_number or state not in ("valid", "invalid"):
        raise Refused(_("Say whether the register confirmed the number."))
    told = " ".join(request.form.get("consultation", "").split())[:60]
    now = utcnow()
    row = VatCheck(account_id=shown.id, number=shown.vat_number, state=state, consultation=told, asked_at=now)
    row.answered_at, shown.vat_state = now, state
    db.session.add(row)
    written(shown, "billing.vat_number", state=state, number=shown.vat_number)
    db.session.commit()
    flash(_("It is noted. It counts from the next invoice on."), "success")
    return redirect(url_for(".account", account_id=account_id))


@bp.post("/invoices/<int:invoice_id>/correct")
def correct(invoice_id: int) -> ResponseReturnValue:
    wrong: Invoice = get_or_404(select(Invoice).where(Invoice.id == invoice_id))
    form = ReasonForm()
    if not form.validate_on_submit():
        return page(wrong.account, 422, reason=form)
    reason, key = str(form.reason.data), f"{wrong.id}:{form.key.data}"
    invoicing.credit_note(wrong, reason=reason, by=current_user, key=key, now=utcnow())
    written(wrong.account, "billing.corrected", number=wrong.number or "", reason=reason)
    db.session.commit()
    flash(_("A credit note is being made."), "success")
    return redirect(url_for(".account", account_id=wrong.account_id))


@bp.post("/payments/<int:payment_id>/refund")
def refund(payment_id: int) -> ResponseReturnValue:
    paid: Payment = get_or_404(select(Payment).where(Payment.id == payment_id))
    form = GivenForm(paid.currency)
    if not form.validate_on_submit():
        return page(paid.account, 422, refund=form)
    given = {"reason": str(form.reason.data), "by": current_user, "key": f"desk:{form.key.data}"}
    payments.refund(paid, form.minor, now=utcnow(), **given)
    written(paid.account, "billing.refunded", reason=given["reason"])
    db.session.commit()
    flash(_("The refund is asked for."), "success")
    return redirect(url_for(".account", account_id=paid.account_id))


@bp.post("/refunds/<int:refund_id>/sent")
def refund_sent(refund_id: int) -> ResponseReturnValue:
    """For payments by transfer: the money went back by another."""
    waiting: Refund = get_or_404(select(Refund).where(Refund.id == refund_id, Refund.state == PENDING))
    if waiting.payment.provider_id:
        abort(404)
    payments.settle_refund(waiting, now=utcnow())
    db.session.commit()
    flash(_("The refund is booked."), "success")
    return redirect(url_for(".index"))


@bp.get("/credits")
def credits() -> ResponseReturnValue:
    return credits_page(DecisionForm(formdata=None))


def credits_page(form: DecisionForm, code: int = 200) -> ResponseReturnValue:
    order = ((ServiceCredit.state == PROPOSED).desc(), ServiceCredit.id.desc())
    query = select(ServiceCredit).options(joinedload(ServiceCredit.account)).order_by(*order)
    found = db.paginate(query, per_page=PAGE, max_per_page=PAGE)
    words = {credit.id: crediting.words(credit) for credit in found.items}
    return render_template("billing/desk/credits.html", page=found, words=words, form=form), code


@bp.post("/credits/<int:credit_id>/accept")
def accept(credit_id: int) -> ResponseReturnValue:
    return decided(credit_id, ACCEPTED, _("The credit is accepted."))


@bp.post("/credits/<int:credit_id>/decline")
def decline(credit_id: int) -> ResponseReturnValue:
    return decided(credit_id, DECLINED, _("The credit is declined."))


def decided(credit_id: int, state: str, text: str) -> ResponseReturnValue:
    credit: ServiceCredit = get_or_404(select(ServiceCredit).where(ServiceCredit.id == credit_id))
    form = DecisionForm()
    if not form.validate_on_submit():
        return credits_page(form, 422)
    crediting.decide(credit, state, reason=str(form.reason.data or ""), by=current_user, now=utcnow())
    written(credit.account, "billing.credit_decided", state=state)
    db.session.commit()
    flash(text, "success")
    return redirect(url_for(".credits"))
