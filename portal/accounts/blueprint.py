"""The account pages' blueprint; the modules with its pages are imported where it is registered."""

from flask import Blueprint

bp = Blueprint("accounts", __name__, url_prefix="/account")
