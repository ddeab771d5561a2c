"""Triage: the vendor's word on the severity, told to the customer, and what it does to the clocks."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.mail import Mail
from portal.tickets import clocks, quoting
from tests.desk.rows import the


def offered(number: int) -> list[str]:
    ticket = the(number)
    return list(quoting.severities(clocks.policy_of(ticket), ticket.tier, ticket.topic))


@pytest.mark.fact("Z10")
def test_the_severity_is_corrected_and_the_customer_told(app: Flask, number: int, agent: FlaskClient) -> None:
    with app.app_context():
        lowest, mails = offered(number)[-1], db.session.query(Mail).count()
    answer = agent.post(f"/desk/{number}/triage", data={"severity": lowest, "reason": "There is a way around it."})
    assert answer.status_code == 302
    with app.app_context():
        assert the(number).severity == lowest
        assert db.session.query(Mail).count() == mails + 1
    assert "There is a way around it." in agent.get(f"/desk/{number}").text


@pytest.mark.fact("Z11")
def test_the_notice_stops_the_clock_where_the_policy_says_so(app: Flask, number: int, agent: FlaskClient) -> None:
    with app.app_context():
        stops = the(number).promise["stops_on"]
        severity = the(number).severity or offered(number)[0]
    agent.post(f"/desk/{number}/triage", data={"severity": severity})
    with app.app_context():
        assert bool(the(number).first_responded_at) == ("triage" in stops)


def test_another_severity_is_refused(app: Flask, number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/triage", data={"severity": "apocalyptic"}).status_code == 422
    with app.app_context():
        assert not any(event.kind == "triaged" for event in the(number).events)


def test_the_same_again_is_refused_with_a_reason(app: Flask, number: int, agent: FlaskClient) -> None:
    with app.app_context():
        severity = offered(number)[0]
    agent.post(f"/desk/{number}/triage", data={"severity": severity})
    answer = agent.post(f"/desk/{number}/triage", data={"severity": severity})
    assert answer.status_code == 422 and "already" in answer.text


def test_the_mail_says_what_is_due_by_the_time_it_names(app: Flask, number: int, agent: FlaskClient) -> None:
    """A time alone leaves open whether a response, an update or the resolution is meant."""
    with app.app_context():
        severity = the(number).severity
    agent.post(f"/desk/{number}/triage", data={"severity": severity})
    agent.post(f"/desk/{number}/reply", data={"body": "Looking into it."})
    with app.app_context():
        lowest = offered(number)[-1]
    agent.post(f"/desk/{number}/triage", data={"severity": lowest})
    said = {
        "first_response": "You get a first response by:",
        "next_response": "You get the next response by:",
        "update": "You get the next update by:",
        "resolution": "It is due to be resolved by:",
    }
    with app.app_context():
        clock = clocks.next_clock(the(number))
        mail = db.session.scalars(db.select(Mail).order_by(Mail.id.desc())).first()
        assert clock and mail and said[clock] in mail.text and said[clock] in mail.html
        assert clock in ("update", "resolution")
