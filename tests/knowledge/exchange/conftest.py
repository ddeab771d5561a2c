"""Commands run as an operator runs them, in the portal under test."""

from collections.abc import Callable, Iterator

import pytest
from click import Command
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Iterator[Run]:
    def invoke(command: Command, *arguments: object) -> Result:
        info = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
        return CliRunner().invoke(command, [str(argument) for argument in arguments], obj=info)

    yield invoke
    app.extensions["search"].close()
