"""Filing: the form, its quote, its answers and its drafts."""

from datetime import datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.db import db, get_or_404, utcnow
from portal.status import known
from portal.tickets import drafts, drawing, filing, following_up, intake
from portal.tickets.answers import answers_to, note_filed, open_answer
from portal.tickets.blueprint import bp
from portal.tickets.form import TicketForm, filled_from
from portal.tickets.offering import Offer
from portal.tickets.promise import quoted
from portal.tickets.ticket import Draft
from portal.web import choose_locale, choose_zone, reader

CLAIM = "draft_claim"
ASKED = ("article", "product", "topic", "subject", "severity", "organisation")  # what a link to the form may choose


@bp.get("/new")
def new() -> ResponseReturnValue:
    now, draft = utcnow(), None
    prefill = {name: request.args.get(name, "") for name in ASKED}
    if wanted := request.args.get("draft", type=int):
        draft = get_or_404(Draft.kept_as(wanted, current_user).where(Draft.ticket_id.is_(None)))
    if is_back(unclaimed := kept_for_reader()):
        return take_back(unclaimed, now=now)
    if followed := following_up.followed(request.args.get("follows", ""), current_user):
        prefill |= following_up.prefilled(followed, current_user)
    if draft is None and not (prefill["subject"] or prefill["article"]):
        kept = drawing.blank_form(Offer(reader(), prefill, now=now, for_customers=True), now=now)
        others = drafts.unsent(current_user, unclaimed)
        return render_template("tickets/new.html", unclaimed=unclaimed, others=others, **kept)
    form = TicketForm(formdata=None, data=filled_from(draft) if draft else prefill | {"form_key": drafts.new_key()})
    form.offer(current_user, now=now)
    return page(form, draft, unclaimed=unclaimed)


@bp.post("/new")
def create() -> ResponseReturnValue:
    now, form = utcnow(), TicketForm()
    form.offer(current_user, now=now)
    is_valid = form.validate()
    draft = intake.keep(form, current_user, now=now, even_empty=True)
    if draft is None:  # sent before, or not this person's form
        done = filing.filed_with(form.form_key.data or "", by=current_user)
        return redirect(url_for(".show", number=done.number)) if done else fresh(form)
    is_valid = not intake.take_files(form, draft, by=current_user, now=now) and is_valid
    status = 422
    try:
        if is_valid:
            intake.count_filing(current_user)
            if ticket := intake.file(form, draft, by=current_user, now=now):
                db.session.commit()
                note_filed(ticket.subject, ticket.number)
                return redirect(url_for(".show", number=ticket.number, filed=1))
    except intake.TOO_FAST:
        form.form_errors.append(intake.too_fast())
        status = 429
    db.session.commit()
    return page(form, draft), status


@bp.route("/quote", methods=["GET", "POST"])
def quote() -> ResponseReturnValue:
    """The promise for what is chosen: a piece of the page, or with the button and no JavaScript the whole form."""
    now = utcnow()
    form = TicketForm(request.values)
    form.offer(current_user, now=now)
    if request.method == "GET":
        shown = quoted(form, now=now)
        return render_template(
            "tickets/_quoted.html", form=form, quoted=shown, is_new=request.args.get("offered") != shown.offered
        )
    draft = intake.keep(form, current_user, now=now)
    if draft is not None:
        intake.take_files(form, draft, by=current_user, now=now)
        db.session.commit()
    return page(form, draft, focus="quote")


@bp.get("/answers")
def answers() -> ResponseReturnValue:
    """What search finds for the subject so far."""
    product, version = (request.args.get(name, "").replace("\0", "")[:40] or None for name in ("product", "version"))
    subject, chosen = (request.args.get(name, "").replace("\0", "")[:200] for name in ("subject", "incident"))
    found = answers_to(subject, current_user, choose_locale(), product, version)
    incidents = known.known(subject, product or "", reader())
    context = {"answers": found, "known": incidents, "chosen": chosen}
    return render_template("tickets/_answers.html", form_key=request.args.get("form_key", ""), **context)


