"""The pages of synonyms and pinned results."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user

from knowledge.insight import guidance
from knowledge.insight.forms import PinForm, SheetForm, SynonymForm
from knowledge.insight.gate import bp, sheet
from knowledge.insight.trying import Trial, tried
from knowledge.paging import RowPages
from knowledge.search.guidance import Pin, Synonym
from portal import spreadsheets
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused

PER_PAGE = 40


@bp.get("/synonyms")
def synonyms() -> ResponseReturnValue:
    """`words` and `in` fill in the form, as the lists of searches do."""
    given = {"words": request.args.get("words", "")[:200], "lang": request.args.get("in", "")}
    return draw_synonyms(SynonymForm(formdata=None, data=given | {"try_with": given["words"]}).offer())


@bp.route("/synonyms/<int:synonym_id>", methods=["GET", "POST"])
def synonym(synonym_id: int) -> ResponseReturnValue:
    row: Synonym = get_or_404(Synonym.visible_to(current_user).where(Synonym.id == min(synonym_id, 2**31 - 1)))
    known = {"words": "\n".join(row.words), "lang": row.lang, "is_one_way": row.is_one_way}
    form = SynonymForm(data=known).offer()
    if form.validate_on_submit() and keeps(form, lambda: write_synonym(row, form)):
        return redirect(url_for(".synonyms"))
    return draw_synonyms(form, changed=synonym_id), 422 if form.errors else 200


@bp.post("/synonyms")
def add_synonym() -> ResponseReturnValue:
    form = SynonymForm().offer()
    if form.validate() and keeps(form, lambda: write_synonym(Synonym(), form)):
        return redirect(url_for(".synonyms"))
    return draw_synonyms(form), 422


@bp.post("/synonyms/try")
def try_synonym() -> ResponseReturnValue:
    """What a search would find with it. Nothing is kept."""
    form, trial = SynonymForm().offer(), None
    if form.validate():
        text = form.try_with.data or next(iter(form.listed), "")
        trial = attempt(form, text, lambda: write_synonym(Synonym(), form))
    return draw_synonyms(form, trial=trial), 422 if form.errors else 200


@bp.post("/synonyms/<int:synonym_id>/remove")
def remove_synonym(synonym_id: int) -> ResponseReturnValue:
    query = Synonym.visible_to(current_user).where(Synonym.id == min(synonym_id, 2**31 - 1))
    guidance.remove(get_or_404(query))
    db.session.commit()
    return redirect(url_for(".synonyms"))


@bp.get("/synonyms.csv")
def export_synonyms() -> Response:
    rows = db.session.scalars(Synonym.visible_to(current_user).order_by(Synonym.id))
    return sheet("synonyms.csv", guidance.SYNONYM_HEAD, [guidance.synonym_cells(row) for row in rows])


@bp.post("/synonyms/import")
def import_synonyms() -> ResponseReturnValue:
    taken(lambda content: guidance.take_synonyms(content, by=current_user, now=utcnow()))
    return redirect(url_for(".synonyms"))


@bp.get("/pins")
def pins() -> ResponseReturnValue:
    given = {"text": request.args.get("text", "")[:200], "lang": request.args.get("in", "")}
    return draw_pins(PinForm(formdata=None, data=given).offer())


@bp.post("/pins")
def add_pin() -> ResponseReturnValue:
    form = PinForm().offer()
    if form.validate() and keeps(form, lambda: write_pin(Pin(), form)):
        return redirect(url_for(".pins"))
    return draw_pins(form), 422


@bp.post("/pins/try")
def try_pin() -> ResponseReturnValue:
    form, trial = PinForm().offer(), None
    if form.validate():
        trial = attempt(form, form.text.data, lambda: write_pin(Pin(), form))
    return draw_pins(form, trial=trial), 422 if form.errors else 200


@bp.post("/pins/<int:pin_id>/remove")
def remove_pin(pin_id: int) -> ResponseReturnValue:
    guidance.remove(get_or_404(Pin.visible_to(current_user).where(Pin.id == min(pin_id, 2**31 - 1))))
    db.session.commit()
    return redirect(url_for(".pins"))


@bp.get("/pins.csv")
def export_pins() -> Response:
    rows = db.session.execute(guidance.listed_pins(current_user))
    return sheet("pins.csv", guidance.PIN_HEAD, [guidance.pin_cells(row) for row in rows])


@bp.post("/pins/import")
def import_pins() -> ResponseReturnValue:
    taken(lambda content: guidance.take_pins(content, by=current_user, now=utcnow()))
    return redirect(url_for(".pins"))


def write_synonym(row: Synonym, form: SynonymForm) -> None:
    one_way = bool(form.is_one_way.data)
    guidance.keep_synonym(row, form.listed, form.lang.data or "", one_way, by=current_user, now=utcnow())


def write_pin(row: Pin, form: PinForm) -> None:
    given = (form.text.data, form.address.data, form.lang.data or "", form.place.data or 1)
    guidance.keep_pin(row, *given, by=current_user, now=utcnow())


def keeps(form: Any, write: Callable[[], None]) -> bool:
    """True when it was written; else the form says why not."""
    try:
        write()
    except Refused as error:
        db.session.rollback()
        form.form_errors.append(str(error))
        return False
    db.session.commit()
    flash(_("It holds from now on."), "success")
    return True


def attempt(form: Any, text: str, write: Callable[[], None]) -> Trial | None:
    try:
        return tried(text, current_user, str(get_locale()).replace("_", "-"), write)
    except Refused as error:
        form.form_errors.append(str(error))
        return None
    finally:
        db.session.rollback()


def taken(take: Callable[[bytes], int]) -> None:
    """Take a file in; what is wrong with it is told on the page it leads back to."""
    form = SheetForm()
    if not form.validate():
        flash(" ".join(str(error) for errors in form.errors.values() for error in errors), "error")
        return
    try:
        count = take(form.file.data.read(spreadsheets.LARGEST + 1))
    except Refused as error:
        db.session.rollback()
        flash(str(error), "error")
        return
    db.session.commit()
    flash(ngettext("%(num)s new line is taken.", "%(num)s new lines are taken.", count), "success")


def draw_synonyms(form: SynonymForm, **context: Any) -> str:
    query = Synonym.visible_to(current_user).order_by(Synonym.updated_at.desc(), Synonym.id.desc())
    page = db.paginate(query, per_page=PER_PAGE, max_per_page=PER_PAGE)
    return render_template(
        "insight/synonyms.html", form=form, page=page, sheet_form=SheetForm(formdata=None), **context
    )


def draw_pins(form: PinForm, **context: Any) -> str:
    query = guidance.listed_pins(current_user)
    page = RowPages(select=query, session=db.session, per_page=PER_PAGE, max_per_page=PER_PAGE)
    context |= {"page": page, "sheet_form": SheetForm(formdata=None)}
    return render_template("insight/pins.html", form=form, **context)
