"""Taking a call: who is calling, what they have, and what the call leaves behind."""

from datetime import datetime

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from portal.accounts.entitlement import entitlements_of
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db, get_or_404, utcnow
from portal.desk import calls
from portal.desk.callers import Found, customers, find_callers, looks_like_pin
from portal.desk.case import source_words
from portal.desk.forms import CallerForm, CallForm
from portal.desk.gate import bp
from portal.errors import Refused
from portal.policies import the_policy
from portal.sla import Policy
from portal.sla.entitlement import Entitlement
from portal.tickets import quoting, telling
from portal.tickets.drafts import new_key, was_sent
from portal.tickets.offering import CHOSEN, Offer
from portal.tickets.ticket import LARGEST, Ticket
from portal.web import choose_zone, limiter, settings

CALLERS, REMEMBERED = "callers", 5  # in the session: how the last callers were recognised, by their id
MOST_TICKETS = 20


@bp.get("/phone")
def phone() -> ResponseReturnValue:
    return render_template("desk/phone.html", form=CallerForm(formdata=None), found=None)


@bp.post("/phone")
def find_caller() -> ResponseReturnValue:
    """Sent, not asked for by the address: a PIN must stand in no log and no history."""
    form, found = CallerForm(), None
    if form.validate_on_submit():
        if looks_like_pin(form.said.data):
            count_pin()
        found = find_callers(form.said.data, current_user, now=utcnow())
        remember(found)
        if len(found.people) == 1:
            return redirect(url_for(".caller", person_id=found.people[0].id, ticket=found.ticket))
    return render_template("desk/phone.html", form=form, found=found), 422 if form.errors else 200


@bp.get("/phone/<int:person_id>")
def caller(person_id: int) -> ResponseReturnValue:
    person = the_caller(person_id)
    form = CallForm(formdata=None, form_key=new_key(), ticket=request.args.get("ticket", ""))
    return page(person, offered_to(person, form, now=utcnow()))


@bp.post("/phone/<int:person_id>")
def take_call(person_id: int) -> ResponseReturnValue:
    person, form, now = the_caller(person_id), CallForm(), utcnow()
    offered_to(person, form, now=now)
    try:
        if form.validate_on_submit():
            number = write_down(person, form, now=now)
            db.session.commit()
            flash(_("The call is written down."), "success")
            return redirect(url_for(".show", number=number))
    except Refused as refusal:
        form.form_errors.append(str(refusal))
    except IntegrityError:  # sent twice at the same instant: the other one has written it down
        db.session.rollback()
        return redirect(url_for(".caller", person_id=person_id))
    db.session.rollback()
    return page(the_caller(person_id), form), 422


def write_down(person: User, form: CallForm, *, now: datetime) -> int:
    """On the ticket that was chosen, or on a new one; its number. Sent twice, it is written once."""
    words = {name: form[name].data or "" for name in ("form_key", "said", "answered", "note")}
    call = calls.Call(caller=person, **words)
    if form.ticket.data:
        query = calls.tickets_of(person).where(Ticket.number == int(form.ticket.data))
        ticket: Ticket = get_or_404(query.with_for_update(of=Ticket))
        if not was_sent(call.form_key):
            calls.add_to(ticket, call, by=current_user, now=now)
        return ticket.number
    done = db.session.scalar(calls.tickets_of(person).where(Ticket.form_key == call.form_key))
    return (done or calls.file(call, subject_of(form), by=current_user, now=now)).number


def subject_of(form: CallForm) -> calls.Subject:
    offered = form.offered
    return calls.Subject(
        subject=form.subject.data,
        topic=offered.chosen["topic"],
        organisation=db.session.get(Organisation, offered.organisation.id) if offered.organisation else None,
        product=db.session.get(Product, offered.product.id) if offered.product else None,
        severity=form.severity.data if form.severity.data in offered.severities else None,
    )


def the_caller(person_id: int) -> User:
    person: User = get_or_404(customers().where(User.id == min(person_id, LARGEST)))
    return person


def offered_to(person: User, form: CallForm, *, now: datetime) -> CallForm:
    tickets = db.session.scalars(calls.tickets_of(person).limit(MOST_TICKETS)).all()
    chosen = {name: form[name].data for name in CHOSEN if name in form}
    return form.offer(tickets, Offer(person, chosen, now=now))


def page(person: User, form: CallForm) -> str:
    """All that an agent on the phone has to know of the caller."""
    now, locale, policy = utcnow(), str(get_locale()), the_policy()
    products = db.session.scalars(Product.visible_to(person)).all()
    held = entitlements_of(person, products, now=now)
    channels = {channel.id: channel.name for _product, one in held for channel in one.channels}
    asked = quoting.Fields(channel=calls.CHANNEL)
    quote = quoting.quote_for(person, None, asked, now=now, zone=choose_zone())
    return render_template(
        "desk/caller.html",
        person=person,
        form=form,
        recognised=session.get(CALLERS, {}).get(str(person.id), ""),
        organisations=db.session.scalars(person.organisations()).all(),
        held=[(product.name, words_of(policy, one, locale), source_words(one), one) for product, one in held],
        may_call=calls.CHANNEL in channels,
        instead=[name for id_, name in channels.items() if id_ != calls.CHANNEL],
        promise=telling.promised_sentence(quote, zone=choose_zone()),
        tickets=db.session.scalars(calls.tickets_of(person).limit(MOST_TICKETS)).all(),
    )


def words_of(policy: Policy, held: Entitlement, locale: str) -> str:
    plan, tier = policy.plans[held.plan].name.to(locale), policy.tiers[held.tier].name.to(locale)
    return _("%(plan)s, %(tier)s", plan=plan, tier=tier)


def remember(found: Found) -> None:
    """Only what this agent has just been told counts as proof: it can't be put into a link."""
    kept = list(session.get(CALLERS, {}).items())
    kept = [(key, ground) for key, ground in kept if key not in {str(person.id) for person in found.people}]
    kept += [(str(person.id), found.ground) for person in found.people[:REMEMBERED]]
    session[CALLERS] = dict(kept[-REMEMBERED:])


def count_pin() -> None:
    """Raises `RateLimitExceeded`, which answers 429, for somebody who tries too many."""
    with limiter.limit(settings().limit_pin, key_func=lambda: f"pin:{current_user.id}"):
        pass
