"""What was promised and what came of it, in figures: for the desk all of it, for everybody what was kept."""

from flask import Flask


def init_reports(app: Flask) -> None:
    from portal.reports import pages, promise_page, uptime_page

    app.register_blueprint(pages.bp)
    app.register_blueprint(promise_page.bp)
    app.register_blueprint(uptime_page.bp)