@bp.get("/answers/<token>")
def follow_answer(token: str) -> ResponseReturnValue:
    """Note that an answer was opened, and go there; the note never stands in the way."""
    answer = open_answer(token)
    if answer is None:
        return redirect(url_for("articles.index"))
    try:
        draft = drafts.find(current_user, request.args.get("key", ""))
        if draft is not None:
            drafts.add_answers(draft, [answer], opened=True)
            db.session.commit()
    except OperationalError:
        db.session.rollback()
    return redirect(answer["url"])


@bp.post("/drafts")
def save_draft() -> ResponseReturnValue:
    """Autosave: answers without content, and says so when there was nothing to keep."""
    form = TicketForm()
    form.offer(current_user, now=utcnow())
    try:
        draft = intake.keep(form, current_user, now=utcnow())
        db.session.commit()
    except IntegrityError:  # two saves of a new form at once: the other one is as good
        db.session.rollback()
        return "", 204
    return "", 204, {} if draft else drafts.NOT_KEPT


@bp.post("/drafts/<int:draft_id>/discard")
def discard_draft(draft_id: int) -> ResponseReturnValue:
    drafts.discard(get_or_404(Draft.kept_as(draft_id, current_user)))
    db.session.commit()
    flash(_("The draft is gone."), "success")
    return redirect(url_for(".index"))


@bp.post("/drafts/claim")
def claim_draft() -> ResponseReturnValue:
    """Take back what was typed when the session had ended, or let it go."""
    kept = kept_for_reader()
    if kept is not None and request.form.get("answer") == "discard":
        db.session.delete(kept)
        kept = None
    return take_back(kept, now=utcnow())


def kept_for_reader() -> Draft | None:
    """What this browser sent after the session had ended, if its reader may have it."""
    return drafts.claimable(current_user, request.cookies.get(CLAIM), now=utcnow())


def is_back(unclaimed: Draft | None) -> bool:
    """True for somebody who comes from signing in again, to go on with what is theirs beyond doubt."""
    return unclaimed is not None and "kept" in request.args and unclaimed.meant_for_id == current_user.id


def take_back(unclaimed: Draft | None, *, now: datetime) -> ResponseReturnValue:
    """To where the kept text is gone on with; the cookie that led to it has done its work."""
    target = url_for(".new")
    if unclaimed is not None and (draft := drafts.claim(current_user, unclaimed, now=now)):
        db.session.flush()
        target = place_of(draft)
    db.session.commit()
    response = make_response(redirect(target))
    response.delete_cookie(CLAIM, path="/tickets/")
    return response


def place_of(draft: Draft) -> str:
    """Where a draft is gone on with."""
    if draft.ticket is not None:
        return url_for("tickets.show", number=draft.ticket.number, _anchor="reply")
    return url_for("tickets.new", draft=draft.id)


def page(form: TicketForm, draft: Draft | None, **context: Any) -> str:
    """The whole form with its quote and, once there is a subject, its answers. Credentials never come back."""
    now = utcnow()
    form.credentials.data = ""
    about = (form.product.data or None, form.version.data or None)
    found = answers_to(form.subject.data or "", current_user, choose_locale(), *about)
    context = {"unclaimed": None, "focus": None, "zone": choose_zone()} | context
    context["followed"] = following_up.followed(form.follows.data or "", current_user)
    unsent = drafts.unsent(current_user, context["unclaimed"])
    context["others"] = [other for other in unsent if draft is None or other.id != draft.id]
    shown = quoted(form, now=now)
    text = f"{form.subject.data or ''} {form.body.data or ''}"
    context["known"] = known.known(text, form.product.data or "", reader())
    context["chosen"] = form.incident.data or ""
    return render_template("tickets/new.html", form=form, draft=draft, quoted=shown, answers=found, **context)


def fresh(form: TicketForm) -> ResponseReturnValue:
    """The form's key is not this person's, or malformed: the same text, kept under a new key."""
    form.form_key.data = drafts.new_key()
    form.form_errors.append(_("This form was out of date. Please check it and send it again."))
    draft = intake.keep(form, current_user, now=utcnow(), even_empty=True)
    db.session.commit()
    return page(form, draft), 422
