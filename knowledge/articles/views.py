"""The knowledge base."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.web import public

bp = Blueprint("articles", __name__, url_prefix="/kb")


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    return render_template("articles/index.html")
