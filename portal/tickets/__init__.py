"""Tickets: filing, conversation, promise and clocks."""

from flask import Flask


def init_tickets(app: Flask) -> None:
    from portal.tickets import ticket  # noqa: F401  (its tables)
    from portal.tickets.views import bp

    app.register_blueprint(bp)
