"""The portal's addresses as text. `python -m tests.house.routes` renews tests/house/routes.txt."""

import tempfile
from pathlib import Path

from flask import Flask

SNAPSHOT = Path(__file__).with_name("routes.txt")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def methods(rule_methods: set[str] | None) -> list[str]:
    return sorted((rule_methods or set()) - {"HEAD", "OPTIONS"})


def lines(app: Flask) -> list[str]:
    """One line a rule: methods, address, endpoint, and who may open it without an account."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        is_public = getattr(view, "is_public", False)
        access = "public" if is_public else "own rules" if is_own(rule.endpoint) else "signed in"
        found.append(f"{rule.rule:<44} {','.join(methods(rule.methods)):<10} {rule.endpoint:<34} {access}".rstrip())
    return sorted(found)


def is_own(endpoint: str) -> bool:
    """Flask-Security's pages, the API and static files decide for themselves who may see them."""
    return endpoint.startswith(("security.", "api.")) or endpoint == "static"


def main() -> None:
    from portal import create_app

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(testing=True, instance=Path(folder), secret_key="only-to-list-routes")
        SNAPSHOT.write_text("\n".join(lines(app)) + "\n", encoding="utf-8")
        print(f"{len(lines(app))} routes written to {SNAPSHOT.name}")


if __name__ == "__main__":
    main()
