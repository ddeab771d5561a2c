"""The customer's ticket pages: one blueprint, its views in the `*_views` modules."""

from flask import Blueprint

bp = Blueprint("tickets", __name__, url_prefix="/tickets")
