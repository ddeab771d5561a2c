"""What the pages show of a promise: before it is made, beside the form; afterwards, beside what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _

from portal.band import Band
from portal.formats import date_locale
from portal.policies import the_policy
from portal.sla import Faster, Policy, Quote, make_quote
from portal.tickets import quoting, telling, versions
from portal.tickets.bands import band_of
from portal.tickets.form import TicketForm
from portal.web import choose_locale, choose_zone

MOST_FASTER = 3
ICONS = {"chat": "message-circle", "phone": "phone", "email": "mail", "forum": "users"}


@dataclass(frozen=True)
class Way:
    """A channel the customer has, or a plan or tier that would be faster."""

    name: str
    icon: str = "arrow-right"
    url: str = ""
    text: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """A quote as the form shows it."""

    allowed: bool
    awaits_product: bool  # then nothing is promised yet: products may be held with different plans
    reason: str
    headline: str
    basis: telling.Basis
    due_at: datetime | None
    earliest_at: datetime | None
    there: str
    sentence: str
    band: Band | None
    steps: Sequence[str]
    later: Sequence[tuple[str, datetime]]
    faster: Sequence[Way]
    channels: Sequence[Way]
    severity_details: dict[str, dict[str, str]]
    advice: versions.Advice | None
    may_consent: bool
    offered: str
    language_note: str
    policy_url: str
    policy_version: str


def quoted(form: TicketForm, *, now: datetime) -> Quoted:
    """The quote for what the form holds now, in the reader's language and zone."""
    policy, zone, locale = the_policy(), choose_zone(), choose_locale()
    offer = form.offered
    question = quoting.request_for(offer.held, offer.organisation, offer.fields, now=now)
    quote = make_quote(policy, question, at=now, zone=zone)
    first, steps = quote.first_response, telling.explained(quote, locale=locale, zone=zone)
    return Quoted(
        allowed=quote.allowed or offer.awaits_product,
        awaits_product=offer.awaits_product,
        reason=" ".join(steps) if quote.refusal else "",
        headline=telling.headline(quote),
        basis=telling.basis(quote.basis),
        due_at=first.due_at if first else None,
        earliest_at=first.earliest_at if first else None,
        there=there(policy, first.due_at) if first else "",
        sentence=telling.spoken(quote, zone),
        band=quote_band(policy, quote, now=now, zone=zone),
        steps=steps,
        later=later(quote),
        faster=faster_ways(policy, quote, locale=locale),
        channels=channels_of(form, locale),
        severity_details=details(policy, form, locale),
        advice=versions.advice(policy, form.chosen_product, form.version.data or "", locale=locale),
        may_consent=offer.may_consent,
        offered=f"{'open' if quote.allowed else 'shut'} {offer.signature}",
        language_note=language_note(policy, locale),
        policy_url=url_for("front.policy"),
        policy_version=policy.version,
    )


def later(quote: Quote) -> list[tuple[str, datetime]]:
    """What else is promised, counted from now."""
    named = ((_("Resolution"), quote.resolution),)
    return [(word, clock.due_at) for word, clock in named if clock is not None]


def faster_ways(policy: Policy, quote: Quote, *, locale: str) -> list[Way]:
    """What would be faster. Of plans that are equally fast the most modest is named."""
    found: dict[tuple[str, datetime], Faster] = {}
    for way in quote.faster:
        known = found.get((way.kind, way.due_at))
        if known is None or (way.kind == "plan" and policy.plans[way.id].rank > policy.plans[known.id].rank):
            found[way.kind, way.due_at] = way
    named = list(found.values())[:MOST_FASTER]
    return [Way(faster_name(way, locale), due_at=way.due_at) for way in named]


def faster_name(way: Faster, locale: str) -> str:
    name = way.name.to(locale)
    if way.kind == "plan":
        return _("Plan %(name)s", name=name)
    return _("Support tier %(name)s", name=name) if way.kind == "tier" else name


def channels_of(form: TicketForm, locale: str) -> list[Way]:
    """The ways to get help that this person has, for those who have no tickets."""
    ways = [Way(_("Help centre"), icon="book-open", url=url_for("articles.index"))]
    for channel in form.offered.held.channels:
        if channel.id != "ticket":
            ways.append(Way(channel.name.to(locale), icon=ICONS.get(channel.id, "life-buoy")))
    return ways


def there(policy: Policy, at: datetime) -> str:
    """The instant where support is at home, if that is another time than the reader's."""
    home = ZoneInfo(policy.policy.zone)
    if at.astimezone(home).utcoffset() == at.astimezone(ZoneInfo(choose_zone())).utcoffset():
        return ""
    return _(
        "%(when)s in the time of support (%(zone)s)",
        when=telling.written(at, policy.policy.zone),
        zone=policy.policy.zone,
    )


def quote_band(policy: Policy, quote: Quote, *, now: datetime, zone: str) -> Band | None:
    first = quote.first_response
    if first is None:
        return None
    return band_of(
        policy,
        first.calendar,
        received_at=now,
        due_at=first.due_at,
        earliest_at=first.earliest_at,
        now=now,
        zone=zone,
        locale=date_locale(),
    )


def details(policy: Policy, form: TicketForm, locale: str) -> dict[str, dict[str, str]]:
    """The policy's own wording of each severity offered."""
    return {name: {"text": policy.severities[name].wording.to(locale)} for name in form.offered.severities}


def language_note(policy: Policy, locale: str) -> str:
    """What the policy says to those whose language support doesn't speak (R11)."""
    spoken_here = {name.split("-")[0].split("_")[0] for name in policy.languages.support}
    if locale.split("_")[0] in spoken_here or policy.languages.others is None:
        return ""
    return policy.languages.others.to(locale)
