"""Links of confirmation mails. Opening one shows a page; only its button confirms.

Mail scanners open every link they see. Were that enough, somebody could register with another's address and have
that person's mail server confirm it, and with the address come the licences ordered from it (R13).
"""

from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import change_email_confirmed, user_confirmed
from flask_security.change_email import change_email_confirm
from flask_security.confirmable import confirm_email_token_status
from flask_security.utils import check_and_get_token_status, get_message, login_user
from flask_security.views import confirm_email
from sqlalchemy.exc import IntegrityError

from portal.accounts import joining
from portal.accounts.blueprint import bp
from portal.accounts.letters import CHANGE_WITHIN, write_letter
from portal.accounts.people import User
from portal.accounts.recognising import recognise
from portal.accounts.sessions import was_kept
from portal.audit import note_account
from portal.db import db, utcnow
from portal.web import limiter, public, settings


def init_confirming(app: Flask) -> None:
    """Put our pages before Flask-Security's, which act at once."""
    app.view_functions["security.confirm_email"] = show_confirmation
    app.view_functions["security.change_email_confirm"] = show_new_address
    change_email_confirmed.connect(tell_old_address, app)
    user_confirmed.connect(recognise_confirmed, app)


def show_confirmation(token: str) -> ResponseReturnValue:
    """Confirm an address; a link that is used, old or foreign leads to where a fresh one can be asked for."""
    expired, invalid, user = confirm_email_token_status(token)  # type: ignore[no-untyped-call]
    if user and not expired and not invalid:
        if user.confirmed_at is not None:
            flash(*get_message("ALREADY_CONFIRMED"))
            return redirect(url_for("security.login"))
        if request.method != "POST":
            return render_template("security/confirm_email.html", token=token, email=user.email)
    return confirm_email(token)


def show_new_address(token: str) -> ResponseReturnValue:
    expired, invalid, state = check_and_get_token_status(token, "change_email", CHANGE_WITHIN)
    if expired or invalid:
        return change_email_confirm(token)  # type: ignore[no-untyped-call]
    return render_template("security/confirm_new_email.html", token=token, email=state[2])


@bp.post("/email/<token>")
@public
@limiter.limit(lambda: settings().limit_recovery)
def change_address(token: str) -> ResponseReturnValue:
    """Make the change of address that the mail to the new one asked to confirm."""
    try:
        answer: ResponseReturnValue = change_email_confirm(token)  # type: ignore[no-untyped-call]
        db.session.commit()
    except IntegrityError:  # somebody has registered with it in the meantime
        db.session.rollback()
        flash(*get_message("CHANGE_EMAIL_EXPIRED"))
        return redirect(url_for("security.change_email"))
    return answer


def recognise_confirmed(_app: Flask, *, user: User, **_: Any) -> None:
    """From now on the address is theirs: resellers may have named it."""
    recognise(user)


def tell_old_address(app: Flask, *, user: User, old_email: str, **_: Any) -> None:
    """The old mailbox is told, and links that were sent there stop working."""
    app.extensions["security"].datastore.set_uniquifier(user)
    write_letter("accounts/mail/address_changed", old_email, user, new_email=user.email)
    note_account("account.address", user, by=user, now=utcnow())
    recognise(user)
    for left in joining.left_domain(user, old_email):
        place = url_for("accounts.organisation", organisation_id=left.id, _external=True)
        names = {"organisation": left.name, "name": user.display_name, "email": user.email, "old": old_email}
        for owner in joining.owners_of(left.id):
            if owner.id != user.id:
                write_letter("accounts/mail/left_domain", owner.email, owner, link=place, **names)
    if current_user.is_authenticated and current_user.id == user.id:
        login_user(user, remember=was_kept())
