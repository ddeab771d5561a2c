"""`status`: the status page on the command line."""

import json
import re
from datetime import date
from typing import Any

import click
from flask.cli import with_appcontext

from portal.sla import loading
from portal.sla.cli import OneLine, OneLineGroup, Refusal
from portal.sla.errors import PolicyError
from portal.sla.outages import load_intervals
from portal.sla.policy import Policy
from portal.sla.uptime import Kept, midnights, period_around, work_out
from portal.status.component import STATES
from portal.status.incident import IMPACTS, INCIDENT_STATUSES


@click.group(cls=OneLineGroup)
def status() -> None:
    """The status page: availability and what is owed for it."""


@status.command(cls=OneLine)
@click.option("--policy", "source", required=True, metavar="P", help="A shipped policy's id, or a file.")
@click.option("--plan", required=True, help="The plan that the customer holds.")
@click.option("--tier", required=True, help="The support tier that commits to an availability.")
@click.option("--month", required=True, metavar="YYYY-MM", help="The month, in the policy's time zone.")
@click.option("--intervals", required=True, metavar="FILE", help="When it was down or worked on: a JSON list.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def report(source: str, plan: str, tier: str, month: str, intervals: str, as_json: bool) -> None:
    """What was kept of the availability in a month, or the quarter or year around it, and the credit owed."""
    try:
        policy = loading.load_policy(source)
    except PolicyError as error:
        raise Refusal(f"--policy: {error.problems[0]}") from error
    _check(policy, plan, tier)
    day = _month(month)
    try:
        known = load_intervals(intervals)
    except ValueError as error:
        raise Refusal(f"--intervals: {error}") from error
    assert policy.uptime
    period = midnights(*period_around(policy.uptime, day), policy.zone)
    kept = work_out(policy.uptime, known, *period)
    click.echo(json.dumps(kept.to_json(), indent=2) if as_json else _told(kept.to_json(), kept, policy))


@status.command(cls=OneLine)
@click.option("--title", default="", help="What a new incident is called.")
@click.option("--component", "components", multiple=True, metavar="SLUG[=STATE]", help="What it touches; repeatable.")
@click.option("--state", type=click.Choice(STATES), default="major_outage", help="Of components named without one.")
@click.option("--impact", type=click.Choice(IMPACTS), default="major")
@click.option("--status", "said", type=click.Choice(INCIDENT_STATUSES), default="investigating")
@click.option("--body", default="", help="What is known.")
@click.option("--incident", metavar="ID", help="Say more of this incident.")
@click.option("--resolve", metavar="ID", help="Say that this incident is over.")
@with_appcontext
def post(
    title: str,
    components: tuple[str, ...],
    state: str,
    impact: str,
    said: str,
    body: str,
    incident: str | None,
    resolve: str | None,
) -> None:
    """Publish an incident in the static copy without the database, which takes it in when it is back."""
    from portal.db import utcnow
    from portal.status.offline import NotPosted
    from portal.status.refreshing import post_offline

    named = {slug: given or state for slug, _, given in (one.partition("=") for one in components)}
    asked = {"title": title, "body": body, "impact": impact, "status": "resolved" if resolve else said}
    try:
        told = post_offline(components=named, incident=resolve or incident, now=utcnow(), **asked)
    except NotPosted as error:
        raise Refusal(f"status post: {error}") from error
    click.echo(f"Posted as {told['incident']}; the database takes it in when it is there.")


def _check(policy: Policy, plan: str, tier: str) -> None:
    for option, value, known in (("--plan", plan, policy.plans), ("--tier", tier, policy.tiers)):
        if value not in known:
            raise Refusal(f"{option}: unknown {option[2:]} {value!r} (valid: {', '.join(known)})")
    if policy.uptime is None:
        raise Refusal(f"--policy: {policy.id} commits to no availability")
    if tier not in policy.uptime.tiers:
        valid = ", ".join(policy.uptime.tiers)
        raise Refusal(f"--tier: {tier!r} is committed to no availability (valid: {valid})")


def _month(text: str) -> date:
    found = re.fullmatch(r"([12]\d{3})-(0[1-9]|1[0-2])", text, re.ASCII)
    if not found:
        raise Refusal(f"--month: {text!r} is no month such as 2026-10")
    return date(int(found[1]), int(found[2]), 1)


def _told(figures: dict[str, Any], kept: Kept, policy: Policy) -> str:
    assert policy.uptime
    committed = f"{policy.uptime.percent} % of a {policy.uptime.period}"
    lines = [f"{policy.name}, version {policy.version}: {committed}, {'kept' if kept.met else 'not kept'}"]
    width = max(map(len, figures))
    return "\n".join(lines + [f"  {name.ljust(width)}  {json.dumps(value)}" for name, value in figures.items()])
