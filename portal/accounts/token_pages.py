"""The page of personal tokens: making one, which asks for the password, and ending one."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from flask_security.utils import verify_password
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from portal.accounts.blueprint import bp
from portal.accounts.forms import Plain, one_line
from portal.accounts.letters import write_letter
from portal.accounts.tokens import DESK, READ, WRITE, PersonalToken, make_token
from portal.audit import note_account
from portal.db import db, get_or_404, utcnow
from portal.web import limiter, reader, settings

LASTING = (30, 90, 365)  # days


class TokenForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        _l("What is it for?"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Give it a name by which you will know it.")),
            Length(max=100, message=_l("Use at most %(max)d characters.")),
            Plain(),
        ],
        render_kw={"maxlength": 100, "autocomplete": "off"},
    )
    writes = BooleanField(_l("It may file tickets, reply, close and rate"))
    desk = BooleanField(_l("It may do what I may do at the desk"))
    days = SelectField(
        _l("It ends after"),
        coerce=int,
        default=LASTING[1],
        choices=lambda: [SelectChoice(days, ngettext("%(num)d day", "%(num)d days", days)) for days in LASTING],
        invalid_choice_message=_l("Choose one of the times in the list."),
    )
    password = PasswordField(_l("Your password"), [InputRequired(_l("Please enter your password."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not current_user.is_staff:
            del self.desk

    @property
    def scopes(self) -> list[str]:
        asked = {READ: True, WRITE: self.writes.data, DESK: "desk" in self and self.desk.data}
        return [scope for scope, is_asked in asked.items() if is_asked]


@bp.get("/tokens")
def tokens() -> ResponseReturnValue:
    return token_page(TokenForm(formdata=None))


@bp.post("/tokens")
@limiter.limit(lambda: settings().limit_sign_in, key_func=lambda: f"person:{current_user.id}")
def new_token() -> ResponseReturnValue:
    """Make a token and show it in this one answer: it can't be read ever after."""
    form, known = TokenForm(), current_user.password
    is_valid = form.validate()
    db.session.rollback()  # hashing takes its time: nobody should wait for the write lock meanwhile
    if is_valid and not verify_password(form.password.data, known):
        form.password.errors = [*form.password.errors, _("That is not your password.")]
    if form.errors:
        return token_page(form)
    token, secret = make_token(reader(), form.name.data, form.scopes, days=form.days.data, now=utcnow())
    write_letter("accounts/mail/token_made", current_user.email, reader(), name=token.name)
    note_account("account.token_made", reader(), by=reader(), now=utcnow(), name=token.name)
    db.session.commit()
    return token_page(TokenForm(formdata=None), fresh=secret)


@bp.post("/tokens/<int:token_id>/end")
def end_token(token_id: int) -> ResponseReturnValue:
    token: PersonalToken = get_or_404(PersonalToken.visible_to(current_user).where(PersonalToken.id == token_id))
    note_account("account.token_ended", reader(), by=reader(), now=utcnow(), name=token.name)
    db.session.delete(token)
    db.session.commit()
    flash(_("That token has ended."), "success")
    return redirect(url_for(".tokens"))


def token_page(form: TokenForm, fresh: str = "") -> ResponseReturnValue:
    held = db.session.scalars(PersonalToken.visible_to(current_user)).all()
    page = render_template("accounts/tokens.html", form=form, tokens=held, fresh=fresh)
    return page, 422 if form.errors else 200
