"""Telling moderators of a post, and reading where one stands oneself."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from knowledge.community import flags, sanctions
from knowledge.community.blueprint import address_of, bp
from knowledge.community.post_views import held, seen
from knowledge.community.standing import Sanction
from knowledge.community.writing_views import poster
from portal.db import db, get_or_404, utcnow
from portal.web import limiter, reader, settings

REASONS = {
    "spam": _l("Advertising or spam"),
    "rude": _l("Rude or hurtful"),
    "secret": _l("Private details that nobody should read"),
    "off_topic": _l("Has nothing to do with the topic"),
    "other": _l("Something else"),
}


class FlagForm(FlaskForm):  # type: ignore[misc]
    """Why a post should not stand there."""

    reason = RadioField(
        _l("What is wrong with it?"),
        choices=[(name, REASONS[name]) for name in flags.REASONS],
        validators=[InputRequired(_l("Choose what is wrong with it."))],
    )
    note = TextAreaField(_l("What should we know?"), [Length(max=500)])


@bp.get("/post/<int:post_id>/flag")
def flag_page(post_id: int) -> ResponseReturnValue:
    return render_template("community/flag.html", form=FlagForm(), post=seen(post_id))


@bp.post("/post/<int:post_id>/flag")
@limiter.limit(lambda: settings().limit_community, key_func=poster)
def flag(post_id: int) -> ResponseReturnValue:
    post, form = held(post_id), FlagForm()
    if not form.validate():
        return render_template("community/flag.html", form=form, post=post), 422
    flags.flag(post, reason=form.reason.data, note=form.note.data or "", by=reader(), now=utcnow())
    db.session.commit()
    flash(_("Thank you. A moderator looks at it."), "success")
    return redirect(address_of(post.topic, post.number))


@bp.get("/standing")
def own_standing() -> ResponseReturnValue:
    """Warnings and suspensions of one's own, with their reasons."""
    mine = Sanction.visible_to(current_user).where(Sanction.user_id == current_user.id).order_by(Sanction.id.desc())
    return render_template("community/standing.html", sanctions=db.session.scalars(mine).all(), now=utcnow())


@bp.post("/standing/<int:sanction_id>/appeal")
def appeal(sanction_id: int) -> ResponseReturnValue:
    own = Sanction.visible_to(current_user).where(Sanction.id == sanction_id, Sanction.user_id == current_user.id)
    given = get_or_404(own.with_for_update(of=Sanction))
    sanctions.appeal(given, text=request.form.get("text", ""), by=reader(), now=utcnow())
    db.session.commit()
    flash(_("Thank you. A moderator answers you here."), "success")
    return redirect(url_for(".own_standing"))
