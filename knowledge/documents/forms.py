"""What editors fill in: a document with its file, a file in another's place."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from knowledge.articles.reading import language_name, product_names
from knowledge.desk.audiences import AudienceForm, shown_audience
from knowledge.documents.document import DOWNLOAD, MANUAL, Document
from portal.web import settings

TOO_LONG = _l("Please keep it under %(max)d characters.")


class DetailsForm(AudienceForm):
    title = StringField(_l("Title"), [DataRequired(_l("Please give it a title.")), Length(max=300, message=TOO_LONG)])
    summary = TextAreaField(_l("Summary"), [Optional(), Length(max=600, message=TOO_LONG)])
    kind = RadioField(_l("Kind"), default=MANUAL)
    product = SelectField(_l("Product"), [Optional()])
    version = StringField(_l("Version"), [Optional(), Length(max=40, message=TOO_LONG)])
    lang = SelectField(_l("Language"), [Optional()])
    slug = StringField(
        _l("Address"), [DataRequired(_l("Please give it an address.")), Length(max=120, message=TOO_LONG)]
    )

    def offer(self, document: Document | None = None) -> "DetailsForm":
        """The choices there are; what the document has stays one of them."""
        self.kind.choices = [SelectChoice(MANUAL, _l("Manual")), SelectChoice(DOWNLOAD, _l("Download"))]
        products = {document.product: document.product} if document and document.product else {}
        products |= product_names()
        self.product.choices = [SelectChoice("", _l("No product in particular")), *_choices(products)]
        codes = dict.fromkeys((*settings().languages, *((document.lang,) if document and document.lang else ())))
        self.lang.choices = [
            SelectChoice("", _l("None, or every language")),
            *_choices({c: language_name(c) for c in codes}),
        ]
        return self

    def fields(self) -> dict[str, Any]:
        """What the verbs take."""
        names = ("title", "summary", "kind", "product", "version", "lang", "slug")
        return {name: self[name].data or "" for name in names} | {"visibility": self.visibility()}


class DocumentForm(DetailsForm):
    file = FileField(_l("File"), [FileRequired(_l("Please choose the file."))])
    status = RadioField(_l("Then"), default="published")

    def offer(self, document: Document | None = None) -> "DocumentForm":
        super().offer(document)
        self.status.choices = [
            SelectChoice("published", _l("Publish it")),
            SelectChoice("draft", _l("Keep it as a draft")),
        ]
        return self


class FileForm(FlaskForm):  # type: ignore[misc]
    file = FileField(_l("Another file"), [FileRequired(_l("Please choose the file."))])


def details_of(document: Document) -> dict[str, Any]:
    """What stands in the form of a document that is there already."""
    names = ("title", "summary", "kind", "version", "lang", "slug")
    return {
        **{name: getattr(document, name) for name in names},
        "product": document.product or "",
        **shown_audience(document.visibility),
    }


def _choices(names: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in names.items()]
