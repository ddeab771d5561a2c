"""The forms of the community."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, MultipleFileField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from knowledge.community.asking import LONGEST_TITLE
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.drafts import own_key
from portal.tickets.filetypes import INLINE
from portal.tickets.form import with_plain_lines

KINDS = {
    "question": _l("Question"),
    "discussion": _l("Discussion"),
    "idea": _l("Idea"),
    "announcement": _l("Announcement"),
}
WRITE = _l("Please write something first.")
TOO_LONG = _l("Please keep it under %(max)d characters.")


def body_field(label: Any) -> TextAreaField:
    limits = [DataRequired(WRITE), Length(max=LONGEST_BODY, message=TOO_LONG)]
    return TextAreaField(label, limits, [with_plain_lines])


class PostForm(FlaskForm):  # type: ignore[misc]
    """What every post is written in."""

    body = body_field(_l("Your text"))
    pictures = MultipleFileField(_l("Pictures"), render_kw={"accept": ",".join(sorted(INLINE))})


class TopicForm(PostForm):
    """A new topic. What may be chosen is filled in by the view."""

    category = SelectField(_l("Category"), choices=[], coerce=int)
    kind = RadioField(_l("What is it?"), choices=[], validators=[InputRequired(_l("Choose what it is."))])
    title = StringField(_l("Title"), [DataRequired(_l("Write a title.")), Length(max=LONGEST_TITLE, message=TOO_LONG)])
    tags = StringField(_l("Tags"), [Length(max=300, message=TOO_LONG)])
    product = SelectField(_l("Product"), choices=[], validate_choice=False)
    form_key = HiddenField("form_key", filters=[own_key])

    @property
    def chosen_product(self) -> str | None:
        """The slug of a product there is."""
        known = {str(choice.value) for choice in self.product.choices}
        return self.product.data or None if self.product.data in known else None

    @property
    def tag_list(self) -> list[str]:
        return str(self.tags.data or "").replace(";", ",").split(",")


class ReplyForm(PostForm):
    """An answer."""

    body = body_field(_l("Your answer"))
    reply_to = HiddenField("reply_to")
    form_key = HiddenField("form_key", filters=[own_key])

    @property
    def to(self) -> int | None:
        given = str(self.reply_to.data or "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


class EditForm(PostForm):
    """A post said otherwise. `edition` is the one that is being changed."""

    title = StringField(_l("Title"), [DataRequired(_l("Write a title.")), Length(max=LONGEST_TITLE, message=TOO_LONG)])
    tags = StringField(_l("Tags"), [Length(max=300, message=TOO_LONG)])
    edition = HiddenField("edition")
