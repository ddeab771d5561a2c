"""What changes between two policies, said in one language throughout."""

import re
from datetime import date

import pytest

from portal.sla import load_policy
from portal.sla.diff import differences
from portal.sla.steps import Days, Step
from portal.sla.text import Text
from portal.sla.wording import Voice

PLACE = re.compile(r"(%\(\w+\)s)|[A-Za-z']+")
# Names that the policies write in Latin letters for Chinese readers too.
NAMES = {"API", "Asia", "Atlas", "Beacon", "Berlin", "Business", "Enterprise", "Europe", "Amsterdam", "Relay", "Remote"}
NAMES |= {"Access", "SLA", "Shanghai", "PIN", "Starter", "Team"}


def blanked(message: str) -> str:
    """A translation without a word of English, as a catalogue would leave none."""
    return PLACE.sub(lambda found: found[1] or "", message)


def said(old: str, new: str, voice: Voice) -> list[str]:
    return [voice.say(item.step) for item in differences(load_policy(old), load_policy(new))]


@pytest.mark.parametrize(("old", "new"), [("teamviewer-eu", "teamviewer-cn"), ("teamviewer-cn", "demo")])
def test_a_translated_sentence_has_no_english_in_it(old: str, new: str) -> None:
    voice = Voice("zh", translate=blanked, translate_plural=lambda one, many, number: "%(number)s")
    for sentence in said(old, new, voice):
        assert set(re.findall(r"[A-Za-z]{3,}", sentence)) <= NAMES, sentence


def test_plans_tiers_and_severities_are_named_in_the_readers_language() -> None:
    german = "\n".join(said("teamviewer-cn", "demo", Voice("de")))
    assert "Webticket" in german or "Web-Ticket" in german
    assert "Mo-Do 08:30-12:30" in german.replace(".", "")
    assert "Niederländisch" in german and "Dutch" not in german


def test_the_weekdays_are_the_right_ones() -> None:
    english = "\n".join(said("teamviewer-eu", "demo", Voice("en")))
    assert "Mon-Thu 08:30-12:30 13:15-18:00 and Fri 08:30-12:30 13:15-17:00 (Europe/Amsterdam)" in english


def test_a_step_within_a_step_is_kept() -> None:
    day = Days(((date(2026, 1, 6), Text({"pl": "Trzech Króli", "en": "Epiphany"}, "pl")),), 0, 0)
    step = Step("outer", "%(who)s: %(days)s", {"who": Step("inner", "%(name)s!", {"name": Text("Ada")}), "days": day})
    again = Step.from_json(step.to_json())
    assert again == step
    assert Voice("en").say(again) == "Ada!: Tue 6 Jan (Epiphany)"
    assert "Trzech" in Voice("zh").say(again)
