"""What to say about the version somebody runs (R17): said with advice, never in the way."""

from dataclasses import dataclass

from flask_babel import gettext as _

from portal.accounts.products import Product
from portal.formats import plural
from portal.sla import Policy
from portal.sla.versions import check
from portal.sla.wording import Voice


@dataclass(frozen=True)
class Advice:
    """A version's standing in a sentence; `is_old` when an upgrade comes first."""

    title: str
    text: str
    is_old: bool


def advice(policy: Policy, product: Product | None, version: str, *, locale: str) -> Advice | None:
    """None while there is nothing to say: no version yet, none that can be read, or the newest of all."""
    if product is None or not version.strip():
        return None
    try:
        found = check(policy, [release.version for release in product.releases], version)
    except ValueError:
        return None
    if found.state == "supported":
        return None
    titles = {
        "unsupported": _("This version is no longer supported"),
        "outdated": _("There is a newer version"),
        "unknown": _("We don't know this version"),
    }
    text = Voice(locale, None, _, plural).say(found.step)
    return Advice(titles[found.state], text, is_old=found.state != "unknown")
