"""The answers of Statuspage's API v2, each a part of the document. Pure: the static copy writes the same ones."""

from collections.abc import Callable, Mapping
from typing import Any

from portal.status.document import OVERALL, UNDER_WAY, Document, indicator
from portal.status.incident import OVER

MOST = 50
OWN = ("slug", "html", "sequence", "postmortem_html")  # what the document has beyond the API's fields


def plain(value: Any) -> Any:
    """The value as the API knows it, without what only our own pages need."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items() if key not in OWN}
    return [plain(one) for one in value] if isinstance(value, list) else value


def overall(doc: Document) -> dict[str, str]:
    """The state of everything, as an indicator and in words."""
    worst = indicator(doc["components"], [one["impact"] for one in unresolved(doc)])
    return {"indicator": worst, "description": OVERALL[worst]}


def unresolved(doc: Document) -> list[dict[str, Any]]:
    return [one for one in doc["incidents"] if one["status"] not in OVER]


def upcoming(doc: Document) -> list[dict[str, Any]]:
    return [one for one in doc["scheduled_maintenances"] if one["status"] == "scheduled"]


def active(doc: Document) -> list[dict[str, Any]]:
    return [one for one in doc["scheduled_maintenances"] if one["status"] in UNDER_WAY]


def _summary(doc: Document) -> dict[str, Any]:
    return {
        "components": doc["components"],
        "incidents": unresolved(doc),
        "scheduled_maintenances": active(doc) + upcoming(doc),
        "status": overall(doc),
    }


def _scheduled(doc: Document) -> list[dict[str, Any]]:
    """All but those that won't be: the API has no word for them."""
    return [one for one in doc["scheduled_maintenances"] if one["status"] != "cancelled"][:MOST]


ANSWERS: dict[str, Callable[[Document], dict[str, Any]]] = {
    "summary": _summary,
    "status": lambda doc: {"status": overall(doc)},
    "components": lambda doc: {"components": doc["components"]},
    "incidents": lambda doc: {"incidents": doc["incidents"][:MOST]},
    "incidents/unresolved": lambda doc: {"incidents": unresolved(doc)},
    "scheduled-maintenances": lambda doc: {"scheduled_maintenances": _scheduled(doc)},
    "scheduled-maintenances/upcoming": lambda doc: {"scheduled_maintenances": upcoming(doc)},
    "scheduled-maintenances/active": lambda doc: {"scheduled_maintenances": active(doc)},
}


def answer(name: str, doc: Document) -> dict[str, Any]:
    """What `name` asks for, with the page it is of."""
    told: dict[str, Any] = plain({"page": doc["page"]} | ANSWERS[name](doc))
    return told
