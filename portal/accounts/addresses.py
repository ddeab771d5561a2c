"""E-mail addresses in the spelling that they are kept in, and the field of a form that asks for one."""

from typing import Any

from email_validator import validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Form, ValidationError


def spelling(address: str) -> str:
    """The address with its domain in ASCII (IDNA). Raises `ValueError` for what can't be one."""
    return str(validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email)


class AddressField(EmailField):  # type: ignore[misc]
    """The address of somebody who need not have an account."""

    data: Any

    def __init__(self, **more: Any) -> None:
        told = {"autocomplete": "email", "required": True, "maxlength": 254}
        super().__init__(_l("E-mail address"), render_kw=told, **more)

    def pre_validate(self, form: Form) -> None:
        try:
            self.data = spelling(self.data or "")
        except ValueError:
            raise ValidationError(_("That is no e-mail address.")) from None
