"""Bank statements at the bookkeepers' desk: taken in, looked at, confirmed; what nobody could match is decided here."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.billing import bank, matching
from portal.billing.account import BillingAccount
from portal.billing.desk import bp, page
from portal.billing.desk_forms import ReasonForm, StatementForm
from portal.billing.invoice import Invoice
from portal.billing.payment import RETURNED, WAITING, BankEntry, BankFile, Payment
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused

PAGE = 50
FILES = 10  # the newest, on the first page
WHY = {
    matching.REFERENCE: _l("It names the invoice."),
    matching.AMOUNT: _l("Exactly what is due, from who owes it."),
    matching.NOTHING: _l("It names no invoice of ours."),
    matching.SEVERAL: _l("It names invoices of several customers."),
    matching.ALIKE: _l("Several customers of that name owe exactly that."),
    matching.CURRENCY: _l("The customer’s account is kept in another currency."),
    matching.NOT_OURS: _l("It is listed, not booked."),
    RETURNED: _l("Not booked by itself: book it at the customer, by a refund or a correction, then leave it out."),
}


bp.add_app_template_global(bank.waiting, "entries_waiting")


@bp.get("/bank")
def bank_index() -> ResponseReturnValue:
    return bank_page(StatementForm(formdata=None))


def bank_page(form: StatementForm, code: int = 200) -> ResponseReturnValue:
    query = (
        select(BankEntry).where(BankEntry.state == WAITING).order_by(BankEntry.booked_on.desc(), BankEntry.id.desc())
    )
    waiting = db.paginate(query, per_page=PAGE, max_per_page=PAGE)
    files = db.session.scalars(select(BankFile).order_by(BankFile.id.desc()).limit(FILES)).all()
    found = matching.find(waiting.items)
    return render_template("billing/desk/bank.html", page=waiting, files=files, found=found, why=WHY, form=form), code


@bp.post("/bank")
def bank_take() -> ResponseReturnValue:
    form = StatementForm()
    if not form.validate_on_submit():
        return bank_page(form, 422)
    db.session.rollback()  # reading takes its time: nobody should wait for it
    try:
        statement = bank.read(form.file.data.stream.read())
    except Refused as error:
        form.file.errors = [str(error)]
        return bank_page(form, 422)
    file = bank.take_in(statement, form.file.data.filename or "", by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".bank_file", file_id=file.id))


def one_file(file_id: int) -> BankFile:
    found: BankFile = get_or_404(select(BankFile).where(BankFile.id == file_id))
    return found


@bp.get("/bank/files/<int:file_id>")
def bank_file(file_id: int) -> ResponseReturnValue:
    file = one_file(file_id)
    shown = select(BankEntry).where(BankEntry.file_id == file.id).options(joinedload(BankEntry.payment))
    entries = db.paginate(shown.order_by(BankEntry.id), per_page=PAGE, max_per_page=PAGE)
    found = bank.preview(file)
    waiting = [entry for entry in entries.items if entry.state == WAITING]
    context: dict[str, Any] = {
        "found": found | matching.find(waiting),
        "seal": matching.seal(found),
        "booked": sum(match.account_id is not None for match in found.values()),
        "foreign": bank.foreign_accounts(file),
        **named_in([match for key, match in found.items() if key in {entry.id for entry in entries.items}]),
    }
    return render_template("billing/desk/bank_file.html", file=file, page=entries, why=WHY, **context)


def named_in(matches: list[matching.Match]) -> dict[str, Any]:
    """Accounts and invoices of matches, by id."""
    ids = {match.account_id for match in matches if match.account_id}
    parts = {invoice_id for match in matches for invoice_id, _amount in match.parts}
    accounts = db.session.scalars(select(BillingAccount).where(BillingAccount.id.in_(ids)))
    invoices = db.session.scalars(select(Invoice).where(Invoice.id.in_(parts)))
    return {"accounts": {one.id: one for one in accounts}, "invoices": {one.id: one for one in invoices}}


@bp.post("/bank/files/<int:file_id>/confirm")
def bank_confirm(file_id: int) -> ResponseReturnValue:
    file = one_file(file_id)
    many = bank.confirm(file, request.form.get("seal", ""), by=current_user, now=utcnow())
    db.session.commit()
    flash(ngettext("%(num)s payment is being booked.", "%(num)s payments are being booked.", many), "success")
    return redirect(url_for(".bank_index"))


@bp.post("/bank/files/<int:file_id>/discard")
def bank_discard(file_id: int) -> ResponseReturnValue:
    bank.discard(one_file(file_id))
    db.session.commit()
    flash(_("The file is forgotten. Nothing of it was booked."), "success")
    return redirect(url_for(".bank_index"))


def one_entry(entry_id: int) -> BankEntry:
    found: BankEntry = get_or_404(select(BankEntry).where(BankEntry.id == entry_id))
    return found


@bp.get("/bank/entries/<int:entry_id>")
def bank_entry(entry_id: int) -> ResponseReturnValue:
    return entry_page(one_entry(entry_id), ReasonForm(formdata=None))


def entry_page(entry: BankEntry, form: ReasonForm, code: int = 200) -> ResponseReturnValue:
    text = request.args.get("q", "")[:100].strip()
    is_open = entry.state == WAITING and entry.kind == "received"
    rows = matching.candidates(entry, text) if is_open else []
    named = {invoice.id for invoice in matching.named_by(entry)} if is_open else set()
    context = {"entry": entry, "form": form, "rows": rows, "text": text, "is_open": is_open, "named": named, "why": WHY}
    return render_template("billing/desk/bank_entry.html", **context), code


@bp.post("/bank/entries/<int:entry_id>/assign")
def bank_assign(entry_id: int) -> ResponseReturnValue:
    entry = one_entry(entry_id)
    wanted = request.form.get("account", type=int)
    if wanted is None:
        raise Refused(_("Say whose it is."))
    account: BillingAccount = get_or_404(select(BillingAccount).where(BillingAccount.id == wanted))
    chosen = Invoice.id.in_(request.form.getlist("invoices", type=int)[:PAGE])
    mine = select(Invoice).where(Invoice.account_id == account.id, chosen).order_by(Invoice.due_on, Invoice.id)
    bank.assign(entry, account, db.session.scalars(mine).all(), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("It is booked to %(customer)s.", customer=account.legal_name), "success")
    return redirect(url_for(".bank_index"))


@bp.post("/bank/entries/<int:entry_id>/leave")
def bank_leave(entry_id: int) -> ResponseReturnValue:
    entry, form = one_entry(entry_id), ReasonForm()
    if not form.validate_on_submit():
        return entry_page(entry, form, 422)
    bank.leave_out(entry, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("It is left out."), "success")
    return redirect(url_for(".bank_index"))


@bp.post("/bank/entries/<int:entry_id>/undo")
def bank_undo(entry_id: int) -> ResponseReturnValue:
    entry, form = one_entry(entry_id), ReasonForm()
    if not form.validate_on_submit():
        return entry_page(entry, form, 422)
    bank.undo(entry, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("It is taken back and waits."), "success")
    return redirect(url_for(".bank_entry", entry_id=entry.id))


@bp.post("/payments/<int:payment_id>/take-back")
def payment_take_back(payment_id: int) -> ResponseReturnValue:
    """For a transfer that was booked to the wrong customer."""
    paid: Payment = get_or_404(select(Payment).where(Payment.id == payment_id))
    form = ReasonForm()
    if not form.validate_on_submit():
        return page(paid.account, 422, reason=form)
    bank.take_back(paid, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The payment is taken back."), "success")
    return redirect(url_for(".account", account_id=paid.account_id))
