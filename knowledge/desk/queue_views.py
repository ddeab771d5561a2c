"""The queue: what is being written, reviewed and scheduled, and all articles there are."""

import secrets
from datetime import datetime

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from knowledge.articles import editing
from knowledge.desk import board
from knowledge.desk.forms import NewForm, category_choices
from knowledge.desk.gate import bp, languages
from knowledge.exchange import addresses
from portal.db import db, utcnow
from portal.errors import Refused
from portal.web import reader_zone


@bp.get("/")
def queue() -> ResponseReturnValue:
    name, sieve, today = request.args.get("show", "mine"), asked(), datetime.now(reader_zone()).date()
    if name not in board.LISTS:
        abort(404)
    pages = board.revisions(name, sieve, by=current_user, today=today)
    context = {"counts": board.counts(by=current_user, today=today), "written": board.written_languages()}
    return render_template("editing/queue.html", show=name, pages=pages, sieve=sieve, today=today, **context)


@bp.get("/articles")
def articles() -> ResponseReturnValue:
    sieve, today = asked(), datetime.now(reader_zone()).date()
    context = {"written": board.written_languages(), "shelves": category_choices(languages())}
    pages = board.articles(sieve, today=today)
    choose = languages().choose
    return render_template("editing/articles.html", pages=pages, sieve=sieve, choose=choose, today=today, **context)


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    form = NewForm(languages(), data={"lang": str(languages().site), "category": request.args.get("category", "")})
    if form.validate_on_submit():
        title = form.title.data
        [slug] = [form.slug.data] if form.slug.data else addresses.choose({secrets.token_hex(4): title}).values()
        fields = {"title": title, "slug": slug, "lang": form.lang.data, "category": form.category.data or None}
        try:
            revision = editing.begin_new(fields, by=current_user, now=utcnow())
            db.session.commit()
            flash(_("The draft is there. Nobody but editors sees it."), "success")
            return redirect(url_for(".edit", revision_id=revision.id))
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(str(error))
    return render_template("editing/new.html", form=form), 422 if form.is_submitted() else 200


def asked() -> board.Sieve:
    """What the address narrows a list to."""
    given = {name: request.args.get(name, "").replace("\0", "")[:100] for name in ("q", "lang", "status", "category")}
    return board.Sieve(**given)
