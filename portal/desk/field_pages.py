"""The vendor's own fields: which there are (admins), and what a ticket says (all who answer)."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.desk.acts import attempt, locked
from portal.desk.case import fields_of
from portal.desk.gate import bp
from portal.tickets import custom_fields
from portal.tickets.custom_fields import LONGEST, MOST, TicketField
from portal.tickets.ticket import LARGEST
from portal.web import choose_locale, settings

MOST_CHOICES = 100


class FieldForm(FlaskForm):  # type: ignore[misc]
    """A field, new or changed. `labels` come by language, of which the portal's own is needed."""

    product = SelectField(_l("Product"), coerce=int, validate_choice=False)
    kind = SelectField(_l("What is asked for"), validate_choice=False)
    choices = TextAreaField(_l("Choices, one a line"), [Optional(), Length(max=10_000)])
    position = IntegerField(_l("Place in the form"), [Optional(), NumberRange(0, 1000)], default=0)
    is_required = BooleanField(_l("Has to be filled in"))

    def read(self, sent: Mapping[str, str]) -> "FieldForm":
        self.labels = {lang: " ".join(sent.get(f"label-{lang}", "").split())[:100] for lang in settings().languages}
        return self

    def offer(self, field: TicketField | None = None) -> "FieldForm":
        """What may be chosen; of a field that is there already neither product nor kind changes."""
        kinds = {"text": _("Text"), "number": _("A number"), "choice": _("One of several choices")}
        products = db.session.execute(Product.visible_to(current_user).with_only_columns(Product.id, Product.name))
        self.kind.choices = [SelectChoice(name, words) for name, words in kinds.items()]
        self.product.choices = [SelectChoice(row.id, row.name) for row in products]
        self.field = field
        return self

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        is_valid = bool(super().validate(*args, **kwargs))
        kind = self.field.kind if self.field else self.kind.data
        wrong = []
        if not self.labels.get(self.own_language):
            wrong.append(_("Give it a name in the portal's own language."))
        if kind == "choice" and not 2 <= len(self.lines) <= MOST_CHOICES:
            wrong.append(_("Write at least two choices, one a line."))
        if not self.field and kind not in custom_fields.KINDS:
            wrong.append(_("Choose what is asked for."))
        if not self.field and db.session.get(Product, self.product.data or 0) is None:
            wrong.append(_("Choose the product it is about."))
        self.form_errors.extend(wrong)
        return is_valid and not wrong

    @property
    def own_language(self) -> str:
        return str(settings().default_locale)

    @property
    def lines(self) -> list[str]:
        found = (" ".join(line.split())[:LONGEST] for line in (self.choices.data or "").splitlines())
        return list(dict.fromkeys(line for line in found if line))

    def fill(self, field: TicketField) -> None:
        field.labels = {lang: label for lang, label in self.labels.items() if label}
        field.choices = self.lines if field.kind == "choice" else []
        field.is_required, field.position = bool(self.is_required.data), self.position.data or 0


@bp.before_request
def admins_only() -> None:
    """What every customer is asked is for admins to decide."""
    if (request.endpoint or "") in ADMINS and not current_user.has_role("admin"):
        abort(403)


ADMINS = {"desk.fields", "desk.add_field", "desk.field", "desk.change_field", "desk.retire_field"}


@bp.get("/fields")
def fields() -> ResponseReturnValue:
    return list_page(FieldForm().offer().read({}))


@bp.post("/fields")
def add_field() -> ResponseReturnValue:
    form = FieldForm().offer().read(request.form)
    if not form.validate():
        return list_page(form), 422
    asked = select(TicketField).where(TicketField.product_id == form.product.data, TicketField.retired_at.is_(None))
    if len(db.session.scalars(asked).all()) >= MOST:
        form.form_errors.append(_("A product has %(max)d fields at most.", max=MOST))
        return list_page(form), 422
    field = TicketField(product_id=form.product.data, kind=form.kind.data)
    form.fill(field)
    db.session.add(field)
    db.session.commit()
    flash(_("The field is added."), "success")
    return redirect(url_for(".fields"))


@bp.get("/fields/<int:field_id>")
def field(field_id: int) -> ResponseReturnValue:
    found = field_or_404(field_id)
    written = {"choices": "\n".join(found.choices), "position": found.position, "is_required": found.is_required}
    form = FieldForm(formdata=None, data=written).offer(found)
    return render_template("desk/field.html", form=form.read({f"label-{k}": v for k, v in found.labels.items()}))


@bp.post("/fields/<int:field_id>")
def change_field(field_id: int) -> ResponseReturnValue:
    found = field_or_404(field_id)
    form = FieldForm().offer(found).read(request.form)
    if not form.validate():
        return render_template("desk/field.html", form=form), 422
    form.fill(found)
    db.session.commit()
    flash(_("The field is changed."), "success")
    return redirect(url_for(".fields"))


@bp.post("/fields/<int:field_id>/retire")
def retire_field(field_id: int) -> ResponseReturnValue:
    """Ask it no more, or again. What tickets say stays."""
    found = field_or_404(field_id)
    found.retired_at = None if found.retired_at else utcnow()
    db.session.commit()
    flash(_("The field is asked no more.") if found.retired_at else _("The field is asked again."), "success")
    return redirect(url_for(".fields"))


@bp.post("/<int:number>/fields")
def change_fields(number: int) -> ResponseReturnValue:
    """Correct what a ticket says."""
    ticket = locked(number)
    form = fields_of(ticket, custom_fields.answered(ticket.id), request.form)

    def change() -> None:
        custom_fields.change(ticket, form.values(), by=current_user, now=utcnow())

    return attempt(ticket, form, change, _("The details are changed."))


def field_or_404(field_id: int) -> TicketField:
    return db.session.get(TicketField, min(field_id, LARGEST), with_for_update=True) or abort(404)


def list_page(form: FieldForm) -> str:
    order = (TicketField.retired_at.is_not(None), TicketField.product_id, TicketField.position, TicketField.id)
    found = db.session.scalars(select(TicketField).order_by(*order)).all()
    shown = [(one, custom_fields.label_of(one.labels, choose_locale())) for one in found]
    return render_template("desk/fields.html", form=form, fields=shown)
