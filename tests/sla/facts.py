"""Which test proves which fact of the source policies. `python -m tests.sla.facts` prints the list.

A test says what it proves by its mark, `@pytest.mark.fact("T18", "T16")`.
"""

import ast
import sys
from pathlib import Path

HERE = Path(__file__).parent
FACTS = tuple([f"T{n}" for n in range(1, 26)] + [f"Z{n}" for n in range(1, 17)] + [f"R{n}" for n in range(1, 20)])
BEYOND_A_POLICY = {
    "Z11": "the stopping event is data (`clocks.stops_on`); whether a ticket is 'proper' is the form's business",
    "R13": "the ways of recognition are data; comparing e-mail addresses and claiming keys is the accounts area's",
    "T11": "that a receipt is sent is data; the mail with the number is the tickets area's",
    "T12": "that callers give the number is data; finding the ticket by it is the desk's",
}
NO_POLICY_CAN: dict[str, str] = {}  # every fact has at least a part that stands in a policy file


def proofs() -> dict[str, list[str]]:
    """The tests by fact id, read from their marks."""
    found: dict[str, list[str]] = {fact: [] for fact in FACTS}
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for fact in _marked(node):
                    found.setdefault(fact, []).append(f"{path.name}::{node.name}")
    return found


def _marked(node: ast.FunctionDef) -> list[str]:
    return [
        str(argument.value)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fact"
        for argument in mark.args
        if isinstance(argument, ast.Constant)
    ]


def main() -> int:
    found = proofs()
    for fact, tests in found.items():
        print(f"{fact:4} {', '.join(tests) or NO_POLICY_CAN.get(fact, 'NOT PROVED')}")
        if fact in BEYOND_A_POLICY:
            print(f"     in part: {BEYOND_A_POLICY[fact]}")
    print(f"{sum(bool(tests) for tests in found.values())} of {len(FACTS)} facts proved; no policy can express "
          f"{', '.join(NO_POLICY_CAN) or 'none'}")  # fmt: skip
    return any(not tests and fact not in NO_POLICY_CAN for fact, tests in found.items())


if __name__ == "__main__":
    sys.exit(main())
