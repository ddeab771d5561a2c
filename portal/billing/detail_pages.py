"""Billing details and contacts: what stands on the next invoice, and who gets it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from portal import audit
from portal.accounts.people import Organisation
from portal.billing.account import BillingAccount, BillingContact
from portal.billing.accounts import account_of, who_pays
from portal.billing.blueprint import bp
from portal.billing.forms import GETS, ContactForm, DetailsForm
from portal.billing.gate import managed
from portal.billing.telling import INVOICES, told_of_details
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.web import settings

MOST_CONTACTS = 20


@bp.get("/<int:organisation_id>/details")
def details(organisation_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    return details_page(organisation, account, DetailsForm(settings().languages, formdata=None, obj=account))


@bp.post("/<int:organisation_id>/details")
def save_details(organisation_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    form = DetailsForm(settings().languages)
    if not form.validate_on_submit():
        return details_page(organisation, account, form, code=422)
    account = account_of(organisation, now=utcnow())
    change_details(account, form)
    told_of_details(account, by=current_user)
    audit.note("billing.details", by=current_user, now=utcnow(), organisation_id=organisation_id)
    db.session.commit()
    flash(_("The billing details are saved. They stand on the next invoice."), "success")
    return redirect(url_for(".details", organisation_id=organisation_id))


def change_details(account: BillingAccount, form: DetailsForm) -> None:
    """Another VAT number has to be confirmed by the register before it counts."""
    before = account.vat_number
    form.populate_obj(account)
    if account.vat_number != before:
        account.vat_state = "pending" if account.vat_number else "none"


@bp.post("/<int:organisation_id>/contacts")
def add_contact(organisation_id: int) -> ResponseReturnValue:
    organisation, account = managed(organisation_id)
    form = ContactForm()
    if not form.validate_on_submit():
        plain = DetailsForm(settings().languages, formdata=None, obj=account)
        return details_page(organisation, account, plain, form, code=422)
    account = account_of(organisation, now=utcnow())
    if len(account.contacts) >= MOST_CONTACTS:
        raise Refused(_("There are %(most)s contacts already. Remove one first.", most=MOST_CONTACTS))
    found = next((one for one in account.contacts if one.email == form.email.data), None)
    contact = found or BillingContact(account_id=account.id, email=str(form.email.data), created_at=utcnow())
    contact.name, contact.gets = str(form.name.data or ""), list(form.gets.data)
    db.session.add(contact)
    now, email = utcnow(), contact.email
    audit.note("billing.contact_added", by=current_user, now=now, organisation_id=organisation_id, email=email)
    db.session.commit()
    flash(_("%(email)s is saved.", email=contact.email), "success")
    return redirect(url_for(".details", organisation_id=organisation_id))


@bp.post("/<int:organisation_id>/contacts/<int:contact_id>/remove")
def remove_contact(organisation_id: int, contact_id: int) -> ResponseReturnValue:
    _organisation, account = managed(organisation_id)
    mine = select(BillingContact).where(BillingContact.id == contact_id, BillingContact.account_id == (account.id or 0))
    contact = get_or_404(mine)
    email = contact.email
    db.session.delete(contact)
    now = utcnow()
    audit.note("billing.contact_removed", by=current_user, now=now, organisation_id=organisation_id, email=email)
    db.session.commit()
    flash(_("%(email)s gets no more mails about billing.", email=email), "success")
    return redirect(url_for(".details", organisation_id=organisation_id))


def details_page(
    organisation: Organisation,
    account: BillingAccount,
    form: DetailsForm,
    contact_form: ContactForm | None = None,
    code: int = 200,
) -> ResponseReturnValue:
    return render_template(
        "billing/details.html",
        organisation=organisation,
        account=account,
        form=form,
        contact_form=contact_form or ContactForm(formdata=None, gets=[INVOICES]),
        contacts=account.contacts if account.id else [],
        members=who_pays(account),
        gets=GETS,
    ), code
