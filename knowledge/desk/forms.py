"""What editors fill in. The edit page is one form: each of its buttons sends all of it, so that nothing is lost."""

import secrets
from datetime import UTC, datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from knowledge.articles.article import Article, Category
from knowledge.articles.editing import LONGEST_NOTE, is_new, writers
from knowledge.articles.reading import Languages, language_name
from knowledge.articles.revision import Revision
from knowledge.audience import EDITORS, EVERYBODYS, PUBLIC, SIGNED_IN, STAFF, audience_of
from portal.accounts.entitlement import the_policy
from portal.accounts.people import Organisation, Role, User
from portal.accounts.products import Product
from portal.db import db
from portal.web import reader_zone, settings

LIMITED = "limited"
AUDIENCES = {
    PUBLIC: _l("Everybody"),
    SIGNED_IN: _l("Whoever is signed in"),
    LIMITED: _l("Certain plans or organisations"),
    STAFF: _l("Staff only"),
}
MOST_FOUND = 8


def _plain(text: str | None) -> str:
    """Line breaks as Markdown has them; no NUL, which no database of ours keeps."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _number(given: object) -> int:
    """0 for what no id or counter of ours can be."""
    text = str(given or "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


class Boxes(SelectMultipleField):  # type: ignore[misc]
    """Check boxes, of which any may be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class EditForm(FlaskForm):  # type: ignore[misc]
    """An article's text and properties, and what is needed to move it on."""

    saved = HiddenField(filters=[_number])
    page = HiddenField(filters=[lambda text: (text or "")[:40]])
    original_revision = HiddenField(filters=[_number])
    title = StringField(_l("Title"), [InputRequired(), Length(max=300)], [_plain])
    summary = TextAreaField(_l("Summary"), [Optional(), Length(max=600)], [_plain])
    body = TextAreaField(_l("Text"), [Optional()], [_plain])
    slug = StringField(_l("Address"), [Optional(), Length(max=120)], [_plain])
    lang = SelectField(_l("Language"), validate_choice=False)
    category = SelectField(_l("Category or section"), [Optional()])
    product = SelectField(_l("Product"), [Optional()])
    versions = StringField(_l("Versions"), [Optional(), Length(max=80)], [_plain])
    tags = StringField(_l("Tags"), [Optional(), Length(max=400)], [_plain])
    audience = RadioField(_l("Who may read it"), choices=list(AUDIENCES.items()))
    plans = Boxes(_l("Plans"))
    organisations = Boxes(_l("Organisations"), coerce=_number, validate_choice=False)
    organisation_query = StringField(_l("Find an organisation"), [Optional(), Length(max=100)], [_plain])
    machine_translated = BooleanField(_l("Translated by a machine"))
    is_current = BooleanField(_l("It says what the original says now"))
    check_by = DateField(_l("Check again by"), [Optional()])
    note = StringField(_l("What changed"), [Optional(), Length(max=LONGEST_NOTE)], [_plain])
    is_minor = BooleanField(_l("Small change: don't tell followers"))
    reviewer = SelectField(_l("Reviewer"), [Optional()])
    review_due = DateField(_l("Read it by"), [Optional()])
    remark = TextAreaField(_l("Remark"), [Optional(), Length(max=4000)], [_plain])
    publish_at = DateTimeLocalField(_l("Publish at"), [Optional()])

    def __init__(self, revision: Revision, languages: Languages, **kwargs: Any) -> None:
        super().__init__(obj=None, data=shown(revision), **kwargs)
        self.revision = revision
        self.lang.choices = [(code, language_name(code)) for code in _codes(revision.article.lang)]
        self.category.choices = [("", _("None")), *category_choices(languages)]
        self.product.choices = [("", _("All products")), *product_choices()]
        names = the_policy().plans.items()
        self.plans.choices = [(plan, row.name.to(str(get_locale()))) for plan, row in names]
        self.reviewer.choices = [("", _("Whoever comes first")), *editor_choices(revision)]

    def validate_organisations(self, field: Boxes) -> None:
        if self.audience.data == LIMITED and not (self.plans.data or field.data):
            raise ValidationError(_("Choose a plan or an organisation."))

    def fields(self) -> dict[str, Any]:
        """What was filled in, as `editing.save` takes it."""
        names = ("title", "summary", "body", "note", "is_minor", "machine_translated", "check_by")
        given: dict[str, Any] = {name: self[name].data for name in names}
        given |= {name: self[name].data or None for name in ("category", "product", "versions")}
        given |= {"tags": self.tags.data.split(","), "visibility": self.visibility()}
        if is_new(self.revision.article):
            given |= {"slug": self.slug.data, "lang": self.lang.data}
        if self.revision.properties.get("translation_of"):
            before = self.revision.properties.get("translated_revision")
            given["translated_revision"] = self.original_revision.data if self.is_current.data else before
        return given

    def visibility(self) -> str:
        if self.audience.data != LIMITED:
            return str(self.audience.data)
        return audience_of([*(f"plan:{p}" for p in self.plans.data), *(f"org:{n}" for n in self.organisations.data)])

    def moment(self) -> datetime | None:
        """The time to publish at: written in the editor's zone."""
        at = self.publish_at.data
        return at.replace(tzinfo=reader_zone()).astimezone(UTC) if at else None

    def chosen_reviewer(self) -> User | None:
        return db.session.get(User, int(self.reviewer.data)) if self.reviewer.data else None


