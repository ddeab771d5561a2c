"""What the states of consents and partnerships are called, and how they look."""

from flask_babel import gettext as _

from portal.policies import name_in, the_policy

LOOKS = {
    "none": ("", "circle"),
    "asked": ("warn", "hourglass"),
    "unanswered": ("", "clock"),
    "given": ("ok", "circle-check"),
    "refused": ("bad", "x"),
    "withdrawn": ("bad", "x"),
    "over": ("", "lock"),
    "applied": ("warn", "hourglass"),
    "approved": ("ok", "circle-check"),
    "declined": ("bad", "x"),
    "suspended": ("bad", "pause"),
    "ended": ("", "lock"),
}


def state_names() -> dict[str, str]:
    """Of consents."""
    return {
        "none": _("Not asked"),
        "asked": _("Asked"),
        "unanswered": _("No answer"),
        "given": _("Given"),
        "refused": _("Refused"),
        "withdrawn": _("Withdrawn"),
        "over": _("Over"),
    }


def partnership_names() -> dict[str, str]:
    return {
        "applied": _("Applied"),
        "approved": _("Approved"),
        "declined": _("Declined"),
        "suspended": _("Suspended"),
        "ended": _("Ended"),
    }


def level_name(level: str) -> str:
    """Of a level of the policy; its id where the policy has it no more."""
    resellers = the_policy().resellers
    return name_in(resellers.levels, level) if resellers and level else ""


def level_choices() -> list[tuple[str, str]]:
    """The policy's levels, and none."""
    resellers = the_policy().resellers
    levels = resellers.levels if resellers else {}
    return [("", _("None")), *((level, name_in(levels, level)) for level in levels)]
