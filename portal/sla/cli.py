"""`sla`: quotes, tables, checks, differences and simulations of support policies on the command line."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from portal.sla import loading
from portal.sla.diff import differences
from portal.sla.errors import PolicyError, QuoteError
from portal.sla.making import make_quote
from portal.sla.policy import Policy
from portal.sla.quote import Quote, QuoteRequest
from portal.sla.simulate import OUTCOMES, Simulation, simulate
from portal.sla.table import Row, rows
from portal.sla.targets import Target
from portal.sla.wording import Voice


class Refusal(click.ClickException):
    """A wrong option, said in one line."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"Error: {self.message}", err=True)


class OneLine(click.Command):
    """A command whose usage errors take one line and name the option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise Refusal(f"sla {ctx.info_name}: {error.format_message()}") from error


class OneLineGroup(click.Group):
    """A group that names an unknown command in one line."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            known = ", ".join(self.list_commands(ctx))
            raise Refusal(f"sla: {error.format_message()} Known are {known}.") from error


@click.group(cls=OneLineGroup)
def sla() -> None:
    """Quotes, tables, checks, differences and simulations of support policies."""


@sla.command(cls=OneLine)
@click.option("--policy", "source", required=True, metavar="P", help="A shipped policy's id, or a file.")
@click.option("--plan", required=True, help="The plan that the customer holds.")
@click.option("--tier", help="The support tier; without it the one that comes with the plan.")
@click.option("--severity", help="The severity; without it the tier's default.")
@click.option("--channel", default="ticket", show_default=True, help="How the request comes.")
@click.option("--product", help="The product that it is about.")
@click.option("--region", help="The customer's region.")
@click.option("--topic", default="product", show_default=True, help="'product' or 'billing'.")
@click.option("--reseller", is_flag=True, help="The customer is a reseller.")
@click.option(
    "--at", required=True, metavar="ISO8601", help="When the request is received, such as 2026-11-22T17:00:00Z."
)
@click.option("--zone", help="The customer's time zone (IANA), for the explanation.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def quote(
    source: str,
    plan: str,
    tier: str | None,
    severity: str | None,
    channel: str,
    product: str | None,
    region: str | None,
    topic: str,
    reseller: bool,
    at: str,
    zone: str | None,
    as_json: bool,
) -> None:
    """What a request would be promised, and why."""
    policy = _policy(source, "--policy")
    request = QuoteRequest(plan, tier, severity, channel, product, region, reseller, topic)
    try:
        made = make_quote(policy, request, _instant(at), zone)
        shown = json.dumps(made.to_json(), ensure_ascii=False, indent=2) if as_json else _quote_text(policy, made)
    except QuoteError as error:
        raise Refusal(f"--{error}") from error
    click.echo(shown)


@sla.command(cls=OneLine)
@click.option("--policy", "source", required=True, metavar="P", help="A shipped policy's id, or a file.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def table(source: str, as_json: bool) -> None:
    """The whole matrix: plan × tier × severity, channels, basis, hours, calendar."""
    policy = _policy(source, "--policy")
    matrix = rows(policy)
    if as_json:
        header = {"id": policy.id, "version": policy.version, "name": str(policy.name), "zone": policy.zone}
        click.echo(
            json.dumps({"policy": header, "rows": [row.to_json() for row in matrix]}, ensure_ascii=False, indent=2)
        )
        return
    click.echo(
        f"{policy.name}, version {policy.version}, in force since {policy.policy.in_force}, zone {policy.zone}\n"
    )
    click.echo(_aligned(HEADINGS, (_cells(row) for row in matrix)))


@sla.command(cls=OneLine)
@click.argument("file")
def check(file: str) -> None:
    """Check a policy file: exit 1 with file, line, key and reason of every fault."""
    problems = loading.check_file(file)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    policy = loading.load_policy(file)
    click.echo(f"{file}: sound ({policy.id} {policy.version}, {len(rows(policy))} rows)")


@sla.command(cls=OneLine)
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def diff(old: str, new: str, as_json: bool) -> None:
    """What customers gain and lose from policy OLD to policy NEW, in words."""
    found = differences(_policy(old, "OLD"), _policy(new, "NEW"))
    voice = Voice("en")
    if as_json:
        said = [{"kind": item.kind, "subject": item.subject, "text": voice.say(item.step)} for item in found]
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))
        return
    for kind, heading in (("gain", "Customers gain"), ("loss", "Customers lose"), ("change", "Changes")):
        lines = [voice.say(item.step) for item in found if item.kind == kind]
        if lines:
            click.echo("\n".join([f"{heading}:", *(f"  {line}" for line in dict.fromkeys(lines))]))
    if not found:
        click.echo("Nothing that a customer would notice.")