class NewForm(FlaskForm):  # type: ignore[misc]
    """An article that isn't there yet; all else follows on the edit page."""

    title = StringField(_l("Title"), [InputRequired(), Length(max=300)], [_plain])
    slug = StringField(_l("Address"), [Optional(), Length(max=120)], [_plain])
    lang = SelectField(_l("Language"))
    category = SelectField(_l("Category or section"), [Optional()])

    def __init__(self, languages: Languages, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lang.choices = [(code, language_name(code)) for code in _codes(settings().default_locale)]
        self.category.choices = [("", _("None")), *category_choices(languages)]


class CategoryForm(FlaskForm):  # type: ignore[misc]
    """A category or section. Its titles and descriptions are fields of their own, one for each language."""

    slug = StringField(_l("Address"), [InputRequired(), Length(max=80)], [_plain])
    parent = SelectField(_l("Stands in"), [Optional()])
    position = IntegerField(_l("Order"), [Optional(), NumberRange(min=0, max=9999)])
    icon = RadioField(_l("Icon"))

    def __init__(self, category: Category | None, languages: Languages, icons: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(obj=category, **kwargs)
        mine = category.id if category else None
        self.parent.choices = [("", _("The help centre itself")), *parents(languages, mine)]
        self.icon.choices = [(name, name) for name in icons]
        if not self.is_submitted():
            self.parent.data = str(category.parent_id or "") if category else ""
            self.icon.data = self.icon.data or "book-open"


def shown(revision: Revision) -> dict[str, Any]:
    """A revision in the fields of its form."""
    kept, article = revision.properties, revision.article
    visibility = kept.get("visibility") or PUBLIC
    terms = [] if visibility in EVERYBODYS else [term.partition(":") for term in visibility.split(" ")]
    return {
        **{name: getattr(revision, name) for name in ("saved", "title", "summary", "body", "note", "is_minor")},
        **{name: kept.get(name) or "" for name in ("category", "product", "versions")},
        "slug": article.slug,
        "lang": article.lang,
        "tags": ", ".join(kept.get("tags") or ()),
        "page": secrets.token_hex(8),
        "audience": LIMITED if terms else visibility,
        "plans": [name for kind, _colon, name in terms if kind == "plan"],
        "organisations": [int(name) for kind, _colon, name in terms if kind == "org"],
        "machine_translated": bool(kept.get("machine_translated")),
        "check_by": datetime.fromisoformat(kept["check_by"]).date() if kept.get("check_by") else None,
        "reviewer": str(revision.reviewer_id or ""),
        "review_due": revision.review_due,
        "publish_at": revision.publish_at.astimezone(reader_zone()) if revision.publish_at else None,
    }


def found_organisations(query: str, chosen: list[int]) -> list[Organisation]:
    """Those that are chosen, and some whose names contain what is looked for."""
    looked_for = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = Organisation.name.ilike(f"%{looked_for}%", escape="\\")
    mine = select(Organisation).where(Organisation.id.in_(chosen)).order_by(Organisation.name)
    found = list(db.session.scalars(mine))
    if query.strip():
        others = select(Organisation).where(named, Organisation.id.not_in(chosen))
        found += db.session.scalars(others.order_by(Organisation.name).limit(MOST_FOUND))
    return found


def category_choices(languages: Languages) -> list[tuple[str, str]]:
    """Categories with their sections below them."""
    rows = db.session.scalars(select(Category).order_by(Category.position, Category.slug)).all()
    found = []
    for top in (row for row in rows if row.parent_id is None):
        title = languages.choose(top.titles) or top.slug
        found.append((top.slug, title))
        below = (row for row in rows if row.parent_id == top.id)
        found += [(row.slug, f"{title} › {languages.choose(row.titles) or row.slug}") for row in below]
    return found


def parents(languages: Languages, mine: int | None) -> list[tuple[str, str]]:
    """The categories that a section may stand in: one that has sections itself stands in none."""
    has_sections = mine and db.session.scalar(select(Category.id).where(Category.parent_id == mine).limit(1))
    tops = select(Category).where(Category.parent_id.is_(None), Category.id != (mine or 0))
    rows = () if has_sections else db.session.scalars(tops.order_by(Category.position, Category.slug)).all()
    return [(str(row.id), languages.choose(row.titles) or row.slug) for row in rows]


def product_choices() -> list[tuple[str, str]]:
    rows = db.session.execute(select(Product.slug, Product.name).order_by(Product.name))
    return [(row.slug, row.name) for row in rows]


def editor_choices(revision: Revision) -> list[tuple[str, str]]:
    """Who may review it."""
    editors = select(User).where(User.active, User.roles.any(Role.name.in_(EDITORS))).order_by(User.name, User.email)
    barred = writers(revision) if settings().review_required else set()
    return [(str(user.id), user.display_name) for user in db.session.scalars(editors) if user.id not in barred]


def _codes(mine: str) -> list[str]:
    """The portal's languages, those that articles are written in, and one more."""
    used = db.session.scalars(select(Article.lang).distinct())
    offered = (code.replace("_", "-") for code in settings().languages)
    return sorted({mine, *used, *offered})
