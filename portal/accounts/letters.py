"""The mails about an account: confirming, recovering, changing. Written in the recipient's language, by a job.

The job keeps the answer to 'recover this account' as quick for an address that has an account as for one that has
none: both write one row, and only the worker knows which of the two leads to a mail.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import url_for
from flask_security import MailUtil
from flask_security.mail_util import EmailValidateException
from flask_security.utils import get_message

from portal.accounts.addresses import spelling
from portal.accounts.people import Membership, Organisation, User
from portal.accounts.texts import N_
from portal.db import db
from portal.jobs import enqueue, job
from portal.mail import compose
from portal.web import choose_locale, choose_zone, is_zone, settings

CONFIRM_WITHIN = timedelta(hours=72)
RECOVER_WITHIN = timedelta(hours=2)
CHANGE_WITHIN = timedelta(hours=2)

SUBJECTS = {
    "security/email/welcome": N_("Welcome to %(brand_name)s: please confirm your address"),
    "security/email/welcome_existing": N_("You have an account at %(brand_name)s already"),
    "security/email/confirmation_instructions": N_("Please confirm your address"),
    "security/email/reset_instructions": N_("Set a new password for %(brand_name)s"),
    "security/email/reset_notice": N_("Your new password is set"),
    "security/email/change_notice": N_("Your password was changed"),
    "security/email/change_email_instructions": N_("Please confirm your new address"),
    "accounts/mail/address_changed": N_("Your address at %(brand_name)s was changed"),
    "accounts/mail/asks_to_join": N_("%(name)s asks to join %(organisation)s"),
    "accounts/mail/let_in": N_("You are a member of %(organisation)s now"),
    "accounts/mail/turned_away": N_("You can’t join %(organisation)s"),
    "accounts/mail/left_domain": N_("%(name)s has another address now"),
    "accounts/mail/owner_changed": N_("%(organisation)s has a new owner"),
    "accounts/mail/owner_now": N_("You are an owner of %(organisation)s now"),
    "accounts/mail/pin_made": N_("A PIN was made for your account at %(brand_name)s"),
    "accounts/mail/token_made": N_("A token was made for your account at %(brand_name)s"),
}
HOURS = {
    "security/email/welcome": CONFIRM_WITHIN,
    "security/email/welcome_existing": RECOVER_WITHIN,
    "security/email/confirmation_instructions": CONFIRM_WITHIN,
    "security/email/reset_instructions": RECOVER_WITHIN,
    "security/email/change_email_instructions": CHANGE_WITHIN,
}
LINKS = ("link", "confirmation_link", "reset_link", "recover_link")


class AccountMail(MailUtil):
    """What Flask-Security wants to send becomes a row in the outbox."""

    def normalize(self, email: str) -> str:
        """The one spelling an address is kept and looked for in: lower case, its domain in ASCII (IDNA)."""
        try:
            return spelling(email).lower()
        except ValueError:
            raise EmailValidateException(get_message("INVALID_EMAIL_ADDRESS")[0]) from None

    validate = normalize

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any, **context: Any
    ) -> None:
        context["recover_link"] = url_for("security.forgot_password")
        links = {name: absolute(context[name]) for name in LINKS if context.get(name)}
        write_letter(template, str(recipient), context["user"], **links)


def write_letter(template: str, recipient: str, user: User, **context: str) -> None:
    """Ask the worker for one of the mails above. `user` may be a stranger who isn't in the database: no mail."""
    if user in db.session:
        db.session.flush()  # somebody who registers gets their id here
    enqueue(
        "account_letter",
        template=template,
        recipient=recipient,
        user_id=user.id,
        locale=choose_locale(),
        zone=choose_zone(),
        context=context,
    )


def tell_of_owner(organisation: Organisation, owner: Membership, *, people: tuple[User, ...]) -> None:
    """Mail to the new owner, and to others whom it concerns; each in their language."""
    for person in people:
        template = "accounts/mail/owner_now" if person.id == owner.user_id else "accounts/mail/owner_changed"
        write_letter(
            template,
            person.email,
            person,
            organisation=organisation.name,
            owner=owner.user.display_name,
            link=url_for("accounts.organisation", organisation_id=organisation.id, _external=True),
        )


@job("account_letter")
def send_letter(
    template: str, recipient: str, user_id: int | None, locale: str, zone: str, context: dict[str, str]
) -> None:
    """Render and store the mail in the recipient's language; the reader's at the time, if they have chosen none."""
    user = db.session.get(User, user_id) if user_id else None
    if user is None:
        return
    shown: dict[str, Any] = {"user": user, "brand_name": settings().brand_name, **context}
    if template in HOURS:
        shown["hours"] = int(HOURS[template].total_seconds() // 3600)
    compose(
        recipient,
        template,
        SUBJECTS[template],
        locale=str(user.locale) if user.locale in settings().languages else locale,
        zone=str(user.zone) if is_zone(user.zone) else zone,
        **shown,
    )


def absolute(address: str) -> str:
    """The address on the portal's own host, whatever host the request named: links in mails start with `base_url`."""
    parts = urlsplit(address)
    return f"{settings().base_url.rstrip('/')}{parts.path}{'?' + parts.query if parts.query else ''}"
