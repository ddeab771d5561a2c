from flask.testing import FlaskClient


def test_health_needs_no_account(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_a_signed_out_visitor_is_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/tickets/?status=open")
    assert answer.status_code == 302
    assert answer.location.endswith("/account/sign-in?next=/tickets/?status%3Dopen") or "next=" in answer.location


def test_programs_are_told_of_faults_with_the_headers_of_the_page(client: FlaskClient) -> None:
    for accept in ("text/html", "application/json"):
        answer = client.delete("/healthz", headers={"Accept": accept})
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    assert answer.json is not None and answer.json["error"]["code"] == 405
