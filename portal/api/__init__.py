"""The API for programs: the verbs of the pages over JSON, with personal tokens. docs/api.md has its rules."""

from flask import Flask

from portal.web import csrf


def init_api(app: Flask) -> None:
    from portal.api import acts, reading, reference  # noqa: F401  (the routes)
    from portal.api.gate import bp

    csrf.exempt(bp)  # it knows no cookies, so nobody's browser can be made to ask it
    app.register_blueprint(bp)
    app.register_blueprint(reference.bp)
