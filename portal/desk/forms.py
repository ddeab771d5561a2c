"""What an agent can send from the ticket page. Ids are spelt out, since the forms stand on one page."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, DateField, Field, HiddenField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp, ValidationError

from portal.accounts.people import User
from portal.policies import the_policy
from portal.tickets.clocks import policy_of
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.form import with_plain_lines
from portal.tickets.offering import Offer
from portal.tickets.quoting import severities, severity_name
from portal.tickets.tasks import LONGEST as LONGEST_TASK
from portal.tickets.ticket import Message, Ticket

LONGEST_SPOKEN = LONGEST_BODY - 500  # room for who wrote it down
LONGEST_ID = 9  # digits: fewer than any database's integer holds
NUMBER = re.compile(r"#?[0-9]{8}")
KEY = re.compile(r"[\w-]{1,64}", re.ASCII)


def _strip(text: str | None) -> str | None:
    return (with_plain_lines(text) or "").strip() if text else text


def _row_id(text: str | None) -> int:
    """The id in a hidden field; 0, as from an old page, for what no row can have."""
    return int(text) if text and text.isdecimal() and len(text) <= LONGEST_ID else 0


def _key(text: str | None) -> str:
    """The key of a form; what no form of ours has counts as none, since the words beside it must not be lost."""
    return text if text and KEY.fullmatch(text) else ""


def _body(label: object, name: str, missing: object) -> TextAreaField:
    checks = [DataRequired(missing), Length(max=LONGEST_BODY, message=_l("Please keep it under %(max)d characters."))]
    return TextAreaField(label, checks, [_strip], id=name)


def _plain(text: str | None) -> str | None:
    return " ".join((text or "").replace("\0", "").split())


def _spoken(label: object) -> TextAreaField:
    return TextAreaField(
        label, [Length(max=LONGEST_SPOKEN, message=_l("Please keep it under %(max)d characters."))], [_strip]
    )


class Seen(FlaskForm):  # type: ignore[misc]
    """A form that knows the last message its page showed, so that an answer never crosses another unnoticed.

    Its key makes one message of it, however often the button is pressed.
    """

    form_key = HiddenField(filters=[_key])
    seen = HiddenField(filters=[_row_id])


class ReplyForm(Seen):
    body = _body(_l("Reply to the customer"), "reply-body", _l("Please write the reply first."))
    wait = BooleanField(_l("Then wait for the customer"), id="reply-wait")
    files = MultipleFileField(_l("Attach files"), id="reply-files")


class NoteForm(Seen):
    body = _body(_l("Internal note"), "note-body", _l("Please write the note first."))


class ResolveForm(Seen):
    body = _body(_l("How it was resolved"), "resolve-body", _l("Please tell the customer how it was resolved."))


class TriageForm(FlaskForm):  # type: ignore[misc]
    severity = SelectField(_l("Severity"), id="triage-severity")
    reason = StringField(
        _l("Reason"),
        [Optional(), Length(max=500, message=_l("Please keep it under %(max)d characters."))],
        [_strip],
        id="triage-reason",
    )

    def offer(self, ticket: Ticket) -> "TriageForm":
        """The severities of the ticket's tier; where it has none, the one choice is to confirm the ticket as it is."""
        names = severities(policy_of(ticket), ticket.tier, ticket.topic)
        offered = [SelectChoice(name, severity_name(ticket, name, locale=str(get_locale()))) for name in names]
        self.severity.choices = offered or [SelectChoice("", _l("No severity in this tier"))]
        return self


class AssignForm(FlaskForm):  # type: ignore[misc]
    to = SelectField(_l("Assigned to"), id="assign-to", coerce=int)

    def offer(
        self, people: Sequence[User], now_with: User | None = None, words: Mapping[int, str] | None = None
    ) -> "AssignForm":
        """0 stands for nobody: the ticket goes back to the queue. Who has it and left is named, but not offered.

        `words` say by id why somebody stands where they do.
        """
        said = words or {}
        names = {person.id: " · ".join(filter(None, (person.display_name, said.get(person.id)))) for person in people}
        offered = [SelectChoice(key, name) for key, name in names.items()]
        if now_with and now_with not in people:
            offered.append(SelectChoice(now_with.id, now_with.display_name, render_kw={"disabled": True}))
        self.to.choices = [SelectChoice(0, _l("Nobody yet")), *offered]
        return self


