"""Fields that the vendor asks for on tickets of a product: a serial number, a site, how it is installed.

Forms hold people to them. Mail, phone and programs may leave them out; the desk fills them in.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship
from wtforms import Field, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.accounts.people import User
from portal.accounts.products import Product
from portal.db import Model, db
from portal.tickets.ticket import Ticket

KINDS = ("text", "number", "choice")
LONGEST = 300
MOST = 20  # of one product
NAME = re.compile(r"field-[1-9][0-9]{0,8}")
NUMBER = re.compile(r"[-+]?[0-9]{1,12}([.,][0-9]{1,6})?", re.ASCII)


class TicketField(Model):
    """What is asked. `labels` by language; `choices` are shown as they are written. One that is retired is asked no
    more, and stays where it was answered."""

    __tablename__ = "ticket_field"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    labels: Mapped[dict[str, Any]]
    choices: Mapped[list[str]] = mapped_column(default=list)
    is_required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship()


class FieldValue(Model):
    """What a ticket says of a field."""

    __tablename__ = "ticket_field_value"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("ticket_field.id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[str] = mapped_column(String(LONGEST))

    field: Mapped[TicketField] = relationship()


ASKED = (
    select(TicketField.id, TicketField.kind, TicketField.labels, TicketField.choices, TicketField.is_required)
    .where(TicketField.product_id == bindparam("product"), TicketField.retired_at.is_(None))
    .order_by(TicketField.position, TicketField.id)
)


def label_of(labels: Mapping[str, str], locale: str) -> str:
    """In that language, else in English, else in whatever there is."""
    return labels.get(locale) or labels.get("en") or next(iter(labels.values()), "?")


class FieldsForm(BaseForm):  # type: ignore[misc]
    """The fields of a product as a form, each by the name `field-<id>`. `asked` are rows of `ASKED`."""

    def __init__(self, asked: Iterable[Any], *, locale: str, formdata: Any = None, data: Any = None) -> None:
        given = dict(data or {})
        named = {f"field-{row.id}": _field(row, locale, given.get(f"field-{row.id}") or "") for row in asked}
        super().__init__(named)
        self.process(formdata, data=given)

    def typed(self) -> dict[str, str]:
        return {field.name: field.data or "" for field in self}

    def values(self) -> dict[int, str]:
        """What was answered, by the field's id; to be asked once it is valid."""
        return {int(field.name.removeprefix("field-")): (field.data or "").strip() for field in self}


def _field(row: Any, locale: str, value: str) -> Any:
    label, needed = label_of(row.labels, locale), []
    needed = [InputRequired(_("Please fill in: %(label)s", label=label))] if row.is_required else [Optional()]
    if row.kind == "choice":
        offered = [*row.choices, *([value] if value and value not in row.choices else [])]  # what was offered once
        choices = [SelectChoice("", _("Choose")), *(SelectChoice(choice, choice) for choice in offered)]
        return SelectField(label, needed, choices=choices, default="")
    longest = Length(max=LONGEST, message=_("Please keep it under %(max)d characters.", max=LONGEST))
    checks = [_check_number] if row.kind == "number" else []
    return StringField(label, [*needed, longest, *checks], [_plain])


def _plain(text: str | None) -> str | None:
    return " ".join((text or "").replace("\0", "").split())


def _check_number(_form: Any, field: Field) -> None:
    if not NUMBER.fullmatch(field.data):
        raise ValidationError(_("Write a number, such as 12 or 4.5."))


def asked_of(product_id: int | None) -> Sequence[Any]:
    """The fields that a ticket of the product has now, as rows of `ASKED`."""
    return db.session.execute(ASKED, {"product": product_id}).all() if product_id else ()


def answered(ticket_id: int) -> Sequence[FieldValue]:
    """What the ticket says, retired fields too, in the order of the form."""
    query = select(FieldValue).where(FieldValue.ticket_id == ticket_id).options(joinedload(FieldValue.field))
    return db.session.scalars(query.join(TicketField).order_by(TicketField.position, TicketField.id)).all()


def keep(ticket: Ticket, values: Mapping[int, str]) -> bool:
    """Write what was answered; an empty text is no answer. True when something changed."""
    before = {row.field_id: row for row in answered(ticket.id)}
    changed = {key: value for key, value in values.items() if value != (before[key].value if key in before else "")}
    for key, value in changed.items():
        if not value:
            db.session.delete(before[key])
        elif key in before:
            before[key].value = value
        else:
            db.session.add(FieldValue(ticket_id=ticket.id, field_id=key, value=value))
    db.session.flush()
    return bool(changed)


def change(ticket: Ticket, values: Mapping[int, str], *, by: User, now: datetime) -> None:
    """Correct them later on."""
    if keep(ticket, values):
        ticket.record("fields_changed", by=by, at=now)
