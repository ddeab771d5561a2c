"""The editors' pages of documents: the list, a new one, changing what is said of it, another file, the archive."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import or_, select

from knowledge.articles.reading import product_names
from knowledge.articles.revision import is_editor
from knowledge.desk.audiences import found_organisations
from knowledge.documents import files, writing
from knowledge.documents.document import Document
from knowledge.documents.extraction import PROBLEMS
from knowledge.documents.forms import DetailsForm, DocumentForm, FileForm, details_of
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.web import settings

bp = Blueprint("document_desk", __name__, url_prefix="/kb/desk/documents")

PAGE = 40
ROOM = 1_000_000  # bytes of a form beside its file


@bp.url_value_preprocessor
def allow_large_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before the form is read for the first time, which is to check its token."""
    request.max_content_length = settings().document_max_bytes + ROOM


@bp.before_request
def editors_only() -> None:
    """Others find nothing here: 404, as for any address that isn't there."""
    if not is_editor(current_user):
        abort(404)


@bp.get("/")
def index() -> ResponseReturnValue:
    text, state = request.args.get("q", "").replace("\0", "")[:200], request.args.get("state", "")
    query = Document.visible_to(current_user)
    if text:
        columns = (Document.title, Document.slug, Document.filename)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    if state == "problem":
        query = query.where(Document.problem != "", Document.status != writing.ARCHIVED)
    elif state in (writing.DRAFT, writing.PUBLISHED, writing.ARCHIVED):
        query = query.where(Document.status == state)
    order = (Document.product, Document.slug, Document.version_key.desc(), Document.lang)
    page = db.paginate(query.order_by(*order), per_page=PAGE, max_per_page=PAGE)
    context = {"page": page, "text": text, "state": state, "problems": PROBLEMS, "product_names": product_names()}
    return render_template("documents/desk/index.html", **context)


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """`from` names a document of which this is another version or language."""
    like = find(like_id) if (like_id := request.args.get("from", type=int)) else None
    form = DocumentForm(data=details_of(like) | {"version": ""} if like else None).offer(like)
    if form.validate_on_submit():
        upload = form.file.data
        fields = form.fields() | {"status": form.status.data, "filename": upload.filename}
        try:
            document = writing.add_document(fields, upload.stream, by=current_user, now=utcnow())
        except Refused as error:
            form.form_errors.append(str(error))
        else:
            db.session.commit()
            flash(_("%(name)s is kept.", name=document.filename), "success")
            return redirect(url_for(".edit", document_id=document.id))
        db.session.rollback()
    return draw("new", form, like=like), 422 if form.errors else 200


@bp.route("/<int:document_id>", methods=["GET", "POST"])
def edit(document_id: int) -> ResponseReturnValue:
    document = find(document_id)
    form = DetailsForm(data=details_of(document)).offer(document)
    if form.validate_on_submit():
        try:
            writing.edit_document(document, form.fields(), now=utcnow())
        except Refused as error:
            form.form_errors.append(str(error))
            db.session.rollback()
        else:
            db.session.commit()
            flash(_("The changes are kept."), "success")
            return redirect(url_for(".edit", document_id=document_id))
    return draw("edit", form, document=document, file_form=FileForm(formdata=None)), 422 if form.errors else 200


@bp.post("/<int:document_id>/file")
def replace(document_id: int) -> ResponseReturnValue:
    document, form = find(document_id), FileForm()
    if form.validate_on_submit():
        try:
            upload = form.file.data
            writing.replace_file(document, upload.stream, upload.filename, by=current_user, now=utcnow())
        except Refused as error:
            form.file.errors = [str(error)]
            db.session.rollback()
        else:
            db.session.commit()
            flash(_("The file is replaced."), "success")
            return redirect(url_for(".edit", document_id=document_id))
    details = DetailsForm(formdata=None, data=details_of(document)).offer(document)
    return draw("edit", details, document=document, file_form=form), 422


@bp.post("/<int:document_id>/archive")
def archive(document_id: int) -> ResponseReturnValue:
    writing.archive(find(document_id), now=utcnow())
    db.session.commit()
    return redirect(url_for(".edit", document_id=document_id))


@bp.post("/<int:document_id>/publish")
def publish(document_id: int) -> ResponseReturnValue:
    writing.publish(find(document_id), now=utcnow())
    db.session.commit()
    return redirect(url_for(".edit", document_id=document_id))


def find(document_id: int) -> Document:
    query = Document.visible_to(current_user).where(Document.id == min(document_id, 2**31 - 1))
    found: Document = get_or_404(query)
    return found


def draw(name: str, form: DetailsForm, **context: Any) -> str:
    most = settings().document_max_bytes
    slugs = db.session.scalars(select(Document.slug).distinct().order_by(Document.slug).limit(200)).all()
    chosen, query = form.organisations.data or [], form.organisation_query.data or ""
    context |= {"found": found_organisations(query, chosen), "chosen": chosen, "query": query}
    context |= {"problems": PROBLEMS, "accept": files.ACCEPT, "most": most, "slugs": slugs}
    return render_template(f"documents/desk/{name}.html", form=form, **context)
