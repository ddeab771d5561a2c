"""The policy file is the one place of its figures, and no file knows this machine or a package registry."""

import ast
import re
from pathlib import Path

from tests.house.tree import code, files, name, parsed, told

UNITS = (
    r"(?:hours?|hrs?|h|minutes?|min|(?:business |working )?days?|%|per ?cent|Stunden?|Minuten|Tagen?|часов|часа|小时)"
)
FIGURE = re.compile(rf"(?<![\w.(/-])\d+(?:[.,]\d+)?\s?{UNITS}(?![\w(])", re.IGNORECASE)
CLOCK_TIME = re.compile(r"(?<![\d:.-])(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:])")
PROMISING = re.compile(
    r"respon|repl(?:y|ies)|answer|support is|guarantee|uptime|Antwort|antwoord|svar|ответ|回复|答复|opening hours",
    re.IGNORECASE,
)
SLA = "portal/sla/"
# Where such a figure may stand although it's no policy file, and why it isn't a copy of one.
OTHERS = {
    "portal/config.py": "limits and sizes of the portal itself",
    "portal/front/styleguide.py": "invented examples for people who write templates",
    "portal/desk/words.py": "how a span that is left over is written",
    "portal/demo/": "what the invented customers wrote",
}


def figures(text: str) -> list[str]:
    return [found[0] for found in (*FIGURE.finditer(text), *CLOCK_TIME.finditer(text))]


def spoken(path: Path) -> list[tuple[int, str]]:
    """The literal texts of a module but for its docstrings."""
    tree = parsed(path)
    silent = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [(node.lineno, node.value) for node in strings if id(node) not in silent]


def test_the_code_repeats_no_figure_of_a_policy() -> None:
    offences = []
    for path in code():
        if not name(path).startswith((SLA, *OTHERS)):
            offences += [f"{name(path)}:{line} {figures(text)}" for line, text in spoken(path) if figures(text)]
    assert not offences, told(offences)


def test_the_templates_repeat_no_figure_of_a_policy() -> None:
    offences = []
    for path in files("templates"):
        if path.suffix in (".html", ".txt") and "styleguide" not in path.parts:
            # Without Jinja's comments and blocks ("== 1 %}"), and attributes whose figures are sizes on the screen.
            drawn = r"{#.*?#}|{%.*?%}|\b(?:d|points|width|height|x\d?|y\d?|sizes|style)=\"[^\"]*\""
            text = re.sub(
                drawn, lambda cut: "\n" * cut[0].count("\n"), path.read_text(encoding="utf-8"), flags=re.DOTALL
            )
            for line, content in enumerate(text.splitlines(), 1):
                offences += [f"{name(path)}:{line} {figures(content)}"] if figures(content) else []
    assert not offences, told(offences)


def test_the_demo_articles_leave_promises_to_the_policy_page() -> None:
    offences = []
    for path in files("knowledge/demo", ending=".md"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if PROMISING.search(line) and figures(line):
                offences.append(f"{name(path)}:{number} {figures(line)} in {line[:100]!r}")
    assert not offences, told(offences)


def test_spans_of_time_in_tickets_and_desk_come_from_the_policy() -> None:
    """`timedelta(hours=…)` with a figure would be a target that nobody finds in the policy file."""
    offences = []
    for path in code():
        if name(path).startswith(("portal/tickets/", "portal/desk/", "portal/accounts/entitlement", "portal/front/")):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("timedelta"):
                    spans = [
                        k
                        for k in node.keywords
                        if k.arg == "hours" and isinstance(k.value, ast.Constant) and k.value.value != 1
                    ]
                    offences += [f"{name(path)}:{node.lineno} {ast.unparse(node)}" for _ in spans]
    assert not offences, told(offences)


HOSTS = re.compile(
    r"(?:pypi|python" + r"hosted|npm" + r"js|crates|rubygems|ghcr|docker)\.(?:org|com|io)\b", re.IGNORECASE
)
PLACES = re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|Us" + r"ers/\w+)/")


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine() -> None:
    offences = []
    for path in files():
        if path.suffix in (".woff2", ".png", ".ico", ".mo", ".jpg", ".webp", ".pyc") or name(path) == ".git":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            found = HOSTS.search(line) or PLACES.search(line)
            if found:
                offences.append(f"{name(path)}:{number} {found[0]}")
    assert not offences, told(offences)
