"""The one rule of the editors' desk: it is there for editors, and for nobody else."""

from flask import Blueprint, abort
from flask_babel import get_locale
from flask_login import current_user

from knowledge.articles.article import Article
from knowledge.articles.reading import Languages
from knowledge.articles.revision import Revision, is_editor
from portal.db import db, get_or_404
from portal.web import settings

bp = Blueprint("editing", __name__, url_prefix="/kb/desk")


@bp.before_request
def editors_only() -> None:
    """Others find no such desk: 404, as for any address that isn't there. Visitors were asked to sign in before."""
    if not is_editor(current_user):
        abort(404)


def find_revision(revision_id: int) -> Revision:
    revision: Revision = get_or_404(Revision.visible_to(current_user).where(Revision.id == revision_id))
    return revision


def find_article(article_id: int) -> Article:
    """Any article: editors see those that readers don't."""
    return db.session.get(Article, article_id) or abort(404)


def languages() -> Languages:
    return Languages(str(get_locale()).replace("_", "-"), settings().default_locale)
