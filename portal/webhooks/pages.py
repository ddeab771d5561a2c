"""The pages of webhooks: for owners those of their organisations, for admins those of the desk."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from wtforms import Field, SelectField, URLField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.tickets.credentials import encrypt
from portal.web import limiter, settings
from portal.webhooks import delivering
from portal.webhooks.calling import Target
from portal.webhooks.webhook import LONGEST_URL, Delivery, Webhook, may_have_any, new_secret, owned_by

bp = Blueprint("webhooks", __name__, url_prefix="/account/webhooks")

MOST = 20  # of one organisation
SHOWN = 50  # deliveries
DESK = "desk"
WHY = {
    "inside": _l("the address is inside the network"),
    "unknown": _l("there is no such address"),
    "unreachable": _l("nobody answered"),
    "untrusted": _l("its certificate is not trusted"),
    "slow": _l("it took too long"),
}


@bp.before_request
def for_those_who_may() -> None:
    """Whoever can have none is told so; one that is named and not theirs isn't there."""
    if not request.view_args and not may_have_any(current_user):
        abort(403)


class WebhookForm(FlaskForm):  # type: ignore[misc]
    organisation = SelectField(
        _l("Whose tickets?"), invalid_choice_message=_l("Choose one of the organisations in the list.")
    )
    url = URLField(
        _l("Address"),
        [
            DataRequired(_l("Enter the address that is to be called.")),
            Length(max=LONGEST_URL, message=_l("Use at most %(max)d characters.")),
        ],
        [lambda text: text.strip() if text else text],
        render_kw={"maxlength": LONGEST_URL, "placeholder": "https://", "autocomplete": "off"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owned = [SelectChoice(str(one.id), one.name) for one in db.session.scalars(owned_by(current_user))]
        desks = [SelectChoice(DESK, _l("All tickets, for the desk"))] if current_user.has_role("admin") else []
        self.organisation.choices = [*owned, *desks]

    def validate_url(self, field: Field) -> None:
        try:
            Target.of(field.data, inside=settings().webhooks_inside)
        except ValueError:  # of encodings, too
            raise ValidationError(_("Enter a full address that begins with https://.")) from None


@bp.get("/")
def index() -> ResponseReturnValue:
    return page(WebhookForm(formdata=None))


@bp.post("/")
def new() -> ResponseReturnValue:
    """Make one and show its secret in this one answer."""
    form = WebhookForm()
    if not form.validate():
        return page(form)
    group = None if form.organisation.data == DESK else int(form.organisation.data)
    counted = select(func.count()).select_from(Webhook).where(Webhook.organisation_id.is_not_distinct_from(group))
    if (db.session.scalar(counted) or 0) >= MOST:
        raise Refused(_("There are as many webhooks as there can be. Remove one first."))
    secret = new_secret()
    made = Webhook(organisation_id=group, made_by_id=current_user.id, url=form.url.data, sealed=encrypt(secret))
    db.session.add(made)
    db.session.commit()
    return page(WebhookForm(formdata=None), fresh=secret)


def page(form: WebhookForm, fresh: str = "") -> ResponseReturnValue:
    found = db.session.scalars(Webhook.visible_to(current_user)).all()
    shown = render_template("webhooks/index.html", form=form, webhooks=found, fresh=fresh)
    return shown, 422 if form.errors else 200


def visible(webhook_id: int) -> Webhook:
    found: Webhook = get_or_404(Webhook.visible_to(current_user).where(Webhook.id == webhook_id))
    return found


@bp.get("/<int:webhook_id>")
def show(webhook_id: int) -> ResponseReturnValue:
    webhook = visible(webhook_id)
    log = Delivery.visible_to(current_user).where(Delivery.webhook_id == webhook.id).limit(SHOWN)
    return render_template("webhooks/show.html", webhook=webhook, deliveries=db.session.scalars(log).all(), why=WHY)


@bp.post("/<int:webhook_id>/test")
@limiter.limit(lambda: settings().limit_webhooks, key_func=lambda: f"person:{current_user.id}")
def test(webhook_id: int) -> ResponseReturnValue:
    delivering.begin_test(visible(webhook_id), now=utcnow())
    db.session.commit()
    flash(_("A test is on its way. Reload this page to see the answer."), "success")
    return redirect(url_for(".show", webhook_id=webhook_id))


@bp.post("/<int:webhook_id>/switch")
def switch(webhook_id: int) -> ResponseReturnValue:
    webhook = visible(webhook_id)
    webhook.is_on, webhook.rest_until, webhook.made_by_id = not webhook.is_told, None, current_user.id
    db.session.commit()
    flash(_("The webhook is on.") if webhook.is_on else _("The webhook is off."), "success")
    return redirect(url_for(".show", webhook_id=webhook_id))


@bp.post("/<int:webhook_id>/remove")
def remove(webhook_id: int) -> ResponseReturnValue:
    db.session.delete(visible(webhook_id))
    db.session.commit()
    flash(_("The webhook is removed."), "success")
    return redirect(url_for(".index"))


@bp.post("/deliveries/<int:delivery_id>/again")
@limiter.limit(lambda: settings().limit_webhooks, key_func=lambda: f"person:{current_user.id}")
def again(delivery_id: int) -> ResponseReturnValue:
    found = get_or_404(Delivery.visible_to(current_user).where(Delivery.id == delivery_id).with_for_update(of=Delivery))
    delivering.begin_again(found)
    db.session.commit()
    flash(_("It is sent again. Reload this page to see the answer."), "success")
    return redirect(url_for(".show", webhook_id=found.webhook_id))
