"""Policy figures as sentences for the policy page."""

from flask_babel import lazy_gettext as _l

COMMITMENTS = {
    "first_response": _l("First response"),
    "next_response": _l("Every next response"),
    "update": _l("Updates while it is open"),
    "resolution": _l("Resolution"),
}
BASES = {
    "guarantee": _l("guaranteed"),
    "target": _l("our target"),
    "average": _l("on average"),
    "none": _l("no figure promised"),
}
STOPS = {
    "human_reply": _l("The first-response clock stops with the first response of a person."),
    "triage_notice": _l("The first-response clock stops when we tell you that your ticket is logged."),
    "automatic_receipt": _l("The first-response clock stops with the automatic receipt."),
}
RECOGNISED = {
    "order_email": _l("by the e-mail address of your order, when it is the confirmed address of your account"),
    "licence_key": _l("by a licence key that you enter once"),
    "contract": _l("by your support contract"),
    "subscription": _l("by your subscription"),
}
