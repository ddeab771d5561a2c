"""Lists and closed days, written as the reader's language writes them."""

import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup

from portal.formats import closed_days, filesize, listed
from portal.sla import load_policy, shipped_policies
from portal.sla.calendar import HolidaySource, public_holidays
from portal.sla.text import Text
from portal.sla.wording import HOLIDAYS, OBSERVED, Voice

YEARS = range(2024, 2036)


@pytest.mark.parametrize(
    ("language", "written"), [("en", "Free, Team and Gold"), ("de", "Free, Team und Gold"), ("zh", "Free、Team和Gold")]
)
def test_names_are_listed_as_the_language_does(app: Flask, language: str, written: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert listed(["Free", Text("Team"), "Gold"]) == written


def test_what_is_marked_up_stays_so_and_the_rest_is_escaped(app: Flask) -> None:
    with app.test_request_context():
        assert listed([Markup("<b>A</b>"), "<i>"]) == "<b>A</b> and &lt;i&gt;"
        assert listed([]) == ""


def test_no_list_of_the_chinese_policy_page_is_joined_the_english_way(client: FlaskClient) -> None:
    page = client.get("/support-policy?lang=zh").text
    names = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r'<th scope="row">(.*?)</th>', page)]
    assert any("、" in name for name in names)
    assert not [name for name in names if "," in name]


def test_every_holiday_of_a_shipped_policy_can_be_said_in_every_language() -> None:
    sources = {s for id_ in shipped_policies() for c in load_policy(id_).calendars.values() for s in c.holidays}
    assert sources
    for name in (name for s in sources for year in YEARS for name in public_holidays(s, year).values()):
        assert str(name).removesuffix(OBSERVED) in HOLIDAYS, name


def test_a_holiday_is_called_by_its_own_name_else_translated() -> None:
    words = {"King's Day": "国王节", "Veterans Day": "退伍军人节", "%(name)s (observed)": "%(name)s(补休)"}
    chinese = Voice("zh", translate=lambda message: words.get(message, message))
    kings_day = public_holidays(HolidaySource("NL"), 2026)[date(2026, 4, 27)]
    assert Voice("nl").closure(kings_day) == ("Koningsdag", "nl")
    assert chinese.closure(kings_day) == ("国王节", "zh")
    assert chinese.closure(Text("Veterans Day (observed)")) == ("退伍军人节(补休)", "zh")


def test_a_holiday_without_a_translation_keeps_the_name_of_its_country(app: Flask) -> None:
    epiphany = public_holidays(HolidaySource("PL"), 2026)[date(2026, 1, 6)]
    assert Voice("zh").closure(epiphany) == ("Święto Trzech Króli", "pl")
    assert str(epiphany) == "Epiphany"
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert '<span lang="pl">Święto Trzech Króli</span>' in closed_days([(date(2026, 1, 6), epiphany)])


def test_a_closed_day_of_the_policy_is_said_in_english_where_it_isnt_translated() -> None:
    assert Voice("zh").closure(Text({"de": "Betriebsausflug", "en": "Outing"})) == ("Outing", "en")


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "14 bytes, 1.2 kB, 12 MB, 3 GB"),
        ("de", "14 Byte, 1,2 kB, 12 MB, 3 GB"),
        ("ru", "14 байт, 1,2 кБ, 12 МБ, 3 ГБ"),
    ],
)
def test_sizes_are_in_the_units_of_the_language(app: Flask, language: str, written: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        sizes = (filesize(size) for size in (14, 1_240, 12_300_000, 3_000_000_000))
        assert ", ".join(sizes).replace("\xa0", " ") == written
