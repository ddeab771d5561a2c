"""`python -m portal sla …`"""

import ast
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import portal.sla
from portal.sla import shipped_policies
from portal.sla.cli import sla
from tests.sla.test_broken_policies import SOUND

CSV = """received_at,plan,severity,first_response_at
2026-11-23T09:00:00Z,team,normal,2026-11-23T11:00:00Z
2026-11-23T09:00:00Z,team,high,2026-11-24T11:00:00Z
2026-11-23T09:00:00Z,starter,,
2026-11-23T09:00:00Z,free,,
"""


def sla_(*arguments: str | Path) -> Result:
    return CliRunner().invoke(sla, [str(argument) for argument in arguments])


def quote(*arguments: str) -> Result:
    return sla_("quote", "--policy", "demo", "--plan", "team", "--at", "2026-11-23T09:00:00Z", *arguments)


def test_quote_as_json_and_as_text():
    assert json.loads(quote("--json").stdout)["first_response"]["due_at"] == "2026-11-24T08:15:00Z"
    said = quote("--zone", "America/New_York").stdout
    assert "Due on Tue, 24 Nov 2026, 03:15 GMT-05:00 (09:15 CET at support)." in said and "Faster would be:" in said


@pytest.mark.parametrize(("wrong", "says"), [
    (("--severity", "dire"), "--severity: unknown severity 'dire' (valid: high, normal, low)"),
    (("--zone", "Mars/Olympus"), "--zone: 'Mars/Olympus' is no IANA time zone"),
    (("--at", "yesterday"), "--at: 'yesterday' is no ISO 8601 instant"),
    (("--at", "2026-11-23T09:00:00"), "--at: '2026-11-23T09:00:00' has no time zone"),
    (("--plan", "gold"), "--plan: unknown plan 'gold'"),
    (("--policy", "nowhere.toml"), "--policy: nowhere.toml: can't be read"),
    (("--colour", "red"), "No such option"),
])  # fmt: skip
def test_wrong_options_take_one_line_and_exit_2(wrong, says):
    result = quote(*wrong)
    assert result.exit_code == 2 and result.stdout == ""
    assert says in result.stderr and result.stderr.count("\n") == 1


def test_an_unknown_command_is_named():
    result = sla_("quot")
    assert result.exit_code == 2 and result.stderr.count("\n") == 1 and "Known are check, diff" in result.stderr


def test_a_folder_is_no_policy(tmp_path: Path):
    result = sla_("check", tmp_path)
    assert result.exit_code == 1 and "can't be read (Is a directory)" in result.stderr


def test_a_missing_option_is_named():
    result = sla_("quote", "--policy", "demo")
    assert (result.exit_code, result.stderr) == (2, "Error: sla quote: Missing option '--plan'.\n")


@pytest.mark.parametrize("policy", shipped_policies())
def test_table_of_every_shipped_policy(policy):
    assert "first response" in sla_("table", "--policy", policy).stdout
    rows = json.loads(sla_("table", "--policy", policy, "--json").stdout)["rows"]
    assert rows and all(row["first_response"] or row["basis"] == "none" for row in rows)


def test_table_tells_what_differs_by_product_region_and_channel():
    rows = json.loads(sla_("table", "--policy", "demo", "--json").stdout)["rows"]
    special = {(row["product"], row["region"], row["channel"]) for row in rows if row["topic"] == "product"}
    assert {("relay", None, None), (None, "us", None), (None, None, "chat")} <= special


def test_check_says_what_is_wrong_and_exits_1(tmp_path: Path):
    path = tmp_path / "draft.toml"
    path.write_text(SOUND, encoding="utf-8")
    assert sla_("check", path).exit_code == 0
    path.write_text(SOUND.replace("rank = 1", "rnk = 1"), encoding="utf-8")
    result = sla_("check", path)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == f"{path}:33: plans.free.rnk: unknown key; did you mean 'rank'?"


def test_diff_says_what_customers_gain_and_lose(tmp_path: Path):
    assert "Free with Support no longer has Live chat." in sla_("diff", "zoom-classic", "zoom").stdout
    back = sla_("diff", "zoom", "zoom-classic").stdout
    assert "Customers gain:\n  Free with Support now has Live chat." in back
    assert sla_("diff", "demo", "demo").stdout == "Nothing that a customer would notice.\n"


def test_simulate_counts_kept_and_missed(tmp_path: Path):
    path = tmp_path / "tickets.csv"
    path.write_text(CSV, encoding="utf-8")
    result = json.loads(sla_("simulate", "demo", "--tickets", path, "--json").stdout)
    assert result["counts"] == {"kept": 1, "missed": 1, "unanswered": 1, "unpromised": 0, "refused": 1}
    assert "team     standard  high" in sla_("simulate", "demo", "--tickets", path).stdout


def test_simulate_names_the_lines_that_it_can_not_use(tmp_path: Path):
    path = tmp_path / "tickets.csv"
    path.write_text(CSV + "soon,team,,\n2026-11-23T09:00:00Z,gold,,\n2026-11-23T09:00:00Z,team\n", encoding="utf-8")
    result = sla_("simulate", "demo", "--tickets", path)
    assert result.exit_code == 1
    assert [line.split(": ", 1)[1] for line in result.stderr.splitlines()] == [
        "line 6: received_at: 'soon' is no ISO 8601 instant such as 2026-11-22T17:00:00Z",
        "line 7: plan: unknown plan 'gold' (valid: enterprise, business, team, starter, trial, free)",
        "line 8: -: has not as many cells as the heading",
    ]


def test_simulate_names_columns_that_are_missing_or_unknown(tmp_path: Path):
    path = tmp_path / "tickets.csv"
    path.write_text("plan,colour\nteam,red\n", encoding="utf-8")
    said = sla_("simulate", "demo", "--tickets", path).stderr
    assert "line 1: received_at: this column is missing" in said and "line 1: colour: unknown column" in said


def test_the_module_imports_nothing_of_the_rest():
    found = set()
    for path in Path(portal.sla.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
    own = {name for name in found if name.startswith("portal")}
    assert all(name.startswith("portal.sla") for name in own)
    libraries = {name.split(".")[0] for name in found - own} - sys.stdlib_module_names
    assert libraries == {"babel", "click", "holidays"}
