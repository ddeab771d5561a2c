"""The page on which an article is written."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from knowledge.articles.revision import Revision
from knowledge.desk.gate import bp
from portal.db import get_or_404


@bp.get("/<int:revision_id>")
def edit(revision_id: int) -> ResponseReturnValue:
    revision = get_or_404(Revision.visible_to(current_user).where(Revision.id == revision_id))
    return render_template("editing/edit.html", revision=revision)
