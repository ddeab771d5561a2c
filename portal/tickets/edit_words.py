"""What an edited policy did to a ticket, in words: for the timelines of agent and customer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.policies import policy_at
from portal.tickets import telling


def edit_words(detail: Mapping[str, Any], *, locale: str, zone: str) -> str:
    """That the version changed, what the vendor says of it, and what is due when now."""
    policy_id, version = detail["policy"]
    said = [_("The support policy changed to version %(version)s.", version=version)]
    policy = policy_at(policy_id, version)
    for change in policy.history if policy else ():
        if change.version == version:
            said += [text.to(locale) for text in change.what]
    moved = detail.get("moved", ())
    for clock, _before, due in moved:
        at = telling.written(datetime.fromisoformat(due), zone)
        said.append(_("%(clock)s: due %(due)s.", clock=str(telling.CLOCKS[clock]), due=at))
    return " ".join(said if moved else [*said, _("No time changed.")])
