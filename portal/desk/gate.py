"""The one rule of the desk: it is there for staff, and for nobody else."""

from flask import Blueprint, abort
from flask_login import current_user

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.before_request
def staff_only() -> None:
    """Customers find no desk: 404, as for any address that isn't there. Visitors were asked to sign in before."""
    if not current_user.is_staff:
        abort(404)
