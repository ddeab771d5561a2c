"""Files of the static folder, by the way that the running portal sends them."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.web import CONTENT_SECURITY_POLICY


def fetched(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    with client.get(path, headers=headers) as answer:
        answer.get_data()
    return answer


@pytest.mark.parametrize("path", ["/static/icons.svg", "/static/img/logo.svg", "/static/css/base.css"])
def test_a_file_is_sent_shut_off(client: FlaskClient, path: str) -> None:
    answer = fetched(client, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_is_kept_by_the_browser_and_names_no_reader(client: FlaskClient) -> None:
    answer = fetched(client, "/static/css/base.css", **{"Accept-Language": "de"})
    assert "public" in answer.headers["Cache-Control"] and "max-age=604800" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers and "Vary" not in answer.headers
    again = fetched(client, "/static/css/base.css", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


@pytest.mark.parametrize(
    "path", ["/static/none.css", "/static/", "/static/css", "/static/../pyproject.toml", "/static/%00"]
)
def test_what_is_no_file_of_the_folder_gets_the_portals_page(client: FlaskClient, path: str) -> None:
    answer = fetched(client, path)
    assert answer.status_code == 404
    assert "sandbox" not in answer.headers["Content-Security-Policy"]
    assert CONTENT_SECURITY_POLICY["default-src"] in answer.headers["Content-Security-Policy"]


def test_a_file_is_only_read(client: FlaskClient) -> None:
    assert client.post("/static/icons.svg").status_code == 405
