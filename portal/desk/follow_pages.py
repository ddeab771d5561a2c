"""Who follows a ticket: the presses of its page."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.people import User, staff
from portal.db import db, utcnow
from portal.desk.acts import attempt, locked
from portal.desk.forms import FollowerForm, FollowForm
from portal.desk.gate import bp
from portal.tickets import followers, news


@bp.post("/<int:number>/follow")
def follow(number: int) -> ResponseReturnValue:
    """Let somebody hear of the ticket: one of the staff, or a colleague of the customer's."""
    ticket = locked(number)
    form = FollowForm().offer(db.session.scalars(staff()).all(), followers.shareable(ticket))

    def add() -> None:
        person = db.session.get_one(User, form.person.data)
        news.share(ticket, person, by=current_user, now=utcnow())

    return attempt(ticket, form, add, _("They follow the ticket."))


@bp.post("/<int:number>/unfollow")
def unfollow(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), FollowerForm()

    def remove() -> None:
        if person := db.session.get(User, form.person.data):
            followers.unfollow(ticket, person, by=current_user, now=utcnow())

    return attempt(ticket, form, remove, _("They don’t follow the ticket any more."))
