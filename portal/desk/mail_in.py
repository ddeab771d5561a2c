"""Mail that came in and was kept out: to look at, as text alone, and to decide about."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length, Optional, Regexp

from portal.db import db, get_or_404, utcnow
from portal.desk.gate import bp
from portal.errors import Refused
from portal.mailroom import settling
from portal.mailroom.received import REASONS, ReceivedMail
from portal.tickets.ticket import LARGEST, Ticket

PAGE = 30


class ReleaseForm(FlaskForm):  # type: ignore[misc]
    """Where a mail goes: on a ticket, or as a new one to an account."""

    number = StringField(
        _l("Ticket number"), [Optional(), Regexp(r"^\s*#?\d{8}\s*$", message=_l("A ticket number has eight digits."))]
    )
    address = StringField(_l("E-mail address of the account"), [Optional(), Length(max=255)])


@bp.get("/mail/")
def mails() -> ResponseReturnValue:
    query = ReceivedMail.visible_to(current_user)
    shows_all = request.args.get("show") == "all"
    if not shows_all:
        query = query.where(ReceivedMail.result == "quarantine", ReceivedMail.settled == "")
    page = db.paginate(query, per_page=PAGE, max_per_page=PAGE)
    return render_template("desk/mails.html", page=page, shows_all=shows_all, reasons=REASONS)


@bp.get("/mail/<int:mail_id>")
def received_mail(mail_id: int) -> ResponseReturnValue:
    mail = get_or_404(ReceivedMail.visible_to(current_user).where(ReceivedMail.id == min(mail_id, LARGEST)))
    return mail_page(mail, ReleaseForm(formdata=None, address=mail.sender))


@bp.post("/mail/<int:mail_id>/release")
def release_mail(mail_id: int) -> ResponseReturnValue:
    """With a number it goes on that ticket; without, it becomes a ticket of the account."""
    mail, form, now = locked_mail(mail_id), ReleaseForm(), utcnow()
    if not form.validate():
        return mail_page(mail, form), 422
    try:
        with db.session.begin_nested():
            if form.number.data:
                number = int(form.number.data.strip().lstrip("#"))
                ticket = Ticket.held(number, current_user) or abort(404)
                settling.release_to(mail, ticket, by=current_user, now=now)
            else:
                ticket = settling.release_as(mail, form.address.data or "", by=current_user, now=now)
    except Refused as error:
        form.form_errors.append(str(error))
        return mail_page(mail, form), 422
    db.session.commit()
    flash(_("The mail is on the ticket."), "success")
    return redirect(url_for(".show", number=ticket.number))


@bp.post("/mail/<int:mail_id>/discard")
def discard_mail(mail_id: int) -> ResponseReturnValue:
    settling.discard(locked_mail(mail_id), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The mail is put away."), "success")
    return redirect(url_for(".mails"))


def locked_mail(mail_id: int) -> ReceivedMail:
    """The mail, held against others until it is decided about."""
    query = ReceivedMail.visible_to(current_user).where(ReceivedMail.id == min(mail_id, LARGEST))
    mail: ReceivedMail = get_or_404(query.with_for_update())
    return mail


def mail_page(mail: ReceivedMail, form: ReleaseForm) -> str:
    text = settling.plain_text_of(mail)
    return render_template("desk/mail.html", mail=mail, text=text, form=form, reasons=REASONS)
