"""What a person may open, and on which ground: the strongest of the grants that hold (DESIGN: Entitlement)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from portal.sla.policy import Channel, Plan, Policy, Severity, Tier

Source = Literal["contract", "tier", "subscription", "licence", "order_email", "free"]
ORDER: tuple[Source, ...] = ("contract", "tier", "subscription", "licence", "order_email", "free")


@dataclass(frozen=True)
class Grant:
    """One proof of what somebody has: a contract on record (T24), a support tier bought in addition (T2), a running
    subscription, a licence key claimed (R13), or an order sent to the verified e-mail address (R13).

    `plan` may be None for a tier that goes with whatever plan is held. `product` None means all products. It holds
    from `starts_at` until before `ends_at` (aware; None means no limit). `reference` is shown to people.
    """

    source: Source
    plan: str | None = None
    tier: str | None = None
    product: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reference: str | None = None

    def holds(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """What is held, why, and what it opens. `ends_at` is when the ground for it ends, if it does."""

    plan: str
    tier: str
    source: Source
    reference: str | None = None
    product: str | None = None
    ends_at: datetime | None = None
    reseller: bool = False
    channels: tuple[Channel, ...] = ()
    discretionary: tuple[Channel, ...] = ()
    severities: tuple[Severity, ...] = ()
    remote_support: bool = False
    portal: bool = False
    grants: tuple[Grant, ...] = field(default=(), repr=False)

    def may_open(self, channel: str) -> bool:
        """Whether requests about products may be opened by this channel. Billing questions: see `make_quote`."""
        return any(own.id == channel for own in self.channels)

    @property
    def is_contract(self) -> bool:
        return self.source == "contract"


def entitled(
    policy: Policy,
    grants: Iterable[Grant],
    product: str | None = None,
    *,
    now: datetime,
    reseller: bool = False,
) -> Entitlement:
    """The entitlement for a product (None: for any) at an instant.

    The strongest source wins: contract, tier bought, subscription, licence, order e-mail, free; within one source the
    plan that is answered first, then the tier that promises most. A grant for another product does not count, nor one
    that names a plan or tier the policy doesn't have.
    """
    valid = tuple(grant for grant in grants if grant.holds(now) and _counts(policy, grant, product))
    with_plan = [grant for grant in valid if grant.plan]
    best = min(valid, key=lambda grant: _strength(policy, grant), default=None)
    if best is None:
        plan, tier, best = policy.plans[policy.policy.free_plan], None, Grant(source="free")
    else:
        own = best if best.plan else min(with_plan, key=lambda grant: _strength(policy, grant), default=None)
        plan = policy.plans[own.plan if own and own.plan else policy.policy.free_plan]
        tier = best.tier
    return _granted(policy, plan, policy.tiers[tier or plan.tiers[0]], best, valid, reseller=reseller)


def _counts(policy: Policy, grant: Grant, product: str | None) -> bool:
    known = (grant.plan is None or grant.plan in policy.plans) and (grant.tier is None or grant.tier in policy.tiers)
    names_something = bool(grant.plan or grant.tier)
    return known and names_something and (product is None or grant.product in (None, product))


def _strength(policy: Policy, grant: Grant) -> tuple[int, int, int]:
    """Sorts the strongest first. Tiers stand in the file from the least to the most."""
    rank = policy.plans[grant.plan].rank if grant.plan else 999
    tiers = list(policy.tiers)
    return ORDER.index(grant.source), rank, -tiers.index(grant.tier) if grant.tier else 1


def _granted(
    policy: Policy, plan: Plan, tier: Tier, ground: Grant, grants: tuple[Grant, ...], *, reseller: bool
) -> Entitlement:
    sells = reseller and policy.resellers is not None
    if sells and policy.resellers:
        tier = policy.tiers[policy.resellers.tier]
    remote = policy.remote_support
    return Entitlement(
        plan=plan.id,
        tier=tier.id,
        source=ground.source,
        reference=ground.reference,
        product=ground.product,
        ends_at=ground.ends_at,
        reseller=sells,
        channels=policy.channels_of(plan.id, tier.id, reseller=reseller),
        discretionary=tuple(channel for channel in policy.channels.values() if not channel.guaranteed),
        severities=policy.severities_of(tier.id),
        remote_support=bool(remote and (remote.resellers if sells else plan.id in remote.plans)),
        portal=plan.portal,
        grants=grants,
    )
