"""How long a thing may be, and what it may be called."""

import ast
import re

from tests.house.tree import code, files, functions, name, parsed, told, views

VIEW, FILE, TEMPLATE, SCRIPTS = 25, 400, 120, 300
MODULES = {"utils", "util", "helpers", "helper", "common", "services", "managers", "data", "info", "misc"}
FUNCTIONS = re.compile(r"^_?(handle|process|do)_(?!bind_param$|result_value$)|^_?(data|info)$")  # two are SQLAlchemy's
CLASSES = re.compile(r"(Manager|Helper|Utils|Handler|Processor|Info|Data)$")


def test_a_view_is_short() -> None:
    offences = []
    for path in code():
        for view in views(path):
            length = (view.end_lineno or 0) - view.lineno + 1
            if length > VIEW:
                offences.append(f"{name(path)}:{view.lineno} {view.name} has {length} lines, {VIEW} are allowed")
    assert not offences, told(offences)


def test_a_file_is_short() -> None:
    limits = [(path, FILE) for path in [*code(), *files("tests", "bench", "scripts", ending=".py")]]
    limits += [(path, TEMPLATE) for path in files("templates") if path.suffix in (".html", ".txt")]
    lengths = [(path, len(path.read_text(encoding="utf-8").splitlines()), limit) for path, limit in limits]
    offences = [
        f"{name(path)} has {length} lines, {limit} are allowed" for path, length, limit in lengths if length > limit
    ]
    assert not offences, told(offences)


def test_our_own_javascript_is_little() -> None:
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files("static", ending=".js")}
    assert sum(lines.values()) <= SCRIPTS, lines


def test_no_module_is_a_bag() -> None:
    paths = [*code(), *files("tests", "bench", "scripts", ending=".py")]
    offences = [name(path) for path in paths if MODULES & {path.stem, path.parent.name}]
    assert not offences, told(offences)


def test_names_say_what_they_mean() -> None:
    offences = []
    for path in code():
        offences += [f"{name(path)}:{f.lineno} def {f.name}" for f in functions(path) if FUNCTIONS.search(f.name)]
        classes = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)]
        offences += [f"{name(path)}:{c.lineno} class {c.name}" for c in classes if CLASSES.search(c.name)]
    assert not offences, told(offences)


def test_partials_start_with_an_underscore() -> None:
    """What another template includes is a partial, and says so by its name."""
    offences = []
    for path in files("templates", ending=".html"):
        for included in re.findall(r"{%-?\s*include\s+\"([^\"]+)\"", path.read_text(encoding="utf-8")):
            if not included.rpartition("/")[2].startswith("_"):
                offences.append(f"{name(path)} includes {included}")
    assert not offences, told(offences)
