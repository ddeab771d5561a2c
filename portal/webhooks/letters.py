"""The mail about a webhook, to whoever answers for it."""

from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.mail import Mail, compose
from portal.web import settings
from portal.webhooks.webhook import Webhook


def send_given_up(webhook: Webhook, to: User) -> Mail:
    return compose(
        to.email,
        "webhooks/mail/given_up",
        N_("A webhook is given up"),
        locale=to.locale or settings().default_locale,
        zone=to.zone or settings().default_zone,
        name=to.display_name,
        url=webhook.url,
        address=f"{settings().base_url.rstrip('/')}/account/webhooks/{webhook.id}",
    )
