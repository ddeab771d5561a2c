"""Invoices for the customer: the list, one of them, and its documents."""

from io import BytesIO

from flask import abort, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from portal.billing import crediting
from portal.billing.accounts import today
from portal.billing.blueprint import bp
from portal.billing.gate import invoices_of, manages, seen, shown
from portal.billing.invoice import CREDITED, DRAFT, OPEN, PAID, Invoice, InvoiceFile
from portal.billing.views import has_drafts
from portal.db import db, utcnow

PAGE = 25
KINDS = {"pdf": "application/pdf", "xml": "application/xml"}


@bp.get("/<int:organisation_id>/invoices")
def invoices(organisation_id: int) -> ResponseReturnValue:
    organisation, account = seen(organisation_id)
    state = request.args.get("state", "")
    query = invoices_of(account).where(Invoice.account_id == (account.id or 0), Invoice.state != DRAFT)
    if state in (OPEN, PAID, CREDITED):
        query = query.where(Invoice.state == state)
    page = db.paginate(query, per_page=PAGE, max_per_page=PAGE)
    context = {"organisation": organisation, "account": account, "page": page, "state": state, "today": today(utcnow())}
    return render_template("billing/invoices.html", making=has_drafts(account), **context)


@bp.get("/<int:organisation_id>/invoices/<public_id>")
def invoice(organisation_id: int, public_id: str) -> ResponseReturnValue:
    organisation, account = seen(organisation_id)
    found = shown(organisation_id, public_id)
    notes = invoices_of(account).where(Invoice.corrects_id == found.id)
    has_files = select(InvoiceFile.invoice_id).where(InvoiceFile.invoice_id == found.id)
    return render_template(
        "billing/invoice.html",
        organisation=organisation,
        invoice=found,
        evidence=crediting.tickets_of(found, current_user),
        notes=db.session.scalars(notes).all(),
        has_files=db.session.scalar(has_files) is not None,
        manages=manages(organisation),
        today=today(utcnow()),
    )


@bp.get("/<int:organisation_id>/invoices/<public_id>.<kind>")
def document(organisation_id: int, public_id: str, kind: str) -> ResponseReturnValue:
    found = shown(organisation_id, public_id)
    kept = db.session.get(InvoiceFile, found.id)
    if kept is None or kind not in KINDS:
        abort(404)
    body = BytesIO(kept.pdf if kind == "pdf" else kept.xml)
    response = send_file(body, KINDS[kind], as_attachment=True, download_name=f"{found.number}.{kind}")
    response.headers["Cache-Control"] = "private, no-store"
    return response
