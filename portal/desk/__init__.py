"""The desk: the pages of those who answer, over the tickets' tables."""

from flask import Flask


def init_desk(app: Flask) -> None:
    import portal.desk.acts
    import portal.desk.mail_in
    import portal.desk.phone
    import portal.desk.queue
    import portal.desk.ticket_page  # noqa: F401  (the routes of all)
    from portal.desk.gate import bp

    app.register_blueprint(bp)
