"""Live chat: where the plan has it and somebody is there, with what was said kept, sent and handed over."""

from flask import Flask


def init_chat(app: Flask) -> None:
    from portal.chat import chat  # noqa: F401
    from portal.chat.ending import init_ending
    from portal.chat.pages import bp

    app.register_blueprint(bp)
    init_ending(app)
