"""Style sheets, scripts, fonts and pictures: sent before the application is asked, so they cost no session and no log.

The web server could send them itself, and faster, but without headers: an SVG opened by its address would then be a
page of the portal in which scripts run.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.utils import send_from_directory

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_AGE = 7 * 24 * 3600  # seconds; addresses carry the content's hash, only the fonts' don't
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def init_assets(app: Flask) -> None:
    app.wsgi_app = Assets(app)  # type: ignore[method-assign]


class Assets:
    """The files of the static folder; everything else, and a file that isn't there, is the application's."""

    def __init__(self, app: Flask) -> None:
        self.portal = app.wsgi_app
        self.prefix, self.folder = f"{app.static_url_path}/", str(app.static_folder)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(self.prefix) or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.portal(environ, start_response)
        try:
            response = send_from_directory(self.folder, path.removeprefix(self.prefix), environ, max_age=MAX_AGE)
        except NotFound:
            return self.portal(environ, start_response)
        response.headers.update(HEADERS)
        return response(environ, start_response)
