"""Categories and sections: their order, icons, and titles by language."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.articles import shelving
from knowledge.articles.article import Category
from knowledge.articles.reading import language_name
from knowledge.desk.forms import ICONS, CategoryForm, texts
from knowledge.desk.gate import bp, languages
from portal.db import db, get_or_404
from portal.errors import Refused


@bp.get("/categories")
def categories() -> ResponseReturnValue:
    rows = db.session.scalars(select(Category).order_by(Category.position, Category.slug)).all()
    context = {"counted": shelving.counted(), "choose": languages().choose}
    return render_template("editing/categories.html", categories=rows, **context)


@bp.route("/categories/new", methods=["GET", "POST"])
def new_category() -> ResponseReturnValue:
    return edit_shelf(None)


@bp.route("/categories/<int:category_id>", methods=["GET", "POST"])
def category(category_id: int) -> ResponseReturnValue:
    return edit_shelf(get_or_404(select(Category).where(Category.id == category_id)))


@bp.post("/categories/<int:category_id>/remove")
def remove_category(category_id: int) -> ResponseReturnValue:
    shelving.take_away(get_or_404(select(Category).where(Category.id == category_id)))
    db.session.commit()
    flash(_("The category is gone."), "success")
    return redirect(url_for(".categories"))


def edit_shelf(found: Category | None) -> ResponseReturnValue:
    form = CategoryForm(found, languages(), ICONS)
    titles, descriptions = texts(found, "titles", 200), texts(found, "descriptions", 600)
    if form.validate_on_submit():
        given = {"slug": form.slug.data, "position": form.position.data or 0, "icon": form.icon.data}
        given |= {"parent_id": int(form.parent.data) if form.parent.data else None}
        try:
            shelving.put(found, titles=titles, descriptions=descriptions, **given)
            db.session.commit()
            flash(_("Saved."), "success")
            return redirect(url_for(".categories"))
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(str(error))
    names = [(code, language_name(code)) for code in titles]
    context = {"titles": titles, "descriptions": descriptions, "names": names, "category": found}
    return render_template("editing/category.html", form=form, **context), 422 if form.is_submitted() else 200
