"""The mails of the editors' desk: one function each, in the recipient's language and zone."""

from typing import Any

from knowledge.articles.revision import Revision
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.mail import compose
from portal.web import settings


def send_assigned(revision: Revision, to: User, *, by: User, remark: str) -> None:
    """Somebody asks for a review."""
    _send(revision, to, "assigned", N_("For your review: %(title)s"), by=by.display_name, remark=remark)


def send_reminder(revision: Revision, to: User, *, is_overdue: bool) -> None:
    """A review is due soon, or its day has passed."""
    subject = N_("Review overdue: %(title)s") if is_overdue else N_("Review due soon: %(title)s")
    _send(revision, to, "reminder", subject, is_overdue=is_overdue)


def send_returned(revision: Revision, to: User, *, by: User | None, remark: str) -> None:
    """It came back to the author, from a reviewer or (without `by`) because it could not be published."""
    name = by.display_name if by else ""
    _send(revision, to, "returned", N_("Back to you: %(title)s"), by=name, remark=remark)


def send_approved(revision: Revision, to: User, *, by: User, remark: str) -> None:
    """The reviewer found it right."""
    _send(revision, to, "approved", N_("Approved: %(title)s"), by=by.display_name, remark=remark)


def _send(revision: Revision, to: User, name: str, subject: str, **context: Any) -> None:
    if not to.active:
        return
    compose(
        to.email,
        f"editing/mail/{name}",
        subject,
        locale=to.locale or settings().default_locale,
        zone=to.zone or settings().default_zone,
        title=revision.title,
        due=revision.review_due,
        link=f"{settings().base_url}/kb/desk/{revision.id}",
        **context,
    )
