"""Images and attachments of articles, for those who may read the article."""

from flask import Response, send_file
from flask_login import current_user
from werkzeug.exceptions import NotFound

from knowledge.articles import files
from knowledge.articles.revision import ArticleFile
from knowledge.articles.views import bp
from portal.db import get_or_404
from portal.web import INERT, public


@bp.get("/files/<token>/<filename>")
@public
def file(token: str, filename: str) -> Response:
    """Pictures are shown, all else is handed out to be saved. Nothing in it may run, whatever it is."""
    found = get_or_404(ArticleFile.visible_to(current_user).where(ArticleFile.token == token))
    path = files.path_of(found)
    if filename != found.filename or not path.exists():
        raise NotFound
    response = send_file(
        path,
        mimetype=found.content_type,
        as_attachment=not files.is_inline(found),
        download_name=found.filename,
        etag=found.sha256,
        last_modified=found.created_at,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    kept = "no-store" if current_user.is_authenticated else "private, no-cache"  # rights end at once
    response.headers["Cache-Control"] = kept
    return response


file.talisman_view_options = {"content_security_policy": INERT}  # type: ignore[attr-defined]
