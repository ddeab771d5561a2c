"""What an editor asked to see of a list: read from the address, anything unknown counts as not asked."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

PERIODS = (7, 28, 90, 365)  # days
USUAL = 28


@dataclass(frozen=True)
class Filters:
    """`product` and `lang` as they are stored. `put_away` asks for the dismissed lines instead of the others.

    `sees_tickets` says whether the editor is of those who answer tickets, too: only they learn which ones there are.
    """

    lang: str = ""
    product: str = ""
    days: int = USUAL
    sort: str = ""
    put_away: bool = False
    sees_tickets: bool = False

    @classmethod
    def from_args(cls, args: Mapping[str, str], sorts: Collection[str], *, sees_tickets: bool = False) -> "Filters":
        days, sort = args.get("days", ""), args.get("sort", "")
        return cls(
            lang=args.get("in", "").replace("\0", "")[:20],
            product=args.get("product", "").replace("\0", "")[:40],
            days=int(days) if days in map(str, PERIODS) else USUAL,
            sort=sort if sort in sorts else next(iter(sorts), ""),
            put_away=args.get("put_away") == "1",
            sees_tickets=sees_tickets,
        )

    def since(self, now: datetime) -> datetime:
        return now - timedelta(days=self.days)

    def args(self) -> dict[str, Any]:
        """As the address says them, without what is usual."""
        said = asdict(self)
        wanted = {"in": said["lang"], "product": said["product"], "sort": said["sort"]}
        wanted |= {"days": "" if self.days == USUAL else self.days, "put_away": "1" if self.put_away else ""}
        return {name: value for name, value in wanted.items() if value}

    @property
    def is_narrow(self) -> bool:
        return bool(self.lang or self.product or self.put_away or self.days != USUAL)
