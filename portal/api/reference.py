"""The API's document, for programs and for people. Both are for everybody: they tell what the API is, of nobody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.api.document import document
from portal.web import public, settings

bp = Blueprint("reference", __name__)


@bp.get("/api/v1/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    return document(settings().base_url, settings().brand_name)


@bp.get("/api/docs")
@public
def docs() -> ResponseReturnValue:
    whole = document(settings().base_url, settings().brand_name)
    return render_template("api/docs.html", whole=whole, schemas=whole["components"]["schemas"])
