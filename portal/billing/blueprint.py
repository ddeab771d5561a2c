"""The blueprint of the customer's billing area; the modules with its pages are imported where it is registered."""

from flask import Blueprint

bp = Blueprint("billing", __name__, url_prefix="/billing")
