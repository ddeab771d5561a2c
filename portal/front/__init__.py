"""The front hall: home, support policy, health, and what the demo shows."""

from flask import Flask


def init_front(app: Flask) -> None:
    from portal.front.mailbox import bp as mailbox
    from portal.front.views import bp

    app.register_blueprint(bp)
    app.register_blueprint(mailbox)