@sla.command("simulate", cls=OneLine)
@click.argument("file")
@click.option("--tickets", required=True, metavar="CSV", help="Past tickets: received_at, plan, tier, severity, …")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def simulate_(file: str, tickets: str, as_json: bool) -> None:
    """What a (draft) policy would have promised for past tickets, and whether it would have been kept."""
    policy = _policy(file, "FILE")
    try:
        with Path(tickets).open(encoding="utf-8-sig", newline="") as lines:
            result = simulate(policy, lines)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise Refusal(f"--tickets: {tickets}: {reason}") from error
    click.echo(json.dumps(result.to_json(), ensure_ascii=False, indent=2) if as_json else _simulation_text(result))
    for fault in result.errors:
        click.echo(f"{tickets}: {fault}", err=True)
    if result.errors:
        sys.exit(1)


HEADINGS = ("plan", "tier", "severity", "only for", "first response", "next response", "update", "resolution", "basis",
            "calendar", "support hours", "channels", "queue", "rank")  # fmt: skip


def _cells(row: Row) -> tuple[str, ...]:
    only = ", ".join(
        filter(None, (row.product, row.region, row.channel, row.topic if row.topic == "billing" else None))
    )
    times = (_time(target, row) for target in (row.first_response, row.next_response, row.update, row.resolution))
    return (row.plan, row.tier, row.severity or "-", only or "-", *times, row.basis, row.calendar or "-", row.hours,
            " ".join(row.channels), row.queue, str(row.rank))  # fmt: skip


def _time(target: Target | None, row: Row) -> str:
    if target is None:
        return "-"
    return target.duration.text if target.basis == row.basis else f"{target.duration.text} ({target.basis})"


def _quote_text(policy: Policy, made: Quote) -> str:
    lines = [
        f"{policy.name}, version {policy.version}: tier {made.tier}"
        + (f", severity {made.severity}" if made.severity else "")
    ]
    if made.allowed:
        lines.append(f"Goes to the queue {made.queue} with rank {made.rank}.")
    else:
        lines.append("Not allowed.")
    lines += made.explanation
    voice = Voice("en", made.zone)
    for name, clock in (
        ("Next response", made.next_response),
        ("Update", made.update),
        ("Resolution", made.resolution),
    ):
        if clock:
            lines.append(f"{name}, if counted from receipt: {voice.when(clock.due_at, made.zone or policy.zone)}.")
    if made.faster:
        lines.append("Faster would be:")
        cells = [
            (f"  {o.kind}", str(o.name), voice.when(o.due_at, made.zone or policy.zone), o.basis) for o in made.faster
        ]
        lines.append(_aligned((), cells))
    return "\n".join(lines)


def _simulation_text(result: Simulation) -> str:
    counted = [(*key, *(str(counts[outcome]) for outcome in OUTCOMES)) for key, counts in result.groups().items()]
    total = ("all", "", "", *(str(result.count(outcome)) for outcome in OUTCOMES))
    return _aligned(("plan", "tier", "severity", *OUTCOMES), [*counted, total])


def _aligned(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Columns of even width, two spaces apart."""
    cells = [headings, *lines] if headings else list(lines)
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))] if cells else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _policy(source: str, option: str) -> Policy:
    try:
        return loading.load_policy(source)
    except PolicyError as error:
        more = f" (and {len(error.problems) - 1} more; see `sla check`)" if len(error.problems) > 1 else ""
        raise Refusal(f"{option}: {error.problems[0]}{more}") from error


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(f"--at: {text!r} is no ISO 8601 instant such as 2026-11-22T17:00:00Z") from error
    if at.tzinfo is None:
        raise Refusal(f"--at: {text!r} has no time zone; add Z or an offset such as +01:00")
    return at


if __name__ == "__main__":
    sla(prog_name="sla")
