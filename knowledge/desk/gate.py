"""The one rule of the editors' desk: it is there for editors, and for nobody else."""

from flask import Blueprint, abort
from flask_login import current_user

from knowledge.articles.revision import is_editor

bp = Blueprint("editing", __name__, url_prefix="/kb/desk")


@bp.before_request
def editors_only() -> None:
    """Others find no such desk: 404, as for any address that isn't there. Visitors were asked to sign in before."""
    if not is_editor(current_user):
        abort(404)
