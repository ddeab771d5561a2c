"""What a partner's people write about a customer, and about their company."""

import re
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField, URLField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.accounts.forms import Plain, email_field, one_line
from portal.web import reader_zone

TOO_LONG = _l("Use at most %(max)d characters.")


def day_begins(day: Any) -> datetime | None:
    """The first moment of a day of the reader's zone."""
    return datetime.combine(day, time(), tzinfo=reader_zone()) if day else None


def day_after(day: Any) -> datetime | None:
    """The moment at which a last day is over."""
    return day_begins(day + timedelta(days=1)) if day else None


def last_day(moment: datetime | None) -> Any:
    """The last day before an end, as the form shows it."""
    return (moment - timedelta(microseconds=1)).astimezone(reader_zone()).date() if moment else None


def long_text(label: Any, most: int, *checks: Any, rows: int = 4) -> TextAreaField:
    return TextAreaField(
        label, validators=[*checks, Length(max=most, message=TOO_LONG)], render_kw={"maxlength": most, "rows": rows}
    )


class CustomerForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        _l("Name"),
        filters=[one_line],
        validators=[DataRequired(_l("A customer needs a name.")), Length(max=200, message=TOO_LONG), Plain()],
        description=_l("As you know them. They read it in your question."),
        render_kw={"maxlength": 200, "required": True},
    )
    email = email_field()
    starts_on = DateField(_l("Sold to since"), validators=[InputRequired(_l("Since which day?"))])
    ends_on = DateField(_l("Last day"), validators=[Optional()], description=_l("Leave it empty while it goes on."))
    note = long_text(_l("Note"), 2000, Optional())

    def validate_ends_on(self, field: DateField) -> None:
        if field.data and self.starts_on.data and field.data < self.starts_on.data:
            raise ValidationError(_("The last day lies before the first."))

    @property
    def about(self) -> dict[str, Any]:
        """As the verbs take it."""
        return {
            "name": str(self.name.data),
            "email": str(self.email.data),
            "note": str(self.note.data or "").strip(),
            "starts_at": day_begins(self.starts_on.data),
            "ends_at": day_after(self.ends_on.data),
        }


class ApplicationForm(FlaskForm):  # type: ignore[misc]
    company = long_text(_l("About your company"), 2000, DataRequired(_l("Tell us about your company.")))
    website = URLField(
        _l("Website"),
        filters=[one_line],
        validators=[Optional(), Length(max=200, message=TOO_LONG)],
        render_kw={"maxlength": 200},
    )
    country = StringField(
        _l("Country"),
        filters=[one_line],
        validators=[DataRequired(_l("In which country are you?")), Length(max=100, message=TOO_LONG), Plain()],
        render_kw={"maxlength": 100, "required": True, "autocomplete": "country-name"},
    )
    expected = StringField(
        _l("Customers whom you expect"),
        filters=[one_line],
        validators=[Optional(), Length(max=200, message=TOO_LONG), Plain()],
        description=_l("How many, of which kind."),
        render_kw={"maxlength": 200},
    )
    agreed = BooleanField(
        _l("I may speak for my company, and what I wrote is true."),
        validators=[InputRequired(_l("Please confirm this."))],
    )

    def validate_website(self, field: URLField) -> None:
        if field.data and not re.fullmatch(r"https?://[^\s<>\"']+\.[^\s<>\"']+", field.data):
            raise ValidationError(_("Write the whole address, such as https://www.example.com."))

    @property
    def application(self) -> dict[str, str]:
        """What is kept of it."""
        return {name: str(self[name].data or "").strip() for name in ("company", "website", "country", "expected")}


class TermsForm(FlaskForm):  # type: ignore[misc]
    """Under which terms an organisation is a partner."""

    level = SelectField(_l("Level"), validate_choice=True)
    reference = StringField(
        _l("Contract"),
        filters=[one_line],
        validators=[Optional(), Length(max=40, message=TOO_LONG)],
        render_kw={"maxlength": 40},
    )
    starts_on = DateField(_l("First day"), validators=[InputRequired(_l("From which day on?"))])
    ends_on = DateField(_l("Last day"), validators=[Optional()], description=_l("Empty: until it is ended."))

    def validate_ends_on(self, field: DateField) -> None:
        if field.data and self.starts_on.data and field.data < self.starts_on.data:
            raise ValidationError(_("The last day lies before the first."))

    @property
    def terms(self) -> dict[str, Any]:
        """As the verbs take them."""
        return {
            "level": str(self.level.data),
            "reference": str(self.reference.data or ""),
            "starts_at": day_begins(self.starts_on.data),
            "ends_at": day_after(self.ends_on.data),
        }


class ReasonForm(FlaskForm):  # type: ignore[misc]
    reason = long_text(_l("Reason"), 2000, DataRequired(_l("Say why.")), rows=3)
