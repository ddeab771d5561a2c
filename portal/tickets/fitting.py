"""Who of the staff fits a ticket best, and what the others lack: for whoever assigns it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from portal.accounts.people import User
from portal.policies import the_policy
from portal.tickets import assigning, staffing
from portal.tickets.ticket import Ticket

Lack = Literal["shift", "queue", "language", "skill"]


class Fit(NamedTuple):
    """`load` counts the open tickets that they have."""

    person: User
    lacks: tuple[Lack, ...]
    load: int


def by_fit(ticket: Ticket, people: Sequence[User], *, now: datetime) -> list[Fit]:
    """The best first: whoever lacks least, then whoever has the fewest tickets."""
    policy, needs = the_policy(), staffing.needs_of(ticket)
    stations, loads = staffing.stations_of(people), assigning.open_tickets()
    found = []
    for person in people:
        station = stations[person.id]
        has: dict[Lack, bool] = {
            "shift": station.is_there(policy, now),
            "queue": station.serves(needs.queue),
            "language": station.speaks(needs.language),
            "skill": station.knows(needs),
        }
        lacks = tuple(name for name, is_so in has.items() if not is_so)
        found.append(Fit(person, lacks, loads.get(person.id, 0)))
    return sorted(found, key=lambda fit: (len(fit.lacks), fit.load, fit.person.display_name, fit.person.id))
