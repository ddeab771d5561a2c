"""Tickets: filing, conversation, promise and clocks."""

from flask import Flask


def init_tickets(app: Flask) -> None:
    from portal.tickets import (  # noqa: F401
        editing,
        file_views,
        following,
        keeping,
        measuring,
        new_views,
        rating_views,
        remote_pages,
        sharing_pages,
        ticket,
        views,
    )
    from portal.tickets.assigning import init_assigning
    from portal.tickets.blueprint import bp
    from portal.tickets.ending import init_ending
    from portal.tickets.prose import prose
    from portal.tickets.watching import init_watching

    app.register_blueprint(bp)
    init_watching(app)
    init_assigning(app)
    init_ending(app)
    app.add_template_filter(prose)
    app.add_template_global(keeping.author_token, "author_token")
    app.add_template_global(lambda: app.extensions["settings"].upload_max_bytes, "upload_max")
