"""The OpenAPI document is true: of every route, of what goes in, and of what comes out, whatever is sent."""

import os
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from portal.api.document import PATHS
from tests import cast
from tests.api.conftest import Program, Programs
from tests.house.routes import methods

CASES = int(os.environ.get("API_CASES", "8"))  # of each operation and kind
LONGEST = 200  # characters
SEARCHING = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


RULES = [
    positive_data_acceptance
]  # what a schema allows may still be refused: by the policy, or by how a ticket stands


def test_every_route_is_in_the_document(shared_app: Flask) -> None:
    rules = [rule for rule in shared_app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    mounted = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower(), rule.endpoint)
        for rule in rules
        for method in methods(rule.methods)
    }
    written = {
        (f"/api/v1{path}", method, f"api.{operation['operationId']}")
        for path, operations in PATHS.items()
        for method, operation in operations.items()
    }
    assert mounted == written


def test_the_scopes_are_those_of_the_document(program: Programs, things: dict[str, object]) -> None:
    """A token without any scope is refused with the scope that the document names."""
    nobody = program("agent", "nothing")
    for path, operations in PATHS.items():
        for method, operation in operations.items():
            asks = operation["security"][0]["token"]
            answer = nobody.send(method.upper(), path.replace("{number}", str(things["number"])))
            assert answer.status_code == (403 if asks else 200), (method, path)
            assert not asks or any(f'scope="{scope}"' in answer.headers["WWW-Authenticate"] for scope in asks)


def test_it_is_for_everybody(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.json
    assert answer.json["openapi"] == "3.1.0"
    for schema in answer.json["components"]["schemas"].values():
        jsonschema_rs.validator_for({"components": answer.json["components"], **schema})


def test_the_page_shows_every_operation(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    for operations in PATHS.values():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page


@pytest.fixture
def programs(app: Flask, world: cast.World, program: Programs, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A customer and an agent who may do everything, as often as they like, with a ticket each to do it to."""
    for limit in ("limit_api", "limit_filing"):
        monkeypatch.setitem(app.extensions["settings"], limit, "100000 per minute")
    with app.app_context():
        from portal.db import db

        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        db.session.commit()
    both = [program("customer"), program("agent")]
    new = {"subject": "It beeps", "body": "All day.", "product": "beacon"}
    numbers = [both[0].post("/tickets", new).json["number"] for _ in range(2)]  # type: ignore[index]
    yield [both, numbers]


RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
TRIED = [
    pytest.param(path, method, mode, id=f"{mode.value} {method} {path}")
    for path, operations in PATHS.items()
    for method, operation in operations.items()
    for mode in (RIGHT, WRONG)
    if mode is RIGHT or "parameters" in operation  # where nothing is asked nothing can be wrong
]


def simplify(part: Any, mode: GenerationMode) -> None:
    """To hold a text against a pattern and fifty thousand characters at once takes seconds. What is right is made up
    shorter, and what is wrong is wrong by another rule than the pattern: both are as right or wrong as before."""
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        simplify(inner, mode)
    if isinstance(part, dict) and "pattern" in part and part.get("maxLength", 0) > LONGEST:
        if mode is RIGHT:
            part["maxLength"] = LONGEST
        else:
            part.pop("pattern")


@pytest.mark.parametrize(("path", "method", "mode"), TRIED)
def test_nothing_that_is_sent_breaks_it(
    path: str, method: str, mode: GenerationMode, app: Flask, programs: list[Any]
) -> None:
    """schemathesis: no server error, no status, type or body that the document doesn't name, nothing wrong accepted."""
    both, numbers = programs
    document: Any = app.test_client().get("/api/v1/openapi.json").json
    document["components"].pop("securitySchemes")  # every case carries a token: what lacks one is tried elsewhere
    document["paths"][path][method].pop("security")
    simplify(document, mode)
    schema = schemathesis.openapi.from_dict(document)
    schema.app = app
    operation = schema[path][method.upper()]
    seen: set[int] = set()

    @SEARCHING
    @given(
        case=operation.as_strategy(generation_mode=mode),
        program=st.sampled_from(both),
        number=st.sampled_from([*numbers, None]),
    )
    def try_it(case: schemathesis.Case, program: Program, number: int | None) -> None:
        if number and "number" in (case.path_parameters or {}) and mode is RIGHT:
            case.path_parameters["number"] = number
        said = {"Authorization": f"Bearer {program.secret}", "Accept-Encoding": "identity"}
        seen.add(case.call_and_validate(headers=said, excluded_checks=RULES).status_code)

    try_it()
    assert max(seen) < 500, seen
