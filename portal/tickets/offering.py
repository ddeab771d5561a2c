"""What somebody may choose in a new ticket: read as columns, so that the page of an empty form needs no form."""

from collections.abc import Container, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Integer, bindparam, cast, null, select, union_all

from portal.accounts.entitlement import held_in
from portal.accounts.partnership import PartnerCustomer, acted_for
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import read
from portal.policies import the_policy
from portal.sla.entitlement import entitled
from portal.tickets import quoting
from portal.tickets.custom_fields import ASKED

CHOSEN = ("topic", "organisation", "product", "severity")
PRODUCTS = Product.visible_to(None).with_only_columns(Product.id, Product.slug, Product.name)
_reader: Any = SimpleNamespace(id=bindparam("reader"))
ORGANISATIONS = User.organisations(_reader).with_only_columns(Organisation.id, Organisation.name)
# The same, and the customers for whom one of a reseller's people may file: by whom.
_acting = acted_for().with_only_columns(PartnerCustomer.customer_id, PartnerCustomer.reseller_id).subquery()
_customers = select(Organisation.id, Organisation.name, _acting.c.reseller_id).join(
    _acting, _acting.c.customer_id == Organisation.id
)
_own = User.organisations(_reader).with_only_columns(
    Organisation.id, Organisation.name, cast(null(), Integer).label("reseller_id")
)
_all = union_all(_own.order_by(None), _customers).subquery()
WITH_CUSTOMERS = select(_all).order_by(_all.c.reseller_id.is_not(None), _all.c.name, _all.c.id, _all.c.reseller_id)


class Offer:
    """The choices of this person, given what is chosen already. What can't be chosen is remembered as `strange`.

    `for_customers`: among the organisations are those for which the person may act as a reseller's.
    """

    def __init__(self, person: User, chosen: Mapping[str, Any], *, now: datetime, for_customers: bool = False) -> None:
        self.chosen: dict[str, Any] = {name: chosen.get(name) for name in CHOSEN}
        self.strange: set[str] = set()
        self.products = {row.slug: row for row in read(PRODUCTS)}
        self.organisations: dict[str, Any] = {}
        for row in read(WITH_CUSTOMERS if for_customers else ORGANISATIONS, reader=person.id):
            self.organisations.setdefault(str(row.id), row)
        self._settle("organisation", self.organisations, next(iter(self.organisations), ""))
        # Money is between the vendor and the customer: nobody acts for them there.
        self._settle("topic", ("product",) if self.reseller_id else ("product", "billing"), "product")
        self._settle("product", self.products, next(iter(self.products)) if len(self.products) == 1 else "")
        self.is_about_product = self.chosen["topic"] == "product"
        self.needs_product = self.is_about_product and bool(self.products)
        self.product = self.products.get(self.chosen["product"]) if self.is_about_product else None
        self.asked = read(ASKED, product=self.product.id) if self.product else ()
        self._weigh(person, now=now)

    def _weigh(self, person: User, *, now: datetime) -> None:
        """What is held decides which severities there are: those of the tier, in the policy's order."""
        policy = the_policy()
        grants, sells = held_in(person, self.organisation, now=now, acting=self.reseller_id is not None)

        def held(slug: str | None) -> Any:
            return entitled(policy, grants, product=slug, now=now, reseller=sells)

        self.held = held(self.product.slug if self.product else None)
        # Products may be held with different plans: which of them it is decides what is promised.
        undecided = self.needs_product and self.product is None
        self.awaits_product = undecided and any(held(slug).may_open("ticket") for slug in self.products)
        named = [] if self.awaits_product else quoting.severities(policy, self.held.tier, self.chosen["topic"])
        self.severities: list[str] = named
        if named:
            self._settle("severity", named, policy.default_severity(self.held.tier) or named[-1])
        self.may_consent = self.is_about_product and self.held.remote_support and not self.awaits_product

    def _settle(self, name: str, valid: Container[str], otherwise: str) -> None:
        if self.chosen[name] not in valid:
            if self.chosen[name]:
                self.strange.add(name)
            self.chosen[name] = otherwise

    @property
    def organisation(self) -> Any:
        """The row of the one that is chosen."""
        return self.organisations.get(self.chosen["organisation"])

    @property
    def reseller_id(self) -> int | None:
        """For which reseller the person files, if the organisation is a customer's."""
        return getattr(self.organisation, "reseller_id", None)

    @property
    def signature(self) -> str:
        """What can be chosen at present: when it changes, the page needs other fields."""
        fields = (f"field-{row.id}" for row in self.asked)
        asks = "which" if self.awaits_product else "-"
        return " ".join([self.chosen["topic"], asks, "remote" if self.may_consent else "-", *self.severities, *fields])

    @property
    def fields(self) -> quoting.Fields:
        """What of the choices the promise depends on."""
        severity = self.chosen["severity"] if self.chosen["severity"] in self.severities else None
        return quoting.Fields(topic=self.chosen["topic"], product=self.product, severity=severity)
