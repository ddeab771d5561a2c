"""How those who write are named."""

from flask_babel import gettext as _


def called(name: str | None, kept: str, author_id: int | None) -> str:
    """The member's name, the one that came with an import, or what they are: an account needs no name."""
    return name or kept or (_("Member") if author_id else _("Former member"))
