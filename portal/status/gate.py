"""The pages on which staff keep the status page. The desk's rule holds: for others there are none."""

from flask import Blueprint, abort
from flask_login import current_user

bp = Blueprint("status_desk", __name__, url_prefix="/desk/status")


@bp.before_request
def staff_only() -> None:
    if not current_user.is_staff:
        abort(404)


def admins_only() -> None:
    """Components and words kept ready are for administrators."""
    if not current_user.has_role("admin"):
        abort(403)
