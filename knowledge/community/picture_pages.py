"""The pictures of posts, for whoever sees the post."""

from flask import Response, request, send_file
from flask_login import current_user
from werkzeug.exceptions import NotFound

from knowledge.community import drafting, pictures
from knowledge.community.blueprint import bp
from knowledge.community.forms import PostForm
from knowledge.community.pictures import PostPicture
from knowledge.community.secrets import SecretsFound
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.web import INERT, public, reader


@bp.get("/picture/<token>")
@public
def picture(token: str) -> Response:
    """One picture. Nothing in it may run, whatever it is."""
    found = get_or_404(PostPicture.visible_to(current_user).where(PostPicture.token == token))
    path = pictures.path_of(found)
    if not path.exists():
        raise NotFound
    response = send_file(path, mimetype=found.content_type, etag=found.sha256, last_modified=found.created_at)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    kept = "no-store" if current_user.is_authenticated else "private, no-cache"  # rights end at once
    response.headers["Cache-Control"] = kept
    return response


picture.talisman_view_options = {"content_security_policy": INERT}  # type: ignore[attr-defined]


def take_pictures(form: PostForm, topic_id: int | None = None) -> SecretsFound | None:
    """Keep what was uploaded with a form, at the end of its text and in its draft, and commit.

    What is refused is said among the form's errors; a name that gives something away is returned, to be shown.
    """
    given = [upload for upload in request.files.getlist("pictures") if upload.filename]
    found = None
    for upload in given:
        try:
            kept = pictures.keep(upload.stream, upload.filename, by=reader(), now=utcnow())
        except SecretsFound as error:
            found = error
        except Refused as error:
            form.form_errors.append(str(error))
        else:
            before = (form.body.data or "").rstrip()
            form.body.data = f"{before}\n\n{pictures.markdown_of(kept)}\n".lstrip()
    if given:
        typed = {**request.form, "body": form.body.data or ""}
        drafting.keep(reader(), request.form.get("form_key"), typed, topic_id=topic_id, now=utcnow())
        db.session.commit()
    return found
