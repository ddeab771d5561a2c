"""Who may import what, and who may commit."""

import ast
from pathlib import Path

from tests.house.tree import code, functions, imports, name, parsed, told, views

# The core reads the policy files, the holidays and the zones; its own commands speak through click.
CORE_MAY = {"holidays", "babel", "click"}
# Where the portal may know of the knowledge: at the start, where a ticket is filed, where both are shown, counted or
# filled, and where everything is looked at.
KNOWS = (
    *("portal/__init__.py", "portal/tickets/", "portal/front/", "portal/demo/", "portal/doctor.py"),
    *("portal/reports/", "portal/partner/"),
)
# Modules that end a transaction although no route is in them, and why.
COMMITTERS = {
    "portal/jobs.py": "runs the jobs",
    "portal/accounts/signing_in.py": "ends the requests of Flask-Security's pages",
    "portal/operating.py": "commands",
    "portal/doctor.py": "a command",
    "knowledge/search/memory.py": "writes in a thread of its own, after the answers",
    "portal/mailroom/receiving.py": "takes mail in, one transaction each",
    "portal/forgetting.py": "what the worker does at night",
    "portal/status/sending.py": "notes each mail when it is sent",
    "portal/chat/ending.py": "what the worker does each minute",
    "portal/status/probing.py": "what the worker does each minute",
    "portal/status/raising.py": "the same, for what has been calm since",
    "portal/status/maintenance.py": "what the worker does each minute",
    "portal/billing/renewing.py": "what the worker does each hour",
    "portal/billing/dunning.py": "what the worker does each hour",
    "portal/billing/expiring.py": "what the worker does each night",
    "portal/partner/ending.py": "what the worker does each night",
    "portal/billing/crediting.py": "what the worker does each hour",
    "portal/billing/provider/checkout.py": "ends what was written before the provider is asked",
    "portal/billing/provider/charging.py": "the same, in a job",
    "portal/billing/provider/reconciling.py": "what the worker does each night",
    "portal/tickets/rounds.py": "what the worker does each minute",
    "knowledge/exchange/importing_topics.py": "what the command `community import` runs, a hundred topics each",
    "knowledge/community/digest.py": "what the worker does every ten minutes",
    "portal/status/uptime_reports.py": "what the worker does each hour",
    "portal/status/offline.py": "takes in what was posted without the database, one transaction each",
    "portal/demo/loading.py": "what the command `demo` runs",
}
# Modules without routes that are part of their area's pages all the same.
PAGE_SIDE = {
    *("portal/tickets/keeping.py", "portal/tickets/intake.py", "portal/desk/keeping.py", "portal/partner/keeping.py"),
    "portal/chat/showing.py",
    *("portal/api/gate.py", "portal/api/once.py", "portal/api/asking.py"),
    *("knowledge/search/memory.py", "knowledge/search/narrowing.py"),
}
# The frame around every page.
FRAME = {
    *("portal/web.py", "portal/errors.py", "portal/logs.py", "portal/db.py"),
    *("portal/accounts/signing_in.py", "portal/accounts/sessions.py"),
}


def imported_from(path: Path, *packages: str) -> list[str]:
    wanted = tuple(f"{package}." for package in packages)
    return [f"{name(path)}:{line} imports {what}" for line, what in imports(path) if f"{what}.".startswith(wanted)]


def test_the_sla_module_is_pure() -> None:
    import sys

    known = set(sys.stdlib_module_names) | CORE_MAY
    offences = []
    for path in code():
        if name(path).startswith("portal/sla/"):
            for line, what in imports(path):
                if what.split(".")[0] not in known and not f"{what}.".startswith("portal.sla."):
                    offences.append(f"{name(path)}:{line} imports {what}")
    assert not offences, told(offences)


def test_the_sla_module_has_no_clock() -> None:
    offences = []
    for path in code():
        if name(path).startswith("portal/sla/") and path.stem != "cli":
            for node in ast.walk(parsed(path)):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if called.endswith((".now", ".utcnow", ".today", "time.time", "localtime", "gmtime")):
                    offences.append(f"{name(path)}:{node.lineno} asks the clock: {called}()")
    assert not offences, told(offences)


def test_only_the_search_imports_whoosh() -> None:
    others = [path for path in code() if not name(path).startswith("knowledge/search/")]
    offences = [line for path in others for line in imported_from(path, "whoosh")]
    assert not offences, told(offences)


def test_the_portal_knows_of_the_knowledge_in_few_places() -> None:
    others = [path for path in code() if name(path).startswith("portal/") and not name(path).startswith(KNOWS)]
    offences = [line for path in others for line in imported_from(path, "knowledge")]
    assert not offences, told(offences)


def test_nobody_imports_views() -> None:
    """But the area's own `__init__`, which mounts them, and the other route modules of the same area."""
    pages = {name(path).removesuffix(".py").replace("/", ".") for path in code() if views(path)}
    offences = []
    for path in code():
        area = name(path.parent).replace("/", ".")
        for line, what in imports(path):
            page = next((p for p in pages if f"{what}.".startswith(f"{p}.")), None)
            mounts = path.stem == "__init__" and f"{page}.".startswith(f"{area}.")
            if page and page.rpartition(".")[0] != area and not mounts:
                offences.append(f"{name(path)}:{line} imports {what}")
    assert not offences, told(offences)


def test_only_views_jobs_and_commands_commit() -> None:
    offences = []
    for path in code():
        if name(path) in COMMITTERS or name(path) in PAGE_SIDE or path.stem == "cli" or views(path):
            continue
        for function in functions(path):
            if any(is_command_or_job(mark) for mark in function.decorator_list):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("session.commit"):
                    offences.append(f"{name(path)}:{node.lineno} {function.name}() commits")
    assert not offences, told(offences)


def is_command_or_job(decorator: ast.expr) -> bool:
    called = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return called == "job" or called.endswith((".command", ".task", ".periodic_task"))


def test_verbs_know_no_request() -> None:
    """`by=` and `now=` are arguments: outside of the pages nobody asks who is signed in or what was sent."""
    offences = []
    for path in code():
        if name(path) in FRAME | PAGE_SIDE or views(path) or path.stem in ("forms", "gate"):
            continue
        offences += [
            f"{name(path)}:{line} imports {what}"
            for line, what in imports(path)
            if what in ("flask.request", "flask.session", "flask_login.current_user", "flask.flash")
        ]
    assert not offences, told(offences)
