"""The one mail that the mailroom writes by itself: where support is to be had. Nothing of what came in is in it."""

from portal.accounts.texts import N_
from portal.mail import Mail, compose
from portal.sla.entitlement import Entitlement
from portal.web import settings


def send_directions(address: str, held: Entitlement, *, has_account: bool, locale: str, zone: str) -> Mail:
    """Tell somebody who may not open tickets by mail how they get help."""
    base = settings().base_url.rstrip("/")
    return compose(
        address,
        "mailroom/mail/directions",
        N_("How to reach our support"),
        locale=locale,
        zone=zone,
        has_account=has_account,
        channels=[channel.name.to(locale) for channel in held.channels],
        address=base,
        policy_address=f"{base}/support-policy",
    )
