"""The categories as moderators and administrators keep them: names, order, who reads and writes, what is put away."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp

from knowledge.articles.reading import language_name
from knowledge.community.blueprint import bp
from knowledge.community.forms import KINDS
from knowledge.community.topic import ForumCategory, Topic
from knowledge.community.views import chosen, is_administrator
from knowledge.desk.forms import ICONS, texts
from knowledge.search.changes import note_changes
from portal.audience import PUBLIC, SIGNED_IN, STAFF
from portal.db import db, get_or_404

READERS = {PUBLIC: _l("Everybody"), SIGNED_IN: _l("Who is signed in"), STAFF: _l("Staff only")}
WRITERS = {"everyone": _l("Everybody whose plan allows it"), "staff": _l("Staff only")}


class CategoryForm(FlaskForm):  # type: ignore[misc]
    """One category. Names and descriptions are fields of their own, one for each language."""

    slug = StringField(
        _l("Address"),
        [
            DataRequired(_l("Write an address.")),
            Length(max=80),
            Regexp(r"[a-z0-9]+(-[a-z0-9]+)*$", message=_l("Small letters, digits and hyphens only.")),
        ],
    )
    position = IntegerField(_l("Order"), [Optional(), NumberRange(min=0, max=9999)])
    icon = SelectField(_l("Icon"), choices=[SelectChoice(name, name) for name in ("messages-square", *ICONS)])
    visibility = SelectField(_l("Who reads it"), choices=[])
    posting = SelectField(_l("Who writes in it"), choices=[SelectChoice(key, text) for key, text in WRITERS.items()])
    kinds = SelectMultipleField(
        _l("Kinds of topics"),
        [InputRequired(_l("Choose one kind at least."))],
        choices=[SelectChoice(key, text) for key, text in KINDS.items()],
    )
    is_archived = BooleanField(_l("For reading only"))


def admins_only() -> None:
    if not is_administrator(current_user):
        abort(404)


@bp.get("/categories")
def categories() -> ResponseReturnValue:
    admins_only()
    query = ForumCategory.visible_to(current_user).order_by(ForumCategory.position, ForumCategory.id)
    rows = db.session.scalars(query).all()
    return render_template("community/categories.html", rows=rows, languages=chosen(), readers=READERS, writers=WRITERS)


@bp.route("/categories/new", methods=["GET", "POST"])
def new_category() -> ResponseReturnValue:
    admins_only()
    return edit_category(None)


@bp.route("/categories/<int:category_id>", methods=["GET", "POST"])
def change_category(category_id: int) -> ResponseReturnValue:
    admins_only()
    mine = ForumCategory.visible_to(current_user).where(ForumCategory.id == category_id)
    return edit_category(get_or_404(mine))


def edit_category(found: ForumCategory | None) -> ResponseReturnValue:
    form, titles, descriptions = form_of(found), texts(found, "titles", 200), texts(found, "descriptions", 600)
    if form.validate_on_submit():
        if not any(titles.values()):
            form.form_errors.append(_("Write a name in one language at least."))
        elif save(found, form, titles, descriptions):
            flash(_("Saved."), "success")
            return redirect(url_for(".categories"))
        else:
            form.form_errors.append(_("Another category has this address."))
    names = [(code, language_name(code)) for code in titles]
    given: dict[str, Any] = {"titles": titles, "descriptions": descriptions, "names": names, "category": found}
    return render_template("community/edit_category.html", form=form, **given), 422 if form.is_submitted() else 200


def form_of(found: ForumCategory | None) -> CategoryForm:
    """With the audience that a category has already, also where it is of certain plans."""
    form = CategoryForm(obj=found)
    kept = {found.visibility: found.visibility} if found and found.visibility not in READERS else {}
    form.visibility.choices = [SelectChoice(key, text) for key, text in (READERS | kept).items()]
    if found is None and not form.is_submitted():
        form.kinds.data, form.visibility.data = ["question", "discussion", "idea"], PUBLIC
    return form


def save(found: ForumCategory | None, form: CategoryForm, titles: Any, descriptions: Any) -> bool:
    """Write it and commit; false where another has its address. What may be read now is searched anew."""
    room = found or ForumCategory()
    before = room.visibility
    for name in ("slug", "icon", "visibility", "posting", "kinds", "is_archived"):
        setattr(room, name, form[name].data)
    room.position = form.position.data or 0
    room.titles = {code: text for code, text in titles.items() if text}
    room.descriptions = {code: text for code, text in descriptions.items() if text}
    db.session.add(room)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return False
    if found is not None and before != room.visibility:
        topics = Topic.visible_to(current_user).where(Topic.category_id == room.id).with_only_columns(Topic.id)
        note_changes(db.session.scalars(topics).all() or [0], "topic")
    db.session.commit()
    return True
