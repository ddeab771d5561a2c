"""The desk: the pages of those who answer, over the tickets' tables."""

from flask import Flask


def init_desk(app: Flask) -> None:
    from portal.desk.views import bp

    app.register_blueprint(bp)
