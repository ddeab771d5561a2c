"""`python -m tests.sla.uptime_table`: the worked months, by hand beside the program's figures."""

from portal.sla.uptime import Kept
from tests.sla.worked_months import MONTHS

HEADINGS = ("month", "what happened", "subtracts", "", "seconds", "down", "excluded", "percent", "met", "credit")


def figures(kept: Kept) -> tuple[str, ...]:
    return tuple(str(value) for value in kept.to_json().values())


def lines() -> list[str]:
    rows = [HEADINGS]
    for month in MONTHS:
        rows.append((f"{month.first:%Y-%m}", month.name, month.subtracts, "by hand", *figures(month.by_hand)))
        rows.append(("", month.why, "", "computed", *figures(month.computed())))
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


if __name__ == "__main__":
    print("\n".join(lines()))
