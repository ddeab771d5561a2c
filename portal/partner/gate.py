"""Who gets into the partner area: a partner's people who work for its customers. For others there is no such page."""

from typing import Any

from flask import abort, current_app, g, session, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.accounts.partnership import PartnerCustomer, resellers_of
from portal.accounts.people import Organisation
from portal.db import db, get_or_404
from portal.partner.blueprint import bp
from portal.partner.naming import LOOKS
from portal.policies import has_partner_area

CHOSEN = "reseller"


@bp.before_request
def partners_only() -> None:
    """Found anew with each request: whoever loses the right stands outside with the next one."""
    theirs = db.session.scalars(resellers_of(current_user)).all() if has_partner_area() else []
    if not theirs:
        abort(404)
    g.resellers = theirs
    g.reseller = next((one for one in theirs if one.id == session.get(CHOSEN)), theirs[0])


def reseller() -> Organisation:
    """For whom the reader works here, as they chose."""
    found: Organisation = g.reseller
    return found


def choose(organisation_id: int) -> None:
    """Work for another of the reader's resellers; 404 for one that isn't."""
    if organisation_id not in {one.id for one in g.resellers}:
        abort(404)
    session[CHOSEN] = organisation_id


def relations() -> Any:
    """The reseller's customers, for the reader."""
    return PartnerCustomer.visible_to(current_user).where(PartnerCustomer.reseller_id == reseller().id)


def relation(public_id: str) -> PartnerCustomer:
    """One of them; else 404."""
    found: PartnerCustomer = get_or_404(relations().where(PartnerCustomer.public_id == public_id))
    return found


@bp.app_template_global()
def is_partner() -> bool:
    """Whether the reader finds the partner area in the frame of each page; asked with who they are."""
    return bool(g.get("is_partner")) and has_partner_area()


@bp.context_processor
def chosen() -> dict[str, Any]:
    return {"reseller": g.get("reseller"), "resellers": g.get("resellers", []), "looks": LOOKS}


bp.add_app_template_global(has_partner_area)
PARTS = {
    "overview": ("partner.overview", _l("Overview")),
    "customers": ("partner.customers", _l("Customers")),
    "tickets": ("partner.tickets", _l("Tickets")),
    "orders": ("partner.orders", _l("Orders")),
    "renewals": ("partner.renewals", _l("Renewals")),
    "documents": ("partner.reading", _l("Documents")),
}


@bp.app_template_global()
def partner_areas(current: str) -> list[tuple[str, str, bool, None]]:
    """The area's navigation, as `link_tabs` takes it: the parts that are there."""
    there = [(name, *part) for name, part in PARTS.items() if part[0] in current_app.view_functions]
    return [(str(words), url_for(endpoint), name == current, None) for name, endpoint, words in there]
