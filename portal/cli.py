"""The one command line, `python -m portal`. Commands are loaded when they are called, so that `sla` starts at once."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask

COMMANDS = {
    "run": ("portal.serving:run", "Start the portal: web server and worker together."),
    "serve": ("portal.serving:serve", "Start the web server alone."),
    "worker": ("portal.serving:worker", "Start the worker alone."),
    "demo": ("portal.operating:demo", "Load the demo into an empty database."),
    "db": ("portal.operating:db_", "The database and its migrations."),
    "jobs": ("portal.operating:jobs", "The outbox: what waits, what failed for good."),
    "doctor": ("portal.doctor:doctor", "Check the configuration and say what to mend."),
    "sla": ("portal.sla.cli:sla", "Quotes, tables, checks and simulations of support policies."),
    "status": ("portal.status.cli:status", "The status page: availability and what is owed for it."),
    "billing": ("portal.billing.cli:billing", "The books: check them, write invoices out, bill what is due."),
    "user": ("portal.accounts.cli:user", "Accounts and their roles."),
    "tickets": ("portal.tickets.cli:tickets", "Tickets and their clocks."),
    "mail": ("portal.mailroom.cli:mail", "Mail in: take one from a pipe, fetch a mailbox."),
    "import": ("knowledge.cli:import_", "Bring articles in."),
    "export": ("knowledge.cli:export", "Write the knowledge base out."),
    "search": ("knowledge.cli:search", "Search as a visitor or as somebody."),
    "reindex": ("knowledge.cli:reindex", "Build the search index anew."),
    "community": ("knowledge.community.cli:community", "The community: check texts before they are posted."),
}


class Commands(click.Group):
    """The commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="foyer-portal", message="Foyer %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Foyer: the customer support portal that runs on the support policy."""
    from flask.cli import ScriptInfo

    ctx.obj = ScriptInfo(create_app=_create_app, set_debug_flag=False)


def _create_app() -> "Flask":
    from portal import create_app

    return create_app()


def main() -> None:
    """Run a command; a setting or policy that can't be used is told with exit code 2, never a trace."""
    from portal.config import ConfigurationError
    from portal.sla.errors import PolicyError

    try:
        cli(prog_name="python -m portal")
    except PolicyError as error:
        click.echo(f"policy: {error}", err=True)
        sys.exit(2)
    except ConfigurationError as error:
        click.echo(f"settings: {error}", err=True)
        sys.exit(2)
