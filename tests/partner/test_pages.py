"""A reseller's customers as pages: noted, found, changed, ended and taken up again; never another's."""

import csv
import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from portal.accounts.partnership import PartnerCustomer
from portal.accounts.people import Organisation
from portal.db import db
from tests.billing.test_desk_queries import counted
from tests.partner.conftest import FORM, Area

As = Callable[[str], FlaskClient]


def crowd(area: Area, number: int, name: str = "Customer") -> None:
    with area.app.app_context():
        for n in range(number):
            row = PartnerCustomer(
                public_id=f"{name}-{n}",
                reseller_id=area.world.reseller,
                name=f"{name} {n:02}",
                email=f"{name}-{n}@many.example".lower(),
            )
            db.session.add(row)
        db.session.commit()


def test_a_customer_is_noted_and_changed(area: Area) -> None:
    page = area.add()
    shown = area.rita.get(page).text
    assert "Heron of the quay" in shown and "Pays late." in shown and "Not asked" in shown
    assert area.rita.post(f"{page}/edit", data=FORM | {"name": "Heron, south"}).status_code == 302
    assert "Heron, south" in area.rita.get("/partner/customers").text


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"email": "olga"}, {"starts_on": ""}, {"ends_on": "2025-12-31"}, {"name": "https://x.example"}],
)
def test_a_form_that_lacks_something_says_so(wrong: dict[str, str], area: Area) -> None:
    answer = area.rita.post("/partner/customers/new", data=FORM | wrong)
    assert answer.status_code == 422 and "needs your attention" in answer.text


def test_an_address_is_noted_once_for_a_reseller(area: Area) -> None:
    area.add()
    other = area.add(email="second@heron.example")
    sentence = "olga@heron.example is among your customers already."
    for place in ("/partner/customers/new", f"{other}/edit"):
        again = area.rita.post(place, data=FORM | {"email": "OLGA@heron.example"})
        assert again.status_code == 422 and sentence in again.text


def test_ended_and_taken_up_again(area: Area) -> None:
    page = area.add()
    assert area.rita.post(f"{page}/end").status_code == 302
    assert area.rita.post(f"{page}/end").status_code == 422
    assert area.rita.post(f"{page}/ask").status_code == 422
    assert "Sell to them again" in area.rita.get(page).text
    assert area.rita.post(f"{page}/reopen").status_code == 302
    assert area.rita.post(f"{page}/reopen").status_code == 422


@pytest.mark.parametrize("act", ["", "/edit", "/end", "/reopen", "/ask"])
def test_another_resellers_customer_is_not_there(act: str, area: Area, as_: As) -> None:
    page = area.add()
    with area.app.app_context():
        db.session.get_one(Organisation, area.world.elsewhere).is_reseller = True
        db.session.commit()
    sam = as_("stranger")
    assert sam.get("/partner/customers").status_code == 200
    assert "Heron" not in sam.get("/partner/customers").text
    assert (sam.get if act in ("", "/edit") else sam.post)(page + act).status_code == 404


def test_the_list_is_searched_filtered_and_paged(area: Area) -> None:
    crowd(area, 30)
    area.give(area.ask(area.add()))
    first, second = (area.rita.get(f"/partner/customers?sort=name&page={n}").text for n in (1, 2))
    assert "Customer 24" in first and "Customer 25" not in first and "Customer 29" in second
    found = area.rita.get("/partner/customers?q=customer-7%40").text
    assert "Customer 07" in found and "Customer 08" not in found
    given = area.rita.get("/partner/customers?state=given").text
    assert "Heron of the quay" in given and "Customer 00" not in given
    assert "Nobody fits" in area.rita.get("/partner/customers?state=refused").text
    assert "Nobody fits" in area.rita.get("/partner/customers?q=%25").text


def test_a_list_costs_the_same_however_long(area: Area) -> None:
    asked = []
    for name in ("Few", "Many"):
        crowd(area, 2 if name == "Few" else 20, name)
        for place in ("/partner/customers", "/partner/"):
            area.rita.get(place)
            with counted(area.app) as seen:
                area.rita.get(place)
            asked.append(len(seen))
    assert asked[:2] == asked[2:] and max(asked) <= 12, asked


def test_the_file_holds_what_the_list_shows_and_no_formula(area: Area) -> None:
    area.add(name="=1+1")
    area.give(area.ask(area.add(email="office@heron.example")))
    answer = area.rita.get("/partner/customers?csv=1")
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert answer.mimetype == "text/csv" and lines[0][:4] == ["Name", "E-mail address", "Organisation", "Consent"]
    assert {tuple(line[:4]) for line in lines[1:]} == {
        ("'=1+1", "olga@heron.example", "", "Not asked"),
        ("Heron of the quay", "office@heron.example", "Heron Marine", "Given"),
    }


def test_the_overview_counts_and_names_who_is_asked(area: Area) -> None:
    assert "New customer" in area.rita.get("/partner/").text
    crowd(area, 2)
    area.ask(area.add())
    shown = area.rita.get("/partner/").text
    assert "Not asked: 2" in shown and "Asked: 1" in shown and "Heron of the quay" in shown


def test_what_a_customer_writes_about_themselves_is_shown_as_text(area: Area) -> None:
    page = area.add(note="<script>alert(1)</script>\nsecond line")
    shown = area.rita.get(page).text
    assert "<script>alert" not in shown and "&lt;script&gt;alert(1)&lt;/script&gt;<br>second line" in shown


def test_a_page_that_was_open_can_do_nothing_more_after_the_end_of_the_partnership(area: Area) -> None:
    page = area.add()
    with area.app.app_context():
        db.session.get_one(Organisation, area.world.reseller).is_reseller = False
        db.session.commit()
    assert {area.rita.post(page + act).status_code for act in ("/edit", "/end", "/ask")} == {404}
