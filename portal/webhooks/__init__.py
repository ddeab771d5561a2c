"""Webhooks: what happens to tickets, told to programs elsewhere. docs/api.md has the rules."""

from flask import Flask


def init_webhooks(app: Flask) -> None:
    from portal.webhooks import delivering, pages  # noqa: F401  (the jobs)

    app.register_blueprint(pages.bp)
