"""Images and attachments on the edit page."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select

from knowledge.articles import files
from knowledge.articles.revision import ArticleFile, Revision
from knowledge.desk.drawing import Drawn
from knowledge.desk.editing_views import page
from knowledge.desk.forms import EditForm
from knowledge.desk.gate import bp, find_revision, languages
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.web import wants_partial


@bp.post("/<int:revision_id>/files")
def upload(revision_id: int) -> ResponseReturnValue:
    """Keep files with the article as soon as they are chosen. Each is taken or refused by itself."""
    revision, refused = find_revision(revision_id), []
    for storage in [one for one in request.files.getlist("files") if one.filename][: files.MOST_FILES]:
        try:
            files.attach(revision.article, storage.stream, storage.filename, by=current_user, now=utcnow())
        except Refused as error:
            refused.append(str(error))
    db.session.commit()
    return field(revision, refused)


@bp.post("/<int:revision_id>/files/<token>/remove")
def remove_file(revision_id: int, token: str) -> ResponseReturnValue:
    revision = find_revision(revision_id)
    if file := db.session.scalar(named(revision, token)):  # else it is gone: a second click, or another tab
        files.remove(file)
    db.session.commit()
    return field(revision, [])


@bp.post("/<int:revision_id>/files/<token>/listed")
def list_file(revision_id: int, token: str) -> ResponseReturnValue:
    """Offer it as a download below the text, or no longer."""
    revision = find_revision(revision_id)
    file = get_or_404(named(revision, token))
    files.offer(file, not file.is_listed)
    db.session.commit()
    return field(revision, [])


def named(revision: Revision, token: str) -> Select[ArticleFile]:
    mine = ArticleFile.visible_to(current_user).where(ArticleFile.article_id == revision.article_id)
    return mine.where(ArticleFile.token == token)


def field(revision: Revision, refused: list[str]) -> ResponseReturnValue:
    """The field with its list; without htmx the page with everything that was typed."""
    if wants_partial():
        drawn = Drawn(revision, "", revision.article.lang)
        return render_template("editing/_files.html", revision=revision, drawn=drawn, refused=refused)
    form = EditForm(revision, languages())
    form.form_errors += refused
    return page(revision, form, 422 if refused else 200)
