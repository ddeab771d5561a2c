"""The partner area's first page: how things stand, a tile for each part of it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.db import utcnow
from portal.partner import gate
from portal.partner.blueprint import TILES, bp


@bp.get("/")
def overview() -> ResponseReturnValue:
    now = utcnow()
    tiles = [(tile.template, tile.load(gate.reseller(), now)) for tile in TILES]
    return render_template("partner/overview.html", tiles=tiles)


@bp.post("/choose")
def choose() -> ResponseReturnValue:
    gate.choose(request.form.get("reseller", 0, type=int))
    return redirect(url_for(".overview"))
