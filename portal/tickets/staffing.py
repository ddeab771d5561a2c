"""Who of the staff can answer what: queues, languages, products, skills and shifts, as agents and admins note them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.people import User
from portal.db import Model, db
from portal.policies import the_policy
from portal.sla import Policy, QuoteRequest
from portal.sla.errors import QuoteError
from portal.sla.routing import answer_language, route
from portal.tickets.ticket import Ticket


class Station(Model):
    """Where one of the staff stands. Ids are those of the policy; a list without entries means all of them, but for
    skills. Without a `shift` (a calendar of the policy) they are always there."""

    __tablename__ = "station"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    queues: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    products: Mapped[list[str]] = mapped_column(default=list)
    skills: Mapped[list[str]] = mapped_column(default=list)
    shift: Mapped[str | None] = mapped_column(String(40))
    takes_tickets: Mapped[bool] = mapped_column(default=True)  # such as are given out by themselves
    given_at: Mapped[datetime | None]  # when the last one was

    def is_there(self, policy: Policy, now: datetime) -> bool:
        """A calendar that the policy no longer has keeps nobody away."""
        return self.shift not in policy.calendars or policy.calendars[self.shift].is_open(now)

    def serves(self, queue: str) -> bool:
        return not self.queues or queue in self.queues

    def speaks(self, language: str) -> bool:
        return not self.languages or language in self.languages

    def knows(self, needs: "Needs") -> bool:
        knows_product = not self.products or needs.product is None or needs.product in self.products
        return knows_product and set(needs.skills) <= set(self.skills)


class Needs(NamedTuple):
    """What a ticket asks of whoever answers it."""

    queue: str
    language: str
    product: str | None
    skills: tuple[str, ...]


def needs_of(ticket: Ticket) -> Needs:
    """By the policy in force, as staff are; a ticket of another policy needs its language only."""
    policy = the_policy()
    received = next((event.detail for event in ticket.events if event.kind == "received"), {})
    product = received.get("product")
    request = QuoteRequest(
        plan=ticket.plan,
        tier=ticket.tier,
        severity=ticket.severity,
        channel=ticket.channel,
        product=product,
        region=received.get("region"),
        reseller=bool(received.get("reseller")),
        topic="billing" if ticket.topic == "billing" else "product",
    )
    try:
        skills = route(policy, request).skills
    except QuoteError:
        skills = ()
    return Needs(ticket.queue, answer_language(policy, ticket.language), product, skills)


def stations_of(people: Iterable[User]) -> dict[int, Station]:
    """One for each; for those who noted nothing, one that is not kept."""
    ids = [person.id for person in people]
    kept = {row.user_id: row for row in db.session.scalars(select(Station).where(Station.user_id.in_(ids)))}
    return {key: kept.get(key) or blank(key) for key in ids}


def station_of(person: User) -> Station:
    return stations_of([person])[person.id]


def blank(user_id: int) -> Station:
    return Station(user_id=user_id, queues=[], languages=[], products=[], skills=[], takes_tickets=True)


def meant(ticket: Ticket, people: Sequence[User], *, now: datetime) -> list[User]:
    """Of those who answer, whom a warning about this ticket concerns: each of the policy's tests narrows them as long
    as somebody is left."""
    policy, needs, stations = the_policy(), needs_of(ticket), stations_of(people)
    tests: list[Callable[[Station], bool]] = [lambda one: one.serves(needs.queue)]
    if policy.escalation.by_shift:
        tests.append(lambda one: one.is_there(policy, now))
    if policy.escalation.by_skill:
        tests += [lambda one: one.speaks(needs.language), lambda one: one.knows(needs)]
    return narrowed(people, stations, tests)


def is_reached(person: User, *, now: datetime) -> bool:
    """False for somebody whose shift is over, where the policy goes by shifts."""
    policy = the_policy()
    return not policy.escalation.by_shift or station_of(person).is_there(policy, now)


def narrowed(
    people: Sequence[User], stations: Mapping[int, Station], tests: Iterable[Callable[[Station], bool]]
) -> list[User]:
    left = list(people)
    for test in tests:
        left = [person for person in left if test(stations[person.id])] or left
    return left
