"""Tags of a ticket, put on and taken off."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.db import utcnow
from portal.desk.acts import attempt, locked
from portal.desk.forms import TagForm, UntagForm
from portal.desk.gate import bp
from portal.tickets import tags


@bp.post("/<int:number>/tag")
def tag(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), TagForm()

    def add() -> None:
        tags.tag(ticket, tags.read_names(form.names.data or ""), by=current_user, now=utcnow())

    return attempt(ticket, form, add, _("The ticket is tagged."))


@bp.post("/<int:number>/untag")
def untag(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), UntagForm()

    def remove() -> None:
        tags.untag(ticket, [form.name.data or ""], by=current_user, now=utcnow())

    return attempt(ticket, form, remove, _("The tag is off."))