class FollowForm(FlaskForm):  # type: ignore[misc]
    person = SelectField(_l("Let somebody follow"), id="follow-person", coerce=int)

    def offer(self, people: Sequence[User], colleagues: Sequence[User]) -> "FollowForm":
        """Staff, and colleagues of the customer's, who may read the ticket then."""
        self.person.choices = {
            _("Staff"): [SelectChoice(person.id, person.display_name) for person in people],
            _("The customer's colleagues"): [SelectChoice(person.id, person.display_name) for person in colleagues],
        }
        return self


class FollowerForm(FlaskForm):  # type: ignore[misc]
    person = HiddenField("person", [DataRequired(_l("Choose somebody."))], [_row_id])


class TagForm(FlaskForm):  # type: ignore[misc]
    names = StringField(
        _l("Tags, apart by commas"),
        [DataRequired(_l("Write a tag.")), Length(max=500, message=_l("Please keep it under %(max)d characters."))],
        id="tag-names",
    )


class UntagForm(FlaskForm):  # type: ignore[misc]
    name = HiddenField("name", [DataRequired(_l("Write a tag."))])


class MergeForm(FlaskForm):  # type: ignore[misc]
    into = SelectField(_l("Merge into"), id="merge-into", invalid_choice_message=_l("Choose one of the tickets."))

    def offer(self, tickets: Sequence[Any]) -> "MergeForm":
        """`tickets` are rows with number and subject."""
        self.into.choices = [SelectChoice(str(one.number), f"#{one.number} {one.subject}"[:90]) for one in tickets]
        return self


class ParentForm(FlaskForm):  # type: ignore[misc]
    parent = StringField(
        _l("Part of ticket"),
        [Optional(), Regexp(NUMBER, message=_l("A ticket's number has eight digits."))],
        [_strip],
        id="parent-number",
    )

    @property
    def number(self) -> int | None:
        """None where the ticket is a part of nothing."""
        return int(self.parent.data.lstrip("#")) if self.parent.data else None


class TellAllForm(FlaskForm):  # type: ignore[misc]
    form_key = HiddenField("form_key", filters=[_key])
    body = _body(_l("Message to all of their customers"), "tell-body", _l("Please write the reply first."))
    solved = BooleanField(_l("It is solved: resolve them"), id="tell-solved")


class TaskForm(FlaskForm):  # type: ignore[misc]
    text = StringField(
        _l("What is to be done"),
        [
            DataRequired(_l("Write what is to be done.")),
            Length(max=LONGEST_TASK, message=_l("Please keep it under %(max)d characters.")),
        ],
        [_plain],
        id="task-text",
    )
    person = SelectField(_l("By whom"), id="task-person", coerce=int, default=0)
    due_on = DateField(_l("Until"), [Optional()], id="task-due")

    def offer(self, people: Sequence[User]) -> "TaskForm":
        offered = [SelectChoice(person.id, person.display_name) for person in people]
        self.person.choices = [SelectChoice(0, _l("Nobody yet")), *offered]
        return self


class OneTaskForm(FlaskForm):  # type: ignore[misc]
    task = HiddenField("task", [DataRequired(_l("Choose a task."))], [_row_id])


class SplitForm(FlaskForm):  # type: ignore[misc]
    message = SelectField(
        _l("Message"), id="split-message", coerce=int, invalid_choice_message=_l("Choose one of the messages.")
    )
    subject = StringField(
        _l("Subject of the new ticket"),
        [
            DataRequired(_l("Write a subject: a few words will do.")),
            Length(max=200, message=_l("Keep the subject under 200 characters.")),
        ],
        [_plain],
        id="split-subject",
    )

    def offer(self, messages: Sequence[Message]) -> "SplitForm":
        self.message.choices = [SelectChoice(one.id, " ".join(one.body.split())[:80]) for one in messages]
        return self


