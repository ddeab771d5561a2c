"""What bookkeepers type: amounts by their own habits of writing, days, and reasons."""

import secrets
from datetime import date, timedelta
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, HiddenField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.accounts.forms import Plain, one_line
from portal.billing.accounts import today
from portal.billing.money import in_minor
from portal.db import utcnow

MOST_HELD = timedelta(days=366)


class MoneyForm(FlaskForm):  # type: ignore[misc]
    """An amount of a currency. Its key makes that pressing twice does it once."""

    kind = "money"
    key = HiddenField(default=lambda: secrets.token_hex(8), validators=[Length(max=40)])
    amount = StringField(
        _l("Amount"),
        validators=[InputRequired(_l("Which amount?")), Length(max=30)],
        render_kw={"inputmode": "decimal"},
    )

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        for field in self:  # several of these forms stand on one page
            field.id = field.label.field_id = f"{self.kind}-{field.name}"

    def validate_amount(self, field: StringField) -> None:
        try:
            self.minor = in_minor(str(field.data), self.currency, locale=str(get_locale() or "en"))
        except ValueError as error:
            raise ValidationError(_("This is no amount in %(currency)s.", currency=self.currency)) from error
        if self.minor <= 0:
            raise ValidationError(_("The amount is more than nothing."))


class TransferForm(MoneyForm):
    """Money that came to the bank."""

    kind = "transfer"
    received_on = DateField(_l("Received on"), validators=[InputRequired(_l("On which day?"))])

    def validate_received_on(self, field: DateField) -> None:
        if field.data and field.data > date.today():  # noqa: DTZ011  (a bank's day may be a day ahead of ours)
            raise ValidationError(_("That day has not come yet."))


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why."""

    key = HiddenField(default=lambda: secrets.token_hex(8), validators=[Length(max=40)])
    reason = StringField(
        _l("Reason"),
        filters=[one_line],
        validators=[DataRequired(_l("Say why.")), Length(max=500), Plain()],
        render_kw={"maxlength": 500},
    )


class GivenForm(MoneyForm):
    """An amount and why."""

    kind = "given"
    reason = StringField(
        _l("Reason"),
        filters=[one_line],
        validators=[DataRequired(_l("Say why.")), Length(max=500), Plain()],
        render_kw={"maxlength": 500},
    )


class HoldForm(FlaskForm):  # type: ignore[misc]
    """Up to which day nobody is reminded, and why."""

    until = DateField(_l("Until"), validators=[InputRequired(_l("Until which day?"))])
    reason = StringField(
        _l("Reason"), filters=[one_line], validators=[DataRequired(_l("Say why.")), Length(max=500), Plain()]
    )

    def validate_until(self, field: DateField) -> None:
        now = utcnow()
        if field.data and not today(now) <= field.data <= today(now) + MOST_HELD:
            raise ValidationError(_("Choose a day from today on, within a year."))


class StatementForm(FlaskForm):  # type: ignore[misc]
    """A bank statement."""

    file = FileField(_l("Bank statement"), validators=[FileRequired(_l("Please choose the file."))])


class DecisionForm(FlaskForm):  # type: ignore[misc]
    """What is said to a credit that was proposed; needed to decline one."""

    reason = StringField(_l("Reason"), filters=[one_line], validators=[Optional(), Length(max=500), Plain()])
