"""The project's own files, as the house rules see them: no libraries, nothing that a portal or a build made."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = {".git", ".venv", "node_modules", "__pycache__", ".chromium", "dist", "instance", "vendor", ".hypothesis"}
CACHES = (".pytest_cache", ".mypy_cache", ".ruff_cache")
ROUTE = re.compile(r"(bp|app|blueprint)\.(get|post|put|patch|delete|route)$")


def files(*folders: str, ending: str = "") -> Iterator[Path]:
    """Own files below the folders (all of them without any), as absolute paths."""
    for folder in folders or (".",):
        for path in sorted((ROOT / folder).rglob(f"*{ending}")):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not FOREIGN.intersection(parts) and not parts[0].startswith(CACHES):
                yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def code() -> list[Path]:
    """The Python of the two packages; migrations are generated."""
    return [path for path in files("portal", "knowledge", ending=".py") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef))


def views(path: Path) -> list[ast.FunctionDef]:
    """The functions with a route."""
    return [f for f in functions(path) if any(ROUTE.search(_called(mark)) for mark in f.decorator_list)]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, wherever in it; `from a import b` gives `a.b`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _called(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def told(offences: list[str]) -> str:
    """What a failing rule prints: every offence on a line of its own."""
    return "\n  ".join(["", *offences])
