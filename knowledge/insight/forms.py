"""What editors fill in to guide the search."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from knowledge.articles.reading import language_name
from knowledge.insight.guidance import LONGEST_WORD, MOST_PLACES, MOST_WORDS
from knowledge.search.ranking import LONGEST
from portal.web import settings

TOO_LONG = _l("Please keep it under %(max)d characters.")


class _InLanguage(FlaskForm):  # type: ignore[misc]
    lang = SelectField(_l("Language"), [Optional()])

    def offer(self) -> "_InLanguage":
        every = [SelectChoice(code, language_name(code)) for code in settings().languages]
        self.lang.choices = [SelectChoice("", _l("Every language")), *every]
        return self


class SynonymForm(_InLanguage):
    words = TextAreaField(
        _l("Words that mean the same"),
        [DataRequired(_l("Write at least two words.")), Length(max=MOST_WORDS * (LONGEST_WORD + 2), message=TOO_LONG)],
        render_kw={"rows": 4},
    )
    is_one_way = BooleanField(_l("One way: only searches for the first word find the others too"))
    try_with = StringField(_l("Try it with a search"), [Optional(), Length(max=LONGEST, message=TOO_LONG)])

    @property
    def listed(self) -> list[str]:
        """One a line, or with commas between them."""
        return [word for line in (self.words.data or "").splitlines() for word in line.split(",")]


class PinForm(_InLanguage):
    text = StringField(_l("Search"), [DataRequired(_l("Say for which search.")), Length(max=LONGEST, message=TOO_LONG)])
    address = StringField(_l("Article"), [DataRequired(_l("Say which article.")), Length(max=500, message=TOO_LONG)])
    place = IntegerField(
        _l("Place"), [NumberRange(1, MOST_PLACES)], default=1, render_kw={"min": 1, "max": MOST_PLACES}
    )


class SheetForm(FlaskForm):  # type: ignore[misc]
    file = FileField(
        _l("CSV file"), [FileRequired(_l("Please choose the file."))], render_kw={"accept": ".csv,text/csv"}
    )
