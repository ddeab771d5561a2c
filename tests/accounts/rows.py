"""What of organisations a route names, for the access matrix."""

from portal.accounts.domains import JoinRequest, OrganisationDomain
from portal.db import db
from tests import cast


def organisation_things(heron: int) -> dict[str, object]:
    """An organisation that nobody owns any more; a domain of the customer's that isn't proved, and who asks to join."""
    orphaned = cast.make_organisation("Left Alone Ltd")
    lou = cast.make_user("lou@leftalone.example")
    cast.join(lou, orphaned, "member")
    domain = OrganisationDomain(organisation_id=heron, domain="heron.example", proof="foyer-proof=0")
    asked = JoinRequest(organisation_id=heron, user=lou)
    db.session.add_all([domain, asked])
    db.session.flush()
    return {
        "/desk/owners/<int:organisation_id> organisation_id": orphaned.id,
        "domain_id": domain.id,
        "request_id": asked.id,
        "/account/organisation/<int:organisation_id>/asking/<int:request_id>/<any(accept,refuse):act> act": "accept",
    }
