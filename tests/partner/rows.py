"""What of the partner area a route names, for the access matrix."""

from portal.accounts import consenting
from portal.accounts.partnership import APPLIED, Consent, Partner, PartnerCustomer
from portal.accounts.people import User
from portal.db import db, utcnow
from tests.cast import World


def partner_things(world: World) -> dict[str, object]:
    """Rita's customer, whose owner is asked for a new word while an old one ends; and one that gave it."""
    now, rita = utcnow(), db.session.get_one(User, world.ids["reseller"])
    asked, given = (
        PartnerCustomer(
            public_id=name,
            reseller_id=world.reseller,
            customer_id=world.heron,
            name="Heron",
            email=email,
            starts_at=now,
        )
        for name, email in (("asked-heron", world.email("owner")), ("given-heron", "office@heron.example"))
    )
    word = Consent(asked_at=now, asked_until=now, given_at=now)
    given.consents.append(word)
    db.session.add_all([asked, given])
    db.session.flush()
    question, token = consenting.ask(asked, by=rita, now=now)
    ended = PartnerCustomer(
        public_id="ended-heron", reseller_id=world.reseller, name="Old", email="old@heron.example", ends_at=now
    )
    db.session.add(ended)
    db.session.flush()
    partner = Partner(organisation_id=world.elsewhere, state=APPLIED, application={"company": "We sell."})
    db.session.add(partner)
    db.session.flush()
    customers = "/partner/customers/<public_id>"
    return {
        **{f"{customers}{act} public_id": "asked-heron" for act in ("", "/edit", "/end", "/ask")},
        f"{customers}/reopen public_id": "ended-heron",
        "/account/consent/<token> token": token,
        "/account/consent/of/<int:consent_id> consent_id": question.id,
        "consent_id": word.id,
        "partner_id": partner.id,
        "/desk/partners/<int:partner_id>/<any(decline,suspend,resume,end):act> act": "decline",
    }
