"""What editors fill in. The edit page is one form: each of its buttons sends all of it, so that nothing is lost."""

import secrets
from datetime import UTC, datetime
from typing import Any

from flask import request
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
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from knowledge.articles.article import Article, Category
from knowledge.articles.editing import LONGEST_NOTE, is_new, writers
from knowledge.articles.reading import Languages, language_name
from knowledge.articles.revision import Revision
from knowledge.desk.audiences import AudienceForm, number, plain, shown_audience
from portal.accounts.people import Role, User
from portal.accounts.products import Product
from portal.audience import EDITORS, PUBLIC
from portal.db import db
from portal.web import reader_zone, settings


class EditForm(AudienceForm):
    """An article's text and properties, and what is needed to move it on."""

    saved = HiddenField(filters=[number])
    page = HiddenField(filters=[lambda text: (text or "")[:40]])
    original_revision = HiddenField(filters=[number])
    title = StringField(_l("Title"), [InputRequired(), Length(max=300)], [plain])
    summary = TextAreaField(_l("Summary"), [Optional(), Length(max=600)], [plain])
    body = TextAreaField(_l("Text"), [Optional()], [plain])
    slug = StringField(_l("Address"), [Optional(), Length(max=120)], [plain])
    lang = SelectField(_l("Language"), validate_choice=False)
    category = SelectField(_l("Category or section"), [Optional()])
    product = SelectField(_l("Product"), [Optional()])
    versions = StringField(_l("Versions"), [Optional(), Length(max=80)], [plain])
    tags = StringField(_l("Tags"), [Optional(), Length(max=400)], [plain])
    machine_translated = BooleanField(_l("Translated by a machine"))
    is_current = BooleanField(_l("It says what the original says now"))
    check_by = DateField(_l("Check again by"), [Optional()])
    note = StringField(_l("What changed"), [Optional(), Length(max=LONGEST_NOTE)], [plain])
    is_minor = BooleanField(_l("Small change: don't tell followers"))
    reviewer = SelectField(_l("Reviewer"), [Optional()])
    review_due = DateField(_l("Read it by"), [Optional()])
    remark = TextAreaField(_l("Remark"), [Optional(), Length(max=4000)], [plain])
    publish_at = DateTimeLocalField(_l("Publish at"), [Optional()])

    def __init__(self, revision: Revision, languages: Languages, **kwargs: Any) -> None:
        super().__init__(obj=None, data=shown(revision), **kwargs)
        self.revision = revision
        self.lang.choices = [(code, language_name(code)) for code in _codes(revision.article.lang)]
        self.category.choices = [("", _("None")), *category_choices(languages)]
        self.product.choices = [("", _("All products")), *product_choices()]
        self.reviewer.choices = [("", _("Whoever comes first")), *editor_choices(revision)]

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

    def moment(self) -> datetime | None:
        """The time to publish at: written in the editor's zone."""
        at = self.publish_at.data
        return at.replace(tzinfo=reader_zone()).astimezone(UTC) if at else None

    def chosen_reviewer(self) -> User | None:
        return db.session.get(User, int(self.reviewer.data)) if self.reviewer.data else None


class NewForm(FlaskForm):  # type: ignore[misc]
    """An article that isn't there yet; all else follows on the edit page."""

    title = StringField(_l("Title"), [InputRequired(), Length(max=300)], [plain])
    slug = StringField(_l("Address"), [Optional(), Length(max=120)], [plain])
    lang = SelectField(_l("Language"))
    category = SelectField(_l("Category or section"), [Optional()])

    def __init__(self, languages: Languages, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lang.choices = [(code, language_name(code)) for code in _codes(settings().default_locale)]
        self.category.choices = [("", _("None")), *category_choices(languages)]


ICONS = (
    *("book-open", "play", "download", "settings", "sliders-horizontal", "key-round", "shield-check", "user", "users"),
    *(
        "credit-card",
        "package",
        "monitor",
        "smartphone",
        "server",
        "terminal",
        "zap",
        "activity",
        "bell",
        "mail",
        "lock",
    ),
    *(
        "refresh-cw",
        "wifi-off",
        "triangle-alert",
        "lightbulb",
        "life-buoy",
        "globe",
        "file-text",
        "image",
        "tag",
        "star",
    ),
)


class CategoryForm(FlaskForm):  # type: ignore[misc]
    """A category or section. Its titles and descriptions are fields of their own, one for each language."""

    slug = StringField(_l("Address"), [InputRequired(), Length(max=80)], [plain])
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
    return {
        **{name: getattr(revision, name) for name in ("saved", "title", "summary", "body", "note", "is_minor")},
        **{name: kept.get(name) or "" for name in ("category", "product", "versions")},
        "slug": article.slug,
        "lang": article.lang,
        "tags": ", ".join(kept.get("tags") or ()),
        "page": secrets.token_hex(8),
        **shown_audience(kept.get("visibility") or PUBLIC),
        "machine_translated": bool(kept.get("machine_translated")),
        "check_by": datetime.fromisoformat(kept["check_by"]).date() if kept.get("check_by") else None,
        "reviewer": str(revision.reviewer_id or ""),
        "review_due": revision.review_due,
        "publish_at": revision.publish_at.astimezone(reader_zone()) if revision.publish_at else None,
    }


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


def texts(found: Any, name: str, longest: int) -> dict[str, str]:
    """A text in each of the portal's languages (and others it has): as filled in, else as it is kept."""
    kept = getattr(found, name) if found else {}
    codes = dict.fromkeys([*(code.replace("_", "-") for code in settings().languages), *kept])
    if request.method != "POST":
        return {code: kept.get(code, "") for code in codes}
    return {code: request.form.get(f"{name}-{code}", "").replace("\0", "").strip()[:longest] for code in codes}
