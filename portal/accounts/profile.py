"""The profile: name, language, time zone, how to reach somebody; and the language menu of every page."""

import re
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from flask_login import current_user, logout_user
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import Length
from wtforms.validators import Optional as MayBeEmpty

from portal.accounts import joining, pins
from portal.accounts.blueprint import bp
from portal.accounts.forms import Plain, name_field, one_line
from portal.accounts.letters import write_letter
from portal.accounts.people import User
from portal.accounts.sessions import SignIn, end_all
from portal.accounts.zones import zone_choices
from portal.audit import note_account
from portal.db import db, utcnow
from portal.web import choose_zone, is_zone, language_names, limiter, public, reader, safe_next, settings


def text_field(label: Any, longest: int, **render_kw: Any) -> StringField:
    return StringField(
        label,
        filters=[one_line],
        validators=[MayBeEmpty(), Length(max=longest, message=_l("Use at most %(max)d characters.")), Plain()],
        render_kw={"maxlength": longest, **render_kw},
    )


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """What a person says about themselves."""

    name = name_field()
    locale = SelectField(_l("Language"), invalid_choice_message=_l("Choose one of the languages in the list."))
    zone = SelectField(_l("Time zone"), validate_choice=False)
    phone = text_field(_l("Phone"), 40, autocomplete="tel", inputmode="tel")
    company = text_field(_l("Company"), 200, autocomplete="organization")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(language_names(settings().languages))
        unchosen = SelectChoice("", str(_l("As my browser asks")))
        self.locale.choices = [unchosen, *(SelectChoice(code, native) for code, native in names.items())]
        self.zone.choices = zone_choices(self.zone.data if is_zone(self.zone.data) else None)

    def validate_zone(self, field: Field) -> None:
        if not is_zone(field.data):
            raise ValidationError(_("Choose one of the time zones in the list."))

    def validate_phone(self, field: Field) -> None:
        if field.data and not re.fullmatch(r"\+?[\d\s()./-]*(?:\d[\s()./-]*){4,20}(?:x\d{1,6})?", field.data):
            raise ValidationError(_("Enter a phone number such as +31 20 555 0123."))

    def save(self, person: User) -> None:
        """These five columns and no others, whatever was posted."""
        person.name = str(self.name.data)
        person.locale, person.zone = self.locale.data or None, self.zone.data
        person.phone, person.company = self.phone.data or None, self.company.data or None


@bp.route("/", methods=["GET", "POST"])
def profile() -> ResponseReturnValue:
    form = ProfileForm(data=_of(current_user))
    if form.validate_on_submit():
        form.save(current_user)
        session.pop("locale", None)
        db.session.commit()
        refresh()
        flash(_("Your profile is saved."), "success")
        return redirect(url_for(".profile"))
    return profile_page(form)


@bp.post("/pin")
@limiter.limit(lambda: settings().limit_pin, key_func=lambda: f"person:{current_user.id}")
def renew_pin() -> ResponseReturnValue:
    """Make a PIN and show it in this one answer: it can't be read ever after."""
    fresh = pins.renew_pin(current_user, now=utcnow())
    write_letter("accounts/mail/pin_made", current_user.email, reader())
    note_account("account.pin", reader(), by=reader(), now=utcnow())
    db.session.commit()
    return profile_page(ProfileForm(formdata=None, data=_of(current_user)), fresh_pin=fresh)


def profile_page(form: ProfileForm, fresh_pin: str = "") -> ResponseReturnValue:
    page = render_template(
        "accounts/profile.html",
        form=form,
        organisations=db.session.scalars(current_user.organisations()).all(),
        joinable=db.session.scalars(joining.joinable(reader(), now=utcnow())).all(),
        asked=set(db.session.scalars(joining.asked_by(reader()))),
        devices=db.session.scalars(SignIn.visible_to(current_user)).all(),
        has_pins=pins.may_have_pin(current_user, now=utcnow()),
        pin=pins.pin_of(current_user),
        fresh_pin=fresh_pin,
    )
    return page, 422 if form.errors else 200


def _of(person: User) -> dict[str, Any]:
    kept = {name: getattr(person, name) for name in ("name", "phone", "company")}
    return {**kept, "locale": person.locale or "", "zone": choose_zone()}


@bp.post("/language")
@public
def choose_language() -> ResponseReturnValue:
    """The language menu: for this session, and in the profile of somebody who is signed in."""
    chosen = request.form.get("locale", "")
    if chosen in settings().languages:
        session["locale"] = chosen
        if current_user.is_authenticated:
            current_user.locale = chosen
            db.session.commit()
    return redirect(safe_next(request.form.get("return_to")) or url_for("front.home"))


@bp.post("/sign-out-everywhere")
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of this person, on all devices, the ones that were to be kept as well."""
    from portal.accounts.signing_in import security

    security.datastore.set_uniquifier(current_user)
    note_account("account.signed_out", reader(), by=reader(), now=utcnow())
    end_all(current_user)
    logout_user()
    db.session.commit()
    flash(_("You are signed out on every device."), "success")
    return redirect(url_for("security.login"))