class ReopenForm(FlaskForm):  # type: ignore[misc]
    body = TextAreaField(_l("Why it is open again"), [Optional(), Length(max=LONGEST_BODY)], [_strip], id="reopen-body")


class ProposeForm(FlaskForm):  # type: ignore[misc]
    """A remote session, and that it was explained before."""

    purpose = StringField(_l("What it is for"), id="remote-purpose")
    explained = BooleanField(_l("I have explained it to the customer"), id="remote-explained")


class BeginForm(FlaskForm):  # type: ignore[misc]
    present = BooleanField(_l("The user is present"), id="remote-present")


class RevealForm(FlaskForm):  # type: ignore[misc]
    password = PasswordField(
        _l("Your password"), [InputRequired(_l("Please enter your password."))], id="reveal-password"
    )


class CallerForm(FlaskForm):  # type: ignore[misc]
    said = StringField(
        _l("What the caller says"),
        [
            DataRequired(_l("Ask the caller for their PIN, or a ticket's number.")),
            Length(max=200, message=_l("Please keep it under %(max)d characters.")),
        ],
        [_plain],
        render_kw={"autocomplete": "off", "spellcheck": "false", "maxlength": 200},
    )


class CallForm(FlaskForm):  # type: ignore[misc]
    """A call: on a ticket of the caller's, or (without one) what a new ticket is about. `offer` comes first."""

    form_key = HiddenField("form_key", filters=[_key])
    ticket = SelectField(
        _l("Ticket"), default="", invalid_choice_message=_l("Choose one of the caller's tickets, or a new one.")
    )
    topic = SelectField(
        _l("What is it about?"),
        choices=[SelectChoice("product", _l("A product")), SelectChoice("billing", _l("Billing or licences"))],
        default="product",
    )
    organisation = SelectField(_l("For which organisation?"), validate_choice=False)
    product = SelectField(_l("Product"), validate_choice=False)
    severity = SelectField(_l("Severity"), validate_choice=False)
    subject = StringField(
        _l("Subject"), [Length(max=200, message=_l("Keep the subject under 200 characters."))], [_strip]
    )
    said = _spoken(_l("What the caller said"))
    answered = _spoken(_l("What you answered"))
    note = _spoken(_l("Internal note"))

    def offer(self, tickets: Sequence[Ticket], offered: Offer) -> "CallForm":
        """The caller's tickets, and what they may choose for a new one."""
        self.offered, policy = offered, the_policy()
        spoken = [SelectChoice(str(one.number), f"#{one.number} {one.subject}"[:90]) for one in tickets]
        self.ticket.choices = [SelectChoice("", _l("A new ticket")), *spoken]
        products = [SelectChoice(row.slug, row.name) for row in offered.products.values()]
        self.product.choices = [SelectChoice("", _l("Choose a product")), *products]
        named = [(name, severity.name.to(str(get_locale()))) for name, severity in policy.severities.items()]
        self.severity.choices = [
            SelectChoice("", _l("As usual for their support")),
            *(SelectChoice(*one) for one in named),
        ]
        groups = [SelectChoice(key, row.name) for key, row in offered.organisations.items()]
        self.organisation.choices = groups
        if len(groups) < 2:
            del self.organisation
        return self

    def validate_subject(self, field: Field) -> None:
        if not self.ticket.data and not field.data:
            raise ValidationError(_("Write a subject: a few words will do."))

    def validate_said(self, field: Field) -> None:
        if not field.data and not (self.ticket.data and (self.answered.data or self.note.data)):
            raise ValidationError(_("Write down what the caller said."))

    def validate_product(self, field: Field) -> None:
        if not self.ticket.data and self.offered.needs_product and not self.offered.product:
            raise ValidationError(_("Choose the product it is about."))

    def validate_severity(self, field: Field) -> None:
        if not self.ticket.data and field.data and field.data not in self.offered.severities:
            raise ValidationError(_("Their support has no such severity."))
