"""The page of saved searches: keep the view of the queue that one comes from, see and remove those there are."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.exceptions import Forbidden
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from portal.db import db, get_or_404, utcnow
from portal.desk import saved
from portal.desk.gate import bp
from portal.desk.saved import SavedSearch
from portal.desk.sieve import Sieve
from portal.errors import Refused
from portal.tickets.conversation import clean
from portal.tickets.ticket import LARGEST


class SearchForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        _l("Name"),
        [
            DataRequired(_l("Give it a name.")),
            Length(max=saved.LONGEST_NAME, message=_l("Please keep it under %(max)d characters.")),
        ],
        [lambda text: " ".join(clean(text or "").split())],
    )
    is_shared = BooleanField(_l("Share it with all who answer"))


@bp.get("/searches")
def searches() -> ResponseReturnValue:
    return draw(SearchForm(formdata=None))


@bp.post("/searches")
def save_search() -> ResponseReturnValue:
    """The address carries the view that is saved."""
    form, sieve = SearchForm(), Sieve.from_arguments(request.args)
    if not form.validate():
        return draw(form), 422
    try:
        shared = bool(form.is_shared.data)
        saved.save(sieve, form.name.data or "", is_shared=shared, by=current_user, now=utcnow())
    except Refused as reason:
        form.name.errors = [str(reason)]
        return draw(form), 422
    db.session.commit()
    flash(_("The search is saved."), "success")
    return redirect(url_for(".queue") + sieve.query())


@bp.post("/searches/<int:search_id>/remove")
def remove_search(search_id: int) -> ResponseReturnValue:
    query = SavedSearch.visible_to(current_user).where(SavedSearch.id == min(search_id, LARGEST))
    row: SavedSearch = get_or_404(query)
    if not row.may_remove(current_user):
        raise Forbidden
    db.session.delete(row)
    db.session.commit()
    flash(_("The saved search is removed."), "success")
    return redirect(url_for(".searches"))


def draw(form: SearchForm) -> str:
    rows = db.session.scalars(SavedSearch.visible_to(current_user)).all()
    return render_template("desk/searches.html", rows=rows, form=form, sieve=Sieve.from_arguments(request.args))
