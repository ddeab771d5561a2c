"""Flask-Security's forms with our words, and without any difference between known and unknown addresses."""

import unicodedata
import uuid
from typing import Any

from flask import request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_security import (
    ChangeEmailForm,
    ChangePasswordForm,
    ForgotPasswordForm,
    Form,
    LoginForm,
    RegisterFormV2,
    ResetPasswordForm,
    SendConfirmationForm,
    VerifyForm,
)
from flask_security.forms import (
    EmailValidation,
    IsString,
    email_required,
    password_required,
    unique_user_email,
)
from sqlalchemy import select
from wtforms import BooleanField, EmailField, Field, PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from portal.accounts.passwords import LONGEST, SHORTEST
from portal.accounts.people import User
from portal.db import db
from portal.web import choose_locale, is_zone, safe_next


def one_line(text: str | None) -> str | None:
    """A filter for names and the like: no blanks around it, single ones inside."""
    return " ".join(text.split()) if text else text


class Plain:
    """Refuses what no name needs: control characters, which some databases can't keep, and web addresses, with which
    invitations could be made to advertise something."""

    def __call__(self, form: Any, field: Field) -> None:
        text = field.data or ""
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise ValidationError(gettext("Leave out control characters."))
        if "://" in text or "www." in text.lower():
            raise ValidationError(gettext("Leave out web addresses."))


def email_field(*checks: Any) -> EmailField:
    return EmailField(
        _l("E-mail address"),
        validators=[IsString(), email_required, EmailValidation(verify=True), *checks],
        render_kw={"autocomplete": "email", "required": True, "maxlength": 254},
    )


def password_field(label: Any, hint: Any = "", **render_kw: Any) -> PasswordField:
    return PasswordField(
        label, description=hint, validators=[IsString(), password_required], render_kw={"required": True, **render_kw}
    )


def new_password_field(label: Any) -> PasswordField:
    hint = _l("15 characters or more. A few words in a row are easy to remember; blanks are welcome.")
    return password_field(label, hint, minlength=SHORTEST, maxlength=LONGEST)


def name_field() -> StringField:
    return StringField(
        _l("Your name"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Tell us how to address you.")),
            Length(max=200, message=_l("Use at most %(max)d characters.")),
            Plain(),
        ],
        render_kw={"autocomplete": "name", "required": True, "maxlength": 200},
    )


def stranger(email: str) -> User:
    """Somebody who isn't in the database: takes the same road as a known person, up to the mail that isn't sent."""
    return User(email=email, fs_uniquifier=uuid.uuid4().hex, password=uuid.uuid4().hex, active=False)


def known_by(email: str | None) -> User | None:
    return db.session.scalar(select(User).where(User.email == email, User.active))


def misspelt(form: Any) -> bool:
    """False. Flask-Security takes what is said about an address away, lest it tell who has an account; what these forms
    say about one is only how it is spelt, so it is kept as said about the form."""
    form.form_errors = list(form.email.errors)
    return False


class SignInForm(LoginForm):
    """Address and password; a visitor who was sent here goes back to where they were."""

    email = EmailField(
        _l("E-mail address"),
        validators=[IsString(), email_required, EmailValidation(verify=False)],
        render_kw={"autocomplete": "username", "required": True, "maxlength": 254},
    )
    password = password_field(_l("Password"))
    remember = BooleanField(_l("Keep me signed in on this device"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.description = ""
        if request.method == "GET":
            self.next.data = remember_return()

    def validate_next(self, field: Field) -> None:
        if field.data and not safe_next(field.data):
            raise ValidationError(gettext("That address is not part of this portal."))


def remember_return() -> str:
    """Where this visitor wants to go after signing in: kept, so that it survives registering and confirming."""
    target = safe_next(request.args.get("next"))
    if target:
        session["return_to"] = target
    return target or safe_next(session.get("return_to")) or ""


class RegistrationForm(RegisterFormV2):
    """Free registration (R12): name, address, password."""

    name = name_field()
    email = email_field(unique_user_email)
    password = new_password_field(_l("Password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        remember_return()

    def validate_next(self, field: Field) -> None:
        field.data = ""

    def to_dict(self, only_user: bool) -> dict[str, Any]:
        """The columns of the new row: these and no others, whatever was posted."""
        told = request.cookies.get("tz")
        return {
            "name": self.name.data,
            "email": self.email.data,
            "password": self.password.data,
            "locale": choose_locale(),
            "zone": told if is_zone(told) else None,
        }


class RecoveryForm(ForgotPasswordForm):
    """Asking for a link to set a new password. Unconfirmed people may: the link confirms their address as well."""

    email = email_field()

    def validate(self, **kwargs: Any) -> bool:
        if not Form.validate(self, **kwargs):
            return misspelt(self)
        self.user = known_by(self.email.data) or stranger(str(self.email.data))
        return True


class FreshConfirmationForm(SendConfirmationForm):
    """Asking once more for the link that confirms an address."""

    email = email_field()

    def validate(self, **kwargs: Any) -> bool:
        if not Form.validate(self, **kwargs):
            return misspelt(self)
        known = known_by(self.email.data)
        self.user = known if known and known.confirmed_at is None else stranger(str(self.email.data))
        return True


class NewPasswordForm(ResetPasswordForm):
    """Setting a new password through the link of a recovery mail."""

    password = new_password_field(_l("New password"))
    password_confirm = None


class PasswordChangeForm(ChangePasswordForm):
    password = password_field(_l("Your password now"))
    new_password = new_password_field(_l("New password"))
    new_password_confirm = None


class AddressChangeForm(ChangeEmailForm):
    email = email_field(unique_user_email)


class PasswordAgainForm(VerifyForm):
    """The password once more, before something that matters."""

    password = password_field(_l("Password"))

    def validate_next(self, field: Field) -> None:
        if field.data and not safe_next(field.data):
            raise ValidationError(gettext("That address is not part of this portal."))
