"""What administrators can say about probes, and how what they found is said."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError

from portal.status import raising
from portal.status.component import Component
from portal.status.looking import LONGEST_PATIENCE, RECORDS, target_of
from portal.status.probe import Probe, ProbeResult
from portal.status.words import IMPACT_NAMES, STATE_NAMES

KINDS = {
    "http": _l("Web page"),
    "tcp": _l("Open port"),
    "dns": _l("Name"),
    "tls": _l("Certificate"),
    "heartbeat": _l("Heartbeat"),
}
OPENS = {"draft": _l("A draft"), "incident": _l("An incident"), "nothing": _l("Nothing")}
GIVES = ("degraded_performance", "partial_outage", "major_outage")
IMPACTS = ("none", "minor", "major", "critical")
FOUND = {
    "inside": _l("The address lies inside the network."),
    "unknown": _l("There is no such name."),
    "unreachable": _l("Nothing answers."),
    "untrusted": _l("The certificate is not trusted."),
    "expired": _l("The certificate has expired."),
    "slow": _l("No answer in time."),
    "words": _l("The words are missing."),
    "record": _l("The record says something else."),
    "silent": _l("No heartbeat came."),
}
MOST_MINUTES = 1440
WIDTH, HEIGHT = 600, 60  # of the drawing


def said(found: str) -> str:
    """What a look found, in the reader's language."""
    word, _colon, figure = found.partition(":")
    if word == "status":
        return _("Answered with status %(number)s.", number=figure)
    if word == "latency":
        return _("Answered after %(number)s ms.", number=figure)
    if word == "expires":
        return _("Days until the certificate ends: %(number)s.", number=figure)
    return str(FOUND.get(word, found))


def strip(text: str | None) -> str:
    return (text or "").strip()


class ProbeForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_l("Name"), [DataRequired(_l("Give it a name.")), Length(max=100)], [strip])
    component = SelectField(_l("Component"), coerce=int)
    kind = SelectField(_l("What is looked at"), choices=[SelectChoice(*one) for one in KINDS.items()])
    target = StringField(_l("Address"), [Length(max=500)], [strip])
    status = IntegerField(_l("Expected status"), [Optional(), NumberRange(100, 599)], default=200)
    words = StringField(_l("Expected words or record"), [Length(max=200)], [strip])
    record = SelectField(_l("Kind of record"), choices=[SelectChoice(one, one) for one in RECORDS])
    latency_ms = IntegerField(_l("Slow after (ms)"), [Optional(), NumberRange(1, 60_000)])
    days_left = IntegerField(_l("Days before a certificate ends"), [Optional(), NumberRange(1, 365)], default=14)
    minutes = IntegerField(_l("Every (minutes)"), [DataRequired(), NumberRange(1, MOST_MINUTES)], default=1)
    patience = IntegerField(_l("Patience (seconds)"), [DataRequired(), NumberRange(1, 3600)], default=10)
    opens = SelectField(_l("A failure opens"), choices=[SelectChoice(*one) for one in OPENS.items()])
    gives = SelectField(_l("State"), choices=[SelectChoice(one, STATE_NAMES[one]) for one in GIVES], default=GIVES[2])
    impact = SelectField(
        _l("Impact"), choices=[SelectChoice(one, IMPACT_NAMES[one]) for one in IMPACTS], default="major"
    )
    title = StringField(_l("Title of the incident"), [Length(max=200)], [strip])
    resolves = BooleanField(_l("Resolve it when all is well again"), default=True)

    def offer(self, parts: Sequence[Component]) -> "ProbeForm":
        self.component.choices = [SelectChoice(part.id, raising.title_of(part)) for part in parts]
        return self

    def validate_target(self, field: Field) -> None:
        kind = self.kind.data
        try:
            if kind == "dns" and not 0 < len(field.data.encode("idna")) < 254:
                raise ValueError("name")
            if kind in ("http", "tcp", "tls"):
                target_of(kind, field.data)
        except ValueError:
            raise ValidationError(_("Write https://… for a web page, host:port for a port, else a name.")) from None

    def validate_patience(self, field: Field) -> None:
        if self.kind.data != "heartbeat" and field.data > LONGEST_PATIENCE:
            raise ValidationError(_("At most %(number)s seconds.", number=LONGEST_PATIENCE))

    def fill(self, probe: Probe) -> None:
        probe.name, probe.component_id, probe.kind = self.name.data, self.component.data, self.kind.data
        probe.target = "" if probe.kind == "heartbeat" else self.target.data
        asks = {"status": self.status.data or 200, "words": self.words.data, "record": self.record.data}
        more = {"latency_ms": self.latency_ms.data, "days_left": self.days_left.data, "title": self.title.data}
        probe.asks = {name: value for name, value in {**asks, **more}.items() if value}
        probe.asks["resolves"] = bool(self.resolves.data)
        probe.every, probe.patience = self.minutes.data * 60, self.patience.data
        probe.opens, probe.gives, probe.impact = self.opens.data, self.gives.data, self.impact.data


class SourceForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_l("Name"), [DataRequired(_l("Give it a name.")), Length(max=100)], [strip], id="source-name")
    component = SelectField(_l("Component"), coerce=int, id="source-component")
    opens = SelectField(_l("A failure opens"), choices=[SelectChoice(*one) for one in OPENS.items()], id="source-opens")

    def offer(self, parts: Sequence[Component]) -> "SourceForm":
        named = [SelectChoice(part.id, raising.title_of(part)) for part in parts]
        self.component.choices = [SelectChoice(0, _("As the alert says")), *named]
        return self


def written(probe: Probe) -> dict[str, Any]:
    """The probe as its form has it."""
    names = ("name", "kind", "target", "patience", "opens", "gives", "impact")
    kept = {name: getattr(probe, name) for name in names}
    return {**probe.asks, **kept, "component": probe.component_id, "minutes": max(1, probe.every // 60)}


def drawing(results: Sequence[ProbeResult]) -> dict[str, Any]:
    """The latencies as a line, oldest first, and where it failed."""
    most = max((one.latency_ms or 0 for one in results), default=0) or 1
    step = WIDTH / max(len(results) - 1, 1)
    points = [
        f"{number * step:.1f},{HEIGHT - 2 - (one.latency_ms or 0) / most * (HEIGHT - 6):.1f}"
        for number, one in enumerate(results)
        if one.is_up
    ]
    fails = [round(number * step, 1) for number, one in enumerate(results) if not one.is_up]
    return {"points": " ".join(points), "fails": fails, "most": most, "width": WIDTH, "height": HEIGHT}
