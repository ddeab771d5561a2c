"""The public pages of manuals and downloads, and the files themselves."""

import logging
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy.exc import IntegrityError, OperationalError

from knowledge.articles.reading import Languages
from knowledge.articles.revision import is_editor
from knowledge.documents import downloads, files, reading
from knowledge.documents.addresses import file_url, meant, page_url, spelt
from knowledge.documents.document import Document
from knowledge.documents.moving import moved
from knowledge.edition import Edition
from knowledge.search.ranking import Question
from knowledge.search.snippets import mark, matches
from knowledge.search.words import TEXT_FIELDS
from portal.audience import sees
from portal.db import db, utcnow
from portal.fragments import fragment
from portal.web import asked_here, public, settings

log = logging.getLogger(__name__)

bp = Blueprint("documents", __name__, url_prefix="/manuals")
bp.add_app_template_filter(file_url, "file_url")
bp.add_app_template_filter(page_url, "document_url")
bp.add_app_template_filter(spelt, "spelt")

INLINE = frozenset((files.PDF,))
# A PDF is shown by the browser's own viewer, which a sandbox would shut out. Nothing in it runs in the portal's name.
INERT = "default-src 'none'; object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
LONGEST_QUESTION = 200


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    def render() -> str:
        return render_template("documents/_index.html", shelves=reading.shelves(current_user, languages()))

    key = ("documents", "index", Edition.current(), sees(current_user), str(get_locale()))
    return render_template("documents/index.html", shelves=fragment(key, render), may_edit=is_editor(current_user))


@bp.get("/<slug>")
@public
def show(slug: str) -> ResponseReturnValue:
    page = find(slug)
    taken = downloads.downloads_of(page.chosen.id)
    return render_template("documents/show.html", page=page, document=page.chosen, downloads=taken)


@bp.get("/<slug>/page/<int:number>")
@public
def page(slug: str, number: int) -> ResponseReturnValue:
    """The text of one page, for those whom a PDF doesn't serve. `q` marks words."""
    found, question = find(slug), request.args.get("q", "")[:LONGEST_QUESTION]
    text = reading.text_of(found.chosen, number) if number < 10**6 else None
    if text is None:
        abort(404)
    wanted = Question(question, TEXT_FIELDS).wanted if question.strip() else {}
    parts = reading.paragraphs(text)
    paragraphs = [mark(part, matches(part, found.chosen.lang, wanted)) for part in parts]
    context = {"page": found, "document": found.chosen, "number": number, "question": question}
    return render_template("documents/page.html", **context, paragraphs=paragraphs)


@bp.get("/<slug>/<version>/<lang>/<filename>")
@public
def file(slug: str, version: str, lang: str, filename: str) -> ResponseReturnValue:
    """The bytes. A PDF opens in place, at `#page=12` too; all else is saved."""
    here = {"slug": slug, "version": meant(version), "lang": meant(lang)}
    if "\0" in slug + version + lang:
        abort(404)
    document = db.session.scalar(Document.visible_to(current_user).filter_by(**here))
    if document is None:
        there = moved(slug, current_user, here["version"], here["lang"]) or abort(404)
        return redirect(file_url(there), 301)
    if filename != document.filename:  # the file was replaced by one of another name
        return redirect(file_url(document))
    if not files.path_of(document.token).exists():
        log.error("a document's file is gone", extra={"document": document.id})
        abort(404)
    response = send(document, inline=document.content_type in INLINE and "download" not in request.args)
    if is_download(response):
        count(document)
    return response


file.talisman_view_options = {"content_security_policy": INERT}  # type: ignore[attr-defined]


def send(document: Document, *, inline: bool) -> Response:
    """Whole, in part, or 304. What isn't PDF goes out as bytes, which are never compressed: parts stay parts."""
    response = send_file(
        files.path_of(document.token),
        mimetype=document.content_type if document.content_type in INLINE else files.BYTES,
        as_attachment=not inline,
        download_name=document.filename,
        etag=document.sha256,
        last_modified=document.updated_at,
        max_age=0,
        conditional=True,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store" if current_user.is_authenticated else "private, no-cache"
    return response


def is_download(response: Response) -> bool:
    """True for somebody who takes the file from its beginning: no HEAD, no later part, no look whether it changed."""
    fetched_ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    begins = not request.range or any(start == 0 for start, _ in request.range.ranges)
    is_taken = request.method == "GET" and response.status_code in (200, 206) and begins
    return is_taken and not fetched_ahead and not downloads.is_machine(request.user_agent.string)


def count(document: Document) -> None:
    """The file is handed out whether it could be counted or not."""
    reader = f"account {current_user.id}" if current_user.is_authenticated else _address()
    try:
        secret = settings().secret_key
        if downloads.note_download(document.id, reader=reader, secret=secret, now=utcnow()):
            db.session.commit()
    except IntegrityError:  # two requests of one reader at once, or the document is gone
        db.session.rollback()
    except OperationalError:
        db.session.rollback()
        log.warning("a download was not counted", exc_info=True)


def _address() -> str:
    return f"{request.remote_addr} {request.user_agent.string}"


def find(slug: str) -> Any:
    """The document at this address in the version and language asked for, else in what serves the reader best.

    An old address leads on to the new one, for ever.
    """
    version, lang = request.args.get("version"), request.args.get("in")
    asked = [None if part is None else meant(part) for part in (version, lang)]
    found = reading.Page(slug, current_user, languages(), *asked)
    if found.chosen:
        return found
    there = moved(slug, current_user, *asked) or abort(404)
    now = asked_here() | {"slug": there.slug}
    abort(redirect(url_for(request.endpoint or ".show", **now), 301))


def languages() -> Languages:
    return Languages(str(get_locale()).replace("_", "-"), settings().default_locale)
