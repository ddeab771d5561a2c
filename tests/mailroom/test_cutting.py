"""What is left of a reply, and what must never be cut."""

import time

import pytest

from portal.mailroom.cutting import letter_of, reply_of
from portal.mailroom.writing import plain

REPLIES = {
    "english": ("It works.\n\nOn Mon, 3 Aug 2026 at 10:00, Support <h@v.example> wrote:\n> Press it.", "It works."),
    "german": ("Danke!\n\nAm 3. August 2026 um 10:00 schrieb Support <h@v.example>:\n> Drücken.", "Danke!"),
    "german, folded": ("Danke!\n\nAm 3. August 2026 um 10:00 schrieb\nSupport <h@v.example>:\n\n> Drücken.", "Danke!"),
    "dutch": ("Goed.\n\nOp 3 augustus 2026 om 10:00 schreef Support:\n> Druk.", "Goed."),
    "danish": ("Tak.\n\nDen 3. august 2026 kl. 10.00 skrev Support:\n> Tryk.", "Tak."),
    "russian": ("Да.\n\n3 августа 2026 г., 10:00, Support <h@v.example> пишет:\n> Нажмите.", "Да."),
    "chinese": ("好。\n\n在 2026年8月3日 10:00,Support 写道:\n> 按。", "好。"),
    "no marks": ("It works.\n\nOn 3 Aug 2026, Support wrote:\n\nPress it.\nTwice.", "It works."),
    "outlook": ("It works.\n\n____________________\nFrom: Support\nSent: Monday\nTo: Carla\n\nPress it.", "It works."),
    "outlook, german": ("Gut.\n\nVon: Support\nGesendet: Montag\nAn: Carla\nBetreff: x\n\nDrücken.", "Gut."),
    "original": ("Yes.\n\n-----Original Message-----\nFrom: Support\n\nPress.", "Yes."),
    "signature": ("Yes.\n\n-- \nCarla\nHeron Marine", "Yes."),
    "telephone": ("Yes.\n\nSent from my phone", "Yes."),
    "quotation at the end": ("Yes.\n\n> Press it.\n> Twice.\n", "Yes."),
}  # fmt: skip
WHOLE = {
    "a list": "It fails:\n- first press A\n- then B\nWhy?",
    "thanks in the middle": "Thanks,\nbut it beeps again. Best regards\nis what it says on the screen.",
    "answers below": "On 3 Aug 2026, Support wrote:\n> Which version?\n4.2\n> Which device?\nA beacon.",
    "one header of a log": "The log says\nFrom: 10.0.0.1\nand stops.",
    "a rule": "Before\n____________________________\nAfter",
    "on and wrote in prose": "On the display somebody wrote:\nERROR",
    "nothing but quotation": "> Press it.\n> Twice.",
}


@pytest.mark.parametrize("name", REPLIES)
def test_the_answered_mail_goes(name: str) -> None:
    text, left = REPLIES[name]
    assert reply_of(text) == left


@pytest.mark.parametrize("name", WHOLE)
def test_words_of_ones_own_stay(name: str) -> None:
    assert reply_of(WHOLE[name]) == WHOLE[name]


def test_a_first_mail_keeps_what_it_forwards() -> None:
    text = "See below.\n\n-----Original Message-----\nFrom: Bob\n\nIt beeps."
    assert letter_of(text + "\n\n-- \nCarla") == text


@pytest.mark.parametrize(
    "text", ["On a\n", "From: a\n", "On a, b wrote:\n> c\n", "> ", "_" * 30 + "\n", "Am 1 schrieb "]
)
def test_no_text_is_slow(text: str) -> None:
    begun = time.monotonic()
    reply_of(text * (200_000 // len(text)))
    assert time.monotonic() - begun < 5


NESTED = "<blockquote><div>" * 20_000 + "x"


@pytest.mark.parametrize(
    "html", [NESTED, "<a href='http://x.example'>x</a>" * 30_000, "<script>" * 60_000, "<" * 400_000]
)
def test_no_html_is_slow(html: str) -> None:
    begun = time.monotonic()
    plain(html)
    assert time.monotonic() - begun < 5


def test_long_html_loses_its_shape_and_not_its_words() -> None:
    html = "<style>p {}</style><p>One &amp; two</p><script>x()</script>" + "<p>More</p>" * 20_000
    assert plain(html).startswith("One & two\n\nMore\n")
