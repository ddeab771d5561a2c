"""The queue and the agent's ticket page."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.get("/")
def queue() -> ResponseReturnValue:
    return render_template("desk/queue.html")
