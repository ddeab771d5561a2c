"""What the ids of the status page are called."""

from flask_babel import lazy_gettext as _l

STATE_NAMES = {
    "operational": _l("Operational"),
    "under_maintenance": _l("Under maintenance"),
    "degraded_performance": _l("Degraded performance"),
    "partial_outage": _l("Partial outage"),
    "major_outage": _l("Major outage"),
}
STATUS_NAMES = {
    "investigating": _l("Investigating"),
    "identified": _l("Identified"),
    "monitoring": _l("Monitoring"),
    "resolved": _l("Resolved"),
    "postmortem": _l("Looking back"),
    "scheduled": _l("Scheduled"),
    "in_progress": _l("In progress"),
    "verifying": _l("Verifying"),
    "completed": _l("Completed"),
    "cancelled": _l("Cancelled"),
}
IMPACT_NAMES = {
    "none": _l("No impact"),
    "minor": _l("Minor"),
    "major": _l("Major"),
    "critical": _l("Critical"),
    "maintenance": _l("Maintenance"),
}
ACT_NAMES = {
    "opened": _l("opened it"),
    "updated": _l("wrote an update"),
    "reworded": _l("changed a text"),
    "published": _l("published it"),
    "looked back": _l("wrote the post-mortem"),
    "edited": _l("changed title or impact"),
    "discarded": _l("discarded the draft"),
    "rescheduled": _l("moved it to other times"),
    "hurried": _l("took the next step early"),
}
KIND_NAMES = {"maintenance": _l("Planned maintenance"), "outage": _l("Unexpected outages")}
STATE_ICONS = {
    "operational": "circle-check",
    "under_maintenance": "wrench",
    "degraded_performance": "triangle-alert",
    "partial_outage": "circle-alert",
    "major_outage": "circle-x",
}
STATE_KINDS = {
    "operational": "ok",
    "under_maintenance": "accent",
    "degraded_performance": "warn",
    "partial_outage": "warn",
    "major_outage": "bad",
}
OVERALL = {
    "operational": _l("Everything works"),
    "under_maintenance": _l("Maintenance is in progress"),
    "degraded_performance": _l("Some things are slow"),
    "partial_outage": _l("Some things don't work"),
    "major_outage": _l("Something important doesn't work"),
}
WAY_NAMES = {
    "email": _l("By e-mail"),
    "webhook": _l("By webhook"),
    "slack": _l("In a chat room (Slack and alike)"),
}
