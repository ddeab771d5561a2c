"""Those who answer: what each can answer and when they are there. Everybody keeps their own, admins all."""

from typing import Any

from babel import Locale
from babel.lists import format_list
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.exceptions import Forbidden
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.people import User, staff
from portal.db import db, get_or_404, utcnow
from portal.desk.gate import bp
from portal.formats import date_locale
from portal.policies import the_policy
from portal.tickets import assigning, staffing
from portal.tickets.ticket import LARGEST
from portal.web import choose_locale


class Several(SelectMultipleField):  # type: ignore[misc]
    widget, option_widget = ListWidget(prefix_label=False), CheckboxInput()


class StationForm(FlaskForm):  # type: ignore[misc]
    shift = SelectField(_l("Shift"))
    takes_tickets = BooleanField(_l("Takes tickets that are given out by themselves"))
    queues = Several(_l("Queues"))
    languages = Several(_l("Languages"))
    products = Several(_l("Products"))
    skills = Several(_l("Skills"))

    def offer(self) -> "StationForm":
        """What the policy in force names; without skills, products or assignment there is nothing to choose."""
        known = names()
        if the_policy().assignment is None:
            del self.takes_tickets
        self.shift.choices = [("", _("Always there")), *known["shift"].items()]
        for name in ("queues", "languages", "products", "skills"):
            self[name].choices = list(known[name].items())
            if not known[name]:
                del self[name]
        return self


def names() -> dict[str, dict[str, str]]:
    """What the policy calls its queues, languages, products, skills and calendars, by their ids."""
    policy, locale, reader = the_policy(), choose_locale(), date_locale()
    skills = dict.fromkeys(skill for rule in policy.routing for skill in rule.skills)
    return {
        "queues": {id_: name.to(locale) for id_, name in policy.queues.items()},
        "languages": {code: spoken(code, reader) for code in policy.languages.support},
        "products": {id_: product.name.to(locale) for id_, product in policy.products.items()},
        "skills": {skill: skill for skill in skills},
        "shift": {id_: calendar.name.to(locale) for id_, calendar in policy.calendars.items()},
    }


def spoken(code: str, reader: Locale) -> str:
    return Locale.parse(code.replace("-", "_")).get_display_name(reader) or code


@bp.get("/people")
def people() -> ResponseReturnValue:
    """Who answers what, and who is there now."""
    found = db.session.scalars(staff().order_by(User.name, User.id)).all()
    stations, now = staffing.stations_of(found), utcnow()
    return render_template(
        "desk/people.html",
        people=[(person, facts(stations[person.id])) for person in found],
        there={key for key, one in stations.items() if one.is_there(the_policy(), now)},
        loads=assigning.open_tickets(),
    )


def facts(one: staffing.Station) -> list[str]:
    """When somebody is there and what they answer, each in a few words."""
    known = names()
    said = [known["shift"].get(one.shift or "", _("Always there"))]
    for name, nothing in (
        ("queues", _("All queues")),
        ("languages", _("All languages")),
        ("products", ""),
        ("skills", ""),
    ):
        chosen = [known[name][id_] for id_ in getattr(one, name) if id_ in known[name]]
        said.append(format_list(chosen, locale=date_locale()) if chosen else nothing)
    return [words for words in said if words]


@bp.route("/people/<int:person_id>", methods=["GET", "POST"])
def station(person_id: int) -> ResponseReturnValue:
    """What one of them can answer and when."""
    person: User = get_or_404(staff().where(User.id == min(person_id, LARGEST)))
    if person.id != current_user.id and not current_user.has_role("admin"):
        raise Forbidden
    row = staffing.station_of(person)
    form = StationForm(obj=row).offer()
    if not form.validate_on_submit():
        return render_template("desk/station.html", form=form, person=person), 422 if form.errors else 200
    note(row, form.data)
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for(".people"))


def note(row: staffing.Station, said: dict[str, Any]) -> None:
    """Keep what was chosen; what the form had no field for stays."""
    for name in ("queues", "languages", "products", "skills", "takes_tickets"):
        if name in said:
            setattr(row, name, said[name])
    row.shift = said["shift"] or None
    db.session.add(row)
