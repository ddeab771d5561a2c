"""What of the partner area a route names, for the access matrix."""

from sqlalchemy import select

from portal.accounts import consenting
from portal.accounts.issuing import issue
from portal.accounts.partnership import APPLIED, Consent, Partner, PartnerCustomer
from portal.accounts.people import User
from portal.billing.catalogue import CatalogueItem
from portal.db import db, utcnow
from portal.partner.order import PartnerOrder
from tests import cast
from tests.billing.rows import an_item
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
    customers, orders = "/partner/customers/<public_id>", "/partner/orders/<public_id>"
    return {
        **{f"{orders}{act} public_id": order_of(world, noted) for act in ("", "/cancel", "/address")},
        **{f"{customers}{act} public_id": "noted" for act in ("", "/edit", "/end", "/ask")},
        f"{customers}/reopen public_id": "ended",
        "/account/consent/<token> token": token,
        "/account/consent/of/<int:consent_id> consent_id": question.id,
        "consent_id": word.id,
        "partner_id": partner.id,
        "/desk/partners/<int:partner_id>/<any(decline,suspend,resume,end):act> act": "decline",
    }


def order_of(world: World, relation: PartnerCustomer) -> str:
    """Something that Rita ordered for them, delivered."""
    product = world.products["relay"]
    item = db.session.scalars(select(CatalogueItem).where(CatalogueItem.slug == "resold")).one_or_none()
    item = item or an_item("resold", "team", 1999, product_id=product)
    begins = utcnow().date()
    licence, _key = issue(by=None, now=utcnow(), product_id=product, plan="team", sold_by_id=world.reseller)
    order = PartnerOrder(
        public_id=f"order-{licence.id}",
        form_key=f"furniture:{licence.id}",
        reseller_id=world.reseller,
        relation_id=relation.id,
        bill_to_id=world.reseller,
        licensee="Heron",
        email=relation.email,
        item_id=item.id,
        product_id=product,
        plan="team",
        currency="EUR",
        list_amount=1999,
        amount=1999,
        level="",
        begins=begins,
        ends=begins.replace(year=begins.year + 1, day=1),
        state="delivered",
        licence_id=licence.id,
        delivered_at=utcnow(),
    )
    db.session.add(order)
    db.session.flush()
    return order.public_id
