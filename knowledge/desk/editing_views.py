"""The page on which an article is written, reviewed and published. What is refused leaves every field as it was."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from knowledge.articles import editing
from knowledge.articles.revision import DRAFT, OPEN, Revision
from knowledge.desk.audiences import found_organisations
from knowledge.desk.drawing import Drawn
from knowledge.desk.forms import EditForm
from knowledge.desk.gate import bp, find_revision, languages
from portal.db import db, utcnow
from portal.errors import Refused
from portal.web import wants_partial

Verb = Callable[[Revision, EditForm], Any]


@bp.get("/<int:revision_id>")
def edit(revision_id: int) -> ResponseReturnValue:
    revision = find_revision(revision_id)
    if revision.state not in OPEN:
        return redirect(url_for(".article", article_id=revision.article_id))
    return page(revision, EditForm(revision, languages()))


@bp.post("/<int:revision_id>")
def save(revision_id: int) -> ResponseReturnValue:
    return keep(revision_id, _("Saved. Readers still see the published text."))


@bp.post("/<int:revision_id>/autosave")
def autosave(revision_id: int) -> ResponseReturnValue:
    """Save without a word: answers with the field that says how often it was saved. 409, for which the page says that
    it was not saved: htmx takes a 422 for an answer like others."""
    revision = find_revision(revision_id)
    form = EditForm(revision, languages())
    if not form.validate():
        return "", 409
    try:
        save_fields(revision, form)
    except Refused:
        db.session.rollback()
        return "", 409
    db.session.commit()
    return render_template("editing/_saved.html", revision=revision)


@bp.post("/<int:revision_id>/preview")
def preview(revision_id: int) -> ResponseReturnValue:
    """How the text will look: a piece for htmx, else the whole page with everything that was typed."""
    revision = find_revision(revision_id)
    form = EditForm(revision, languages())
    drawn = Drawn(revision, form.body.data, form.lang.data or revision.article.lang)
    if wants_partial():
        return render_template("editing/_preview.html", drawn=drawn)
    return page(revision, form)


@bp.get("/organisations")
def organisations() -> ResponseReturnValue:
    """The organisations that are chosen, and those whose name was typed; a piece of the page."""
    chosen = [int(number) for number in request.args.getlist("organisations") if number.isdecimal()][:50]
    query = request.args.get("organisation_query", "").replace("\0", "")[:100]
    found = found_organisations(query, chosen)
    return render_template("editing/_organisations.html", found=found, chosen=chosen, query=query)


@bp.post("/<int:revision_id>/send")
def send(revision_id: int) -> ResponseReturnValue:
    def verb(revision: Revision, form: EditForm) -> None:
        to = {"reviewer": form.chosen_reviewer(), "due": form.review_due.data, "remark": form.remark.data}
        editing.send(revision, by=current_user, now=utcnow(), **to)

    return keep(revision_id, _("Sent for review."), verb)


@bp.post("/<int:revision_id>/publish")
def publish(revision_id: int) -> ResponseReturnValue:
    def verb(revision: Revision, _form: EditForm) -> None:
        editing.publish_revision(revision, by=current_user, now=utcnow())

    return move_on(revision_id, _("Published: readers see it now."), verb)


@bp.post("/<int:revision_id>/schedule")
def schedule(revision_id: int) -> ResponseReturnValue:
    def verb(revision: Revision, form: EditForm) -> None:
        at = form.moment()
        if at is None:
            raise Refused(_("Choose the day and time to publish at."))
        editing.schedule(revision, at=at, by=current_user, now=utcnow())

    return move_on(revision_id, _("It will be published at the time you chose."), verb)


@bp.post("/<int:revision_id>/approve")
def approve(revision_id: int) -> ResponseReturnValue:
    def verb(revision: Revision, form: EditForm) -> None:
        editing.approve(revision, by=current_user, remark=form.remark.data, now=utcnow())

    return decide(revision_id, _("Approved."), verb)


@bp.post("/<int:revision_id>/send-back")
def send_back(revision_id: int) -> ResponseReturnValue:
    def verb(revision: Revision, form: EditForm) -> None:
        editing.send_back(revision, form.remark.data, by=current_user, now=utcnow())

    return decide(revision_id, _("It is a draft again."), verb)


@bp.post("/<int:revision_id>/discard")
def discard(revision_id: int) -> ResponseReturnValue:
    revision = find_revision(revision_id)
    editing.discard(revision, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The draft is given up. Its text stays in the history."), "success")
    return redirect(url_for(".article", article_id=revision.article_id))


def move_on(revision_id: int, said: str, verb: Verb) -> ResponseReturnValue:
    """A draft is saved on the way; what is under review or scheduled stays as it is."""
    is_draft = find_revision(revision_id).state == DRAFT
    return keep(revision_id, said, verb) if is_draft else decide(revision_id, said, verb)


def keep(revision_id: int, said: str, then: Verb | None = None) -> ResponseReturnValue:
    """Save what was filled in, then go on."""
    form = EditForm(find_revision(revision_id), languages())
    if not form.validate():
        return page(form.revision, form, 422)

    def verb(revision: Revision, form: EditForm) -> None:
        save_fields(revision, form)
        if then:
            then(revision, form)

    return decide(revision_id, said, verb, form)


def decide(revision_id: int, said: str, verb: Verb, form: EditForm | None = None) -> ResponseReturnValue:
    """Have it done, or say on the same page why not."""
    revision = find_revision(revision_id)
    form = form or EditForm(revision, languages())
    try:
        verb(revision, form)
    except Refused as error:
        db.session.rollback()
        form.form_errors.append(str(error))
        is_overtaken = isinstance(error, editing.Overtaken)
        return page(find_revision(revision_id), form, 409 if is_overtaken else 422, is_overtaken=is_overtaken)
    db.session.commit()
    flash(said, "success")
    return redirect(url_for(".edit", revision_id=revision_id))


def save_fields(revision: Revision, form: EditForm) -> None:
    given = form.fields()
    editing.save(revision, given, by=current_user, saved=form.saved.data, page=form.page.data, now=utcnow())


def page(revision: Revision, form: EditForm, status: int = 200, is_overtaken: bool = False) -> ResponseReturnValue:
    """The edit page, or what reviewers see of it. After a conflict the next save is made knowing the other text."""
    is_draft = revision.state == DRAFT
    drawn = Drawn(revision, form.body.data if is_draft else revision.body, revision.article.lang)
    chosen = form.organisations.data or []
    found = found_organisations(form.organisation_query.data or "", chosen)
    context: dict[str, Any] = {"theirs": drawn.compared(revision.body, form.body.data or "") if is_overtaken else None}
    if is_overtaken:
        form.saved.data = revision.saved
    name = "editing/edit.html" if is_draft else "editing/review.html"
    context |= {"found": found, "chosen": chosen, "query": form.organisation_query.data or ""}
    return render_template(name, revision=revision, article=revision.article, form=form, drawn=drawn, **context), status
