"""What surrounds every page is kept; what is one reader's or one address's is put into its place for each."""

from collections.abc import Callable

from flask.testing import FlaskClient

HOSTILE = "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&%3C!--place-of-the-others--%3E=place-of-the-token"


def test_the_language_menu_of_a_visitor_keeps_the_other_arguments(client: FlaskClient) -> None:
    page = client.get("/search?q=lamp&q=two&lang=en&page=1").text
    menu = page[page.index("data-menu") : page.index("</details>")]
    assert menu.count('name="q"') == 2 and 'value="lamp"' in menu and 'name="lang"' not in menu.split("<button")[0]
    assert "lamp" not in client.get("/search?q=").text


def test_the_language_menu_of_a_member_comes_back_to_the_address(as_: Callable[[str], FlaskClient]) -> None:
    customer = as_("customer")
    assert 'name="return_to" value="/search?q=lamp"' in customer.get("/search?q=lamp").text
    assert 'name="return_to" value="/support-policy"' in customer.get("/support-policy").text


def test_an_address_stays_text(client: FlaskClient, as_: Callable[[str], FlaskClient]) -> None:
    for reader in (client, as_("customer")):
        page = reader.get(HOSTILE).text
        assert "<script>alert" not in page and "place-of-the-return" not in page


def test_everybody_has_their_own_token_and_name(as_: Callable[[str], FlaskClient]) -> None:
    customer, stranger = (as_(name).get("/support-policy").text for name in ("customer", "stranger"))
    tokens = {page.split('name="csrf_token" value="')[1].split('"')[0] for page in (customer, stranger)}
    assert len(tokens) == 2 and not any("place-of" in token for token in tokens)
    assert "place-of-the" not in customer + stranger
