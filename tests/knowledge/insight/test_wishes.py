"""'Tell me when this is answered': asked, confirmed, answered once, and ended."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.edition import Edition
from knowledge.search.guidance import Synonym, Wish
from knowledge.search.wishes import forget_wishes, look_for_wishes
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from tests import cast

As = Callable[[str], FlaskClient]
Write = Callable[..., str]
LINK = re.compile(r"http://127\.0\.0\.1:8000(/search/wish/\S+)")


def ask(browser: FlaskClient, text: str = "opc bridge", email: str = "Vera@visitor.example") -> str:
    answer = browser.post("/search/wish", data={"q": text, "email": email})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def mails(app: Flask) -> list[Mail]:
    with app.app_context():
        run_due()
        return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def link_of(mail: Mail) -> str:
    found = LINK.search(mail.text)
    assert found, mail.text
    return found[1]


def wish(app: Flask, client: FlaskClient, text: str = "opc bridge", email: str = "vera@visitor.example") -> str:
    """A confirmed wish; returns its link."""
    ask(client, text, email)
    link = link_of(mails(app)[-1])
    assert client.post(link).status_code == 200
    return link


def look(app: Flask) -> None:
    """As the publishing of an article has it done."""
    from knowledge.articles.article import Article

    with app.app_context():
        look_for_wishes(db.session.scalars(select(Article.id)).all())
        db.session.commit()


def test_an_address_is_asked_first_and_told_once(app: Flask, client: FlaskClient, write: Write) -> None:
    link = wish(app, client)
    write(title="An OPC bridge", body="How to bridge.")
    look(app)
    look(app)
    _, told = mails(app)
    assert told.recipient == "vera@visitor.example"
    assert "An OPC bridge" in told.text
    assert "/kb/harbour?in=en" in told.text
    assert told.unsubscribe == f"http://127.0.0.1:8000{link}/stop"


def test_a_get_changes_nothing(app: Flask, client: FlaskClient) -> None:
    ask(client)
    link = link_of(mails(app)[0])
    assert client.get(link).status_code == 200
    assert client.get(f"{link}/stop").status_code == 200
    with app.app_context():
        assert db.session.scalars(select(Wish)).one().confirmed_at is None


def test_a_mail_program_ends_it_with_one_post(app: Flask, client: FlaskClient) -> None:
    link = wish(app, client)
    for _ in range(2):
        answer = app.test_client().post(f"{link}/stop", data={"List-Unsubscribe": "One-Click"}, csrf=False)
        assert answer.status_code == 200
    with app.app_context():
        assert db.session.scalars(select(Wish)).all() == []
    assert client.get(link).status_code == 404


def test_who_has_not_confirmed_is_told_nothing(app: Flask, client: FlaskClient, write: Write) -> None:
    ask(client)
    write(title="An OPC bridge")
    look(app)
    assert len(mails(app)) == 1


def test_the_answer_is_the_same_for_every_address(app: Flask, client: FlaskClient, world: cast.World) -> None:
    known = world.email("customer")
    wish(app, client, email=known)
    for email in (known, "nobody@visitor.example"):
        assert f"We have sent a mail to {email}." in ask(app.test_client(), email=email)
    assert [mail.recipient for mail in mails(app)].count(known) == 1, "who waits already is not asked again"


def test_nobody_has_words_of_theirs_sent_to_others(app: Flask, client: FlaskClient) -> None:
    """The portal is no relay: what was searched for stands on the page, not in the mail that asks a stranger."""
    ask(client, "You have won at prize.example")
    [asked] = mails(app)
    assert "prize" not in asked.subject + asked.text + asked.html
    assert "prize.example" in client.get(link_of(asked)).text


def test_one_address_gets_few_mails_a_day(app: Flask, client: FlaskClient) -> None:
    for number in range(8):
        ask(client, f"bridge number{number}")
    assert len(mails(app)) == 5


def test_one_client_asks_so_often(client: FlaskClient) -> None:
    answers = [client.post("/search/wish", data={"q": "x y", "email": f"a{n}@visitor.example"}) for n in range(12)]
    assert [answer.status_code for answer in answers].count(429) == 2


def test_an_account_presses_once(app: Flask, as_: As, write: Write, world: cast.World) -> None:
    assert "We will tell you" in as_("customer").post("/search/wish", data={"q": "opc bridge"}).text
    write(title="The OPC bridge", visibility="signed-in")
    look(app)
    [told] = mails(app)
    assert told.recipient == world.email("customer")


def test_what_somebody_may_not_read_answers_nothing(app: Flask, client: FlaskClient, as_: As, write: Write) -> None:
    wish(app, client)
    as_("customer").post("/search/wish", data={"q": "opc bridge"})
    write(title="The OPC bridge", visibility="staff")
    look(app)
    assert len(mails(app)) == 1


@pytest.mark.parametrize(
    ("text", "article", "fires"),
    [
        ("opc bridge", {"title": "OPC", "body": "A bridge between them."}, True),
        ("bridges for the opc", {"title": "OPC bridge"}, True),  # stems, and stop words that tell nothing
        ("opc bridge", {"title": "OPC"}, False),
        ("opc bridge", {"title": "Words", "body": "## One\n\nOPC.\n\n## Two\n\nA bridge."}, False),  # sections apart
        ("bridge", {"title": "Harbour", "body": "There is a bridge."}, False),  # in passing
        ("bridge", {"title": "The bridge"}, True),
        ("BCN-9912", {"title": "Harbour", "body": "It says BCN-9912."}, True),
        ("the and of", {"title": "The and of"}, False),
        ("许可证转移", {"title": "许可证转移", "lang": "zh"}, True),
        ("许可证转移", {"title": "许可证", "lang": "zh"}, False),
    ],
)
def test_all_telling_words_must_stand_in_a_section(
    text: str, article: dict[str, str], fires: bool, app: Flask, client: FlaskClient, write: Write
) -> None:
    wish(app, client, text)
    write(**article)
    look(app)
    assert len(mails(app)) == 1 + fires


def test_secrets_are_not_kept(app: Flask, client: FlaskClient) -> None:
    ask(client, "cannot connect as karl@plant.example")
    with app.app_context():
        run_due()
        kept = db.session.scalars(select(Wish)).one()
        assert "karl@plant.example" not in kept.text + kept.folded
    assert all("karl@plant.example" not in mail.text for mail in mails(app))


def test_what_is_no_address_and_no_search_is_refused(client: FlaskClient) -> None:
    assert client.post("/search/wish", data={"q": "opc", "email": "nonsense"}).status_code == 422
    assert client.post("/search/wish", data={"q": "", "email": "a@visitor.example"}).status_code == 422
    assert client.post("/search/wish", data={"q": "x" * 300, "email": "a@visitor.example"}).status_code == 422


def test_what_nobody_confirmed_is_forgotten(app: Flask, client: FlaskClient) -> None:
    ask(client)
    mails(app)
    with app.app_context():
        assert forget_wishes(now=utcnow()) == 0
        assert forget_wishes(now=utcnow() + timedelta(days=8)) == 1


def test_a_search_that_finds_nothing_offers_it(client: FlaskClient, write: Write) -> None:
    write()
    page = client.get("/search?q=zeppelin").text
    assert 'action="/search/wish"' in page
    assert client.get("/search/wish?q=zeppelin").status_code == 200
    piece = client.get("/search/wish?q=zeppelin", headers={"HX-Request": "true"}).text
    assert 'name="csrf_token"' in piece
    assert "<html" not in piece


def test_editors_see_how_many_wait(app: Flask, client: FlaskClient, as_: As, searched: Callable[..., int]) -> None:
    searched("opc bridge")
    wish(app, client)
    page = as_("editor").get("/kb/desk/insight/nothing").text
    assert re.search(r'data-label="Waiting for an answer" class="num">1<', page)
    assert "vera@visitor.example" not in page


@pytest.mark.parametrize(
    ("text", "words", "lang", "tells"),
    [
        ("notebook dead", ["laptop", "notebook"], "", True),
        ("notebook dead", ["laptop", "notebook"], "en", True),
        ("notebook dead", ["laptop", "notebook"], "de", False),
        ("dead mobile computers", ["laptop", "mobile computer"], "en", True),
        ("notebook dead", ["tablet", "notebook"], "", False),
    ],
)
def test_synonyms_answer_as_they_do_in_a_search(
    app: Flask, client: FlaskClient, write: Write, text: str, words: list[str], lang: str, tells: bool
) -> None:
    with app.app_context():
        db.session.add(Synonym(words=words, lang=lang))
        Edition.advance()
        db.session.commit()
    wish(app, client, text=text)
    write(title="A laptop that is dead", body="Charge it.")
    look(app)
    assert [mail.text.count("A laptop that is dead") > 0 for mail in mails(app)[1:]] == [True] * tells


def test_a_synonym_of_one_way_answers_one_way(app: Flask, client: FlaskClient, write: Write) -> None:
    with app.app_context():
        db.session.add(Synonym(words=["laptop", "notebook"], is_one_way=True))
        Edition.advance()
        db.session.commit()
    wish(app, client, text="notebook dead")
    write(title="A laptop that is dead", body="Charge it.")
    look(app)
    assert len(mails(app)) == 1
