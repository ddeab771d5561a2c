"""The partner area's first page: how things stand, a tile for each part of it."""

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from portal.accounts.partnership import Partner
from portal.accounts.people import Organisation
from portal.db import db, utcnow
from portal.partner import gate
from portal.partner.blueprint import SHORT, TILES, Tile, bp
from portal.partner.customers import ASKED, listed
from portal.partner.keeping import kept
from portal.partner.naming import level_name, state_names
from portal.policies import the_policy


def customers_tile(reseller: Organisation, now: datetime) -> dict[str, Any]:
    """How many there are in each state, and who was asked and hasn't answered."""
    found = listed(gate.relations(), now).subquery()
    tally = db.session.execute(select(found.c.state, func.count().label("number")).group_by(found.c.state)).all()
    waiting = db.session.execute(listed(gate.relations(), now, state=ASKED, sort="newest").limit(SHORT)).all()
    return {"counts": {row.state: row.number for row in tally}, "waiting": waiting, "states": state_names()}


def terms_tile(reseller: Organisation, now: datetime) -> dict[str, Any]:
    """The contract, if one is on record."""
    partner = db.session.scalar(select(Partner).where(Partner.organisation_id == reseller.id))
    resellers = the_policy().resellers
    level = resellers.levels.get(partner.level) if resellers and partner else None
    return {"partner": partner, "level": level, "level_name": level_name(partner.level) if partner else ""}


TILES[:0] = [Tile("partner/_customers_tile.html", customers_tile), Tile("partner/_terms_tile.html", terms_tile)]


@bp.get("/")
def overview() -> ResponseReturnValue:
    def load() -> dict[str, Any]:
        now = utcnow()
        return {"tiles": [(tile.template, tile.load(gate.reseller(), now)) for tile in TILES]}

    return render_template("partner/overview.html", shown=kept("partner/_tiles.html", load))


@bp.post("/choose")
def choose() -> ResponseReturnValue:
    gate.choose(request.form.get("reseller", 0, type=int))
    return redirect(url_for(".overview"))
