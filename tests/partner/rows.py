"""What of the partner area a route names, for the access matrix."""

from portal.accounts import consenting
from portal.accounts.partnership import APPLIED, Consent, Partner, PartnerCustomer
from portal.accounts.people import User
from portal.db import db, utcnow
from tests import cast
from tests.cast import World


def partner_things(world: World) -> dict[str, object]:
    """Rita's customers, none of whom lets her act; and another shop, for which Heron's owner gave their word and which
    asks for another."""
    now, rita = utcnow(), db.session.get_one(User, world.ids["reseller"])
    shop = cast.make_organisation("The Other Shop", is_reseller=True)
    partner = Partner(organisation_id=world.elsewhere, state=APPLIED, application={"company": "We sell."})
    db.session.add(partner)
    db.session.flush()
    noted = PartnerCustomer(public_id="noted", reseller_id=world.reseller, name="Old Heron", email="old@heron.example")
    ended = PartnerCustomer(public_id="ended", reseller_id=world.reseller, name="Left", email="left@heron.example")
    ended.ends_at = now
    asked = PartnerCustomer(public_id="asked", reseller_id=shop.id, name="Heron", email=world.email("owner"))
    given = PartnerCustomer(public_id="given", reseller_id=shop.id, name="Office", email="office@heron.example")
    given.customer_id = world.heron
    word = Consent(asked_at=now, asked_until=now, given_at=now)
    given.consents.append(word)
    db.session.add_all([noted, ended, asked, given])
    db.session.flush()
    question, token = consenting.ask(asked, by=rita, now=now)
    customers = "/partner/customers/<public_id>"
    return {
        **{f"{customers}{act} public_id": "noted" for act in ("", "/edit", "/end", "/ask")},
        f"{customers}/reopen public_id": "ended",
        "/account/consent/<token> token": token,
        "/account/consent/of/<int:consent_id> consent_id": question.id,
        "consent_id": word.id,
        "partner_id": partner.id,
        "/desk/partners/<int:partner_id>/<any(decline,suspend,resume,end):act> act": "decline",
    }
