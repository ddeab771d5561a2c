"""Subscribing to the status page, and the pages behind its links. A GET changes nothing: scanners of mail send GETs."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin, current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, Field, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.addresses import spelling
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.sla.text import Text
from portal.status import following, subscribing
from portal.status.component import Component
from portal.status.incident import Incident
from portal.status.subscriber import EMAIL, WEBHOOK, Subscriber
from portal.status.subscribing import Choice
from portal.status.words import KIND_NAMES, WAY_NAMES
from portal.web import choose_zone, csrf, language_names, limiter, public, settings, zones
from portal.webhooks.calling import Target
from portal.webhooks.webhook import LONGEST_URL

bp = Blueprint("subscribers", __name__, url_prefix="/status/subscribe")


class Boxes(SelectMultipleField):  # type: ignore[misc]
    widget, option_widget = ListWidget(prefix_label=False), CheckboxInput()


class ChoiceForm(FlaskForm):  # type: ignore[misc]
    """What to be told of, and in which words."""

    kinds = Boxes(_l("Tell me about"), choices=list(KIND_NAMES.items()))
    components = Boxes(_l("Only of these (none: of all)"), coerce=int)
    lang = SelectField(_l("Language"))
    zone = SelectField(_l("Time zone"))
    is_shared = BooleanField(_l("Several people read what arrives at this address"))

    def __init__(self, person: Any, **more: Any) -> None:
        super().__init__(**more)
        seen = db.session.scalars(Component.visible_to(person).where(Component.archived_at.is_(None))).all()
        self.components.choices = [(part.id, Text(part.titles).to(get_locale())) for part in seen]
        self.lang.choices = list(language_names(settings().languages))
        self.zone.choices = sorted({*zones(), "UTC"})

    def validate_kinds(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_("Choose one at least."))

    @property
    def choice(self) -> Choice:
        """As it was filled in."""
        chosen = (self.kinds.data, self.components.data, self.lang.data, self.zone.data, self.is_shared.data)
        return Choice(*chosen)


class SubscribeForm(ChoiceForm):
    way = SelectField(_l("How?"), choices=list(WAY_NAMES.items()))
    address = StringField(
        _l("E-mail address, or address of the webhook"), render_kw={"required": True, "maxlength": LONGEST_URL}
    )

    def validate_address(self, field: Field) -> None:
        text = (field.data or "").strip()
        try:
            if self.way.data == EMAIL:
                field.data = spelling(text)
            elif len(text) > LONGEST_URL or not Target.of(text, inside=settings().webhooks_inside):
                raise ValueError
            else:
                field.data = text
        except ValueError:
            said = _("That is no e-mail address.")
            if self.way.data != EMAIL:
                said = _("Enter a full address that begins with https://.")
            raise ValidationError(said) from None


def beginning() -> dict[str, Any]:
    """What a new form shows."""
    chosen = {"kinds": list(KIND_NAMES), "lang": str(get_locale()), "zone": choose_zone()}
    if current_user.is_authenticated:
        chosen["address"] = current_user.email
    part = request.args.get("component", "")
    return chosen | ({"components": [int(part)]} if part.isascii() and part.isdigit() and len(part) < 10 else {})


@bp.get("")
@public
def new() -> ResponseReturnValue:
    form = SubscribeForm(current_user, formdata=None, data=beginning())
    return render_template("status/subscribe.html", form=form)


@bp.post("")
@public
@limiter.limit(lambda: settings().limit_subscribe)
def ask() -> ResponseReturnValue:
    """The same answer for every address; an account's own is confirmed already."""
    form = SubscribeForm(current_user)
    if not form.validate():
        return render_template("status/subscribe.html", form=form), 422
    way, address = form.way.data, form.address.data
    if current_user.is_authenticated and way == EMAIL and address.lower() == current_user.email.lower():
        row = subscribing.subscribe(current_user, form.choice, now=utcnow())
        db.session.commit()
        flash(_("Your choice is saved."), "success")
        return redirect(url_for(".choose", token=subscribing.token_of(row)))
    subscribing.ask(way, address, form.choice)
    db.session.commit()
    return render_template("status/asked.html", address=address)


@bp.get("/<token>")
@public
def choose(token: str) -> ResponseReturnValue:
    """What was chosen; for whoever has not confirmed yet, the question."""
    row = subscribing.of_token(token) or abort(404)
    chosen = {"kinds": row.kinds, "components": subscribing.chosen(row), "lang": row.lang, "zone": row.zone}
    form = ChoiceForm(reader_of(row), formdata=None, data=chosen | {"is_shared": row.is_shared})
    return page(row, form, token)


@bp.post("/<token>")
@public
def chosen(token: str) -> ResponseReturnValue:
    """Keep the choice; it also confirms, and begins again what was stopped."""
    row = subscribing.of_token(token) or abort(404)
    form = ChoiceForm(reader_of(row))
    if not form.validate():
        return page(row, form, token)
    subscribing.choose(row, form.choice)
    secret = subscribing.confirm(row, now=utcnow())
    db.session.commit()
    return page(row, form, token, is_saved=True, secret=secret)


def page(row: Subscriber, form: ChoiceForm, token: str, *, is_saved: bool = False, secret: str = "") -> Any:
    given = {"row": row, "form": form, "token": token, "is_saved": is_saved, "secret": secret}
    shown = render_template("status/subscriber.html", is_told=subscribing.is_told(row), **given)
    return shown, 422 if form.errors else 200


@bp.post("/<token>/secret")
@public
def renew(token: str) -> ResponseReturnValue:
    """Another secret for a webhook, shown in this one answer."""
    row = subscribing.of_token(token)
    if row is None or row.way != WEBHOOK or not subscribing.is_told(row):
        abort(404)
    secret = subscribing.new_sealed(row)
    db.session.commit()
    return render_template("status/secret.html", secret=secret, token=token)


@bp.get("/<token>/stop")
@public
def stop(token: str) -> ResponseReturnValue:
    row = subscribing.of_token(token) or abort(404)
    step = "stop" if subscribing.is_told(row) else "stopped"
    return render_template("status/stopping.html", step=step, token=token, about=followed(row))


@bp.post("/<token>/stop")
@public
@csrf.exempt
def stopped(token: str) -> ResponseReturnValue:
    """One press, or one POST of a mail program that has neither cookie nor token (RFC 8058). A second does no harm."""
    row = subscribing.of_token(token) or abort(404)
    about = followed(row)
    if about:
        following.unfollow(row, about, now=utcnow())
    else:
        subscribing.stop(row, "asked", now=utcnow())
    db.session.commit()
    return render_template("status/stopping.html", step="stopped", token=token, about=about)


def followed(row: Subscriber) -> Incident | None:
    """The incident that a mail's link names, for who hears of it (or did) only because they follow it."""
    named = select(Incident).where(Incident.public_id == request.args.get("about", "")[:12])
    found = db.session.scalar(named) if request.args.get("about") else None
    return found if found and following.only_followed(row, found) else None


def reader_of(row: Subscriber) -> Any:
    """Who reads what arrives there: whoever has the link sees no more than that."""
    return db.session.get(User, row.user_id) if row.user_id else AnonymousUserMixin()
