"""What of the queue an agent wants to see, as the address of the page says it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

STATUSES = ("open", "waiting", "resolved", "closed")
WHOSE = ("all", "unassigned", "mine")
DUE = ("late", "hour", "today")
SORTS = ("due", "newest", "oldest", "changed")
TYPED = ("queue", "severity", "product", "tag", "q")


@dataclass(frozen=True)
class Sieve:
    """Values that mean nothing are dropped on reading, so any address works."""

    status: str = "open"
    whose: str = "all"
    due: str = ""
    queue: str = ""
    severity: str = ""
    product: str = ""
    rated: str = ""
    tag: str = ""
    q: str = ""
    sort: str = "due"
    page: int = 1

    @classmethod
    def from_arguments(cls, given: Mapping[str, str]) -> "Sieve":
        """Read the query string of a page address."""
        known = {"status": STATUSES, "whose": WHOSE, "due": DUE, "sort": SORTS, "rated": ("bad",)}
        kept = {name: given[name] for name, values in known.items() if given.get(name) in values}
        words = {name: given.get(name, "").strip()[:100] for name in TYPED}
        if kept.get("status", "open") != "open":
            kept.pop("due", None)  # nothing is due of what isn't open
        page = given.get("page", "")
        return cls(**kept, **words, page=max(int(page), 1) if page.isdecimal() and len(page) < 6 else 1)

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """Those of the same view with these changes, on its first page; what is usual is left out."""
        chosen = {name: changes.get(name, getattr(self, name)) for name in USUAL if name != "page"}
        chosen["page"] = changes.get("page", 1)
        return {name: value for name, value in chosen.items() if value != USUAL[name]}

    def query(self, **changes: Any) -> str:
        """The same as the end of an address: '?whose=mine', or nothing."""
        arguments = self.arguments(**changes)
        return f"?{urlencode(arguments)}" if arguments else ""

    @property
    def number(self) -> int | None:
        """The ticket number somebody typed or read out on the phone (T12): digits, with or without '#' and spaces."""
        digits = self.q.removeprefix("#").replace(" ", "")
        return int(digits) if digits.isascii() and digits.isdecimal() and 6 <= len(digits) <= 10 else None

    @property
    def is_narrowed(self) -> bool:
        """True when one of the fields of the filter form is in use."""
        return bool(self.queue or self.severity or self.product or self.rated or self.tag or self.q or self.due)


USUAL: dict[str, Any] = {spec.name: spec.default for spec in fields(Sieve)}
