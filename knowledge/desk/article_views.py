"""An article at the editors' desk: where it stands, its history, its translations, its address."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from knowledge.articles import differences, editing
from knowledge.articles.article import Article
from knowledge.articles.reading import language_name
from knowledge.desk import drawing
from knowledge.desk.fields import changed_fields
from knowledge.desk.gate import bp, find_article, find_revision
from portal.db import db, utcnow
from portal.errors import Refused
from portal.web import settings


@bp.get("/article/<int:article_id>")
def article(article_id: int) -> ResponseReturnValue:
    return page(find_article(article_id))


@bp.get("/article/<int:article_id>/compare")
def compare(article_id: int) -> ResponseReturnValue:
    """Two revisions side by side, by their numbers."""
    found = find_article(article_id)
    numbers = [request.args.get(name, 0, type=int) for name in ("left", "right")]
    left, right = (drawing.numbered(found, min(number, 10**9)) or abort(404) for number in sorted(numbers))
    context = {"lines": differences.compare(left.body, right.body), "fields": changed_fields(left, right)}
    return render_template("editing/compare.html", article=found, left=left, right=right, **context)


@bp.post("/article/<int:article_id>/begin")
def begin(article_id: int) -> ResponseReturnValue:
    revision = editing.begin(find_article(article_id), by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".edit", revision_id=revision.id))


@bp.post("/<int:revision_id>/restore")
def restore(revision_id: int) -> ResponseReturnValue:
    revision = editing.restore(find_revision(revision_id), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The older text is a draft now. Publish it to show it to readers."), "success")
    return redirect(url_for(".edit", revision_id=revision.id))


@bp.post("/article/<int:article_id>/translate")
def translate(article_id: int) -> ResponseReturnValue:
    original = find_article(article_id)
    fields: dict[str, Any] = {"title": original.title, "body": original.body, "summary": original.summary}
    fields |= {"lang": request.form.get("lang", ""), "translation_of": original.external_id, "tags": original.tags}
    fields |= {"category": original.category.slug if original.category else None, "product": original.product}
    fields |= {"versions": original.versions, "visibility": original.visibility}
    try:
        revision = editing.begin_new(fields, by=current_user, now=utcnow())
        db.session.commit()
    except Refused as error:
        db.session.rollback()
        return page(find_article(article_id), str(error))
    return redirect(url_for(".edit", revision_id=revision.id))


@bp.post("/article/<int:article_id>/move")
def move(article_id: int) -> ResponseReturnValue:
    found, slug = find_article(article_id), request.form.get("slug", "").replace("\0", "")[:200]
    try:
        editing.move(found, slug)
        db.session.commit()
    except Refused as error:
        db.session.rollback()
        return page(find_article(article_id), str(error), slug)
    flash(_("Moved. The old address leads to the new one."), "success")
    return redirect(url_for(".article", article_id=article_id))


@bp.post("/article/<int:article_id>/archive")
def archive(article_id: int) -> ResponseReturnValue:
    editing.archive(find_article(article_id), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Archived. Its address says that it was put away."), "success")
    return redirect(url_for(".article", article_id=article_id))


@bp.post("/article/<int:article_id>/unarchive")
def unarchive(article_id: int) -> ResponseReturnValue:
    editing.unarchive(find_article(article_id), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Readers see it again."), "success")
    return redirect(url_for(".article", article_id=article_id))


def page(found: Article, refused: str = "", slug: str | None = None) -> ResponseReturnValue:
    """Where it stands; with `refused`, what could not be done and the address that was typed."""
    family = drawing.translations(found)
    taken = {one.lang for one in family}
    codes = [code.replace("_", "-") for code in settings().languages]
    free = [(code, language_name(code)) for code in codes if code not in taken]
    context: dict[str, Any] = {"history": drawing.history(found), "open": editing.open_revision(found), "free": free}
    context |= {"family": family, "refused": refused, "slug": found.slug if slug is None else slug}
    return render_template("editing/article.html", article=found, **context), 422 if refused else 200
