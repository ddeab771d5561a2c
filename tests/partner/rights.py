"""Who may see which ticket, reckoned a second time: from nothing but the list of what happened.

Random people join, leave and change their roles; resellers get customers, consents are given, run out and are
withdrawn, partnerships begin, pause and end, and time goes by. After each act, what `Ticket.visible_to` finds for
each person must be what this file works out in plain Python, which knows no SQL and no table.

    python -m tests.partner.rights --cases 2000 [--seed 1]
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask
from sqlalchemy import select

from portal.accounts import membership
from portal.accounts.partnership import APPROVED, Consent, Partner, PartnerCustomer
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.db import db
from portal.errors import Refused
from portal.tickets.ticket import Follower, Ticket

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE, CUSTOMERS, RESELLERS = 6, 3, 2
ACTS = 16  # in one case
DEEDS = (
    *("join", "join", "leave", "leave", "role", "sight", "relate", "relate", "part"),
    *("consent", "consent", "withdraw", "share", "sell", "sell"),
)
STEPS = (timedelta(0), timedelta(0), timedelta(hours=5), timedelta(days=1), timedelta(days=10))


@dataclass
class History:
    """What happened, in order: (when, what, to what). Nothing else is asked."""

    events: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)

    def add(self, at: datetime, what: str, **of: Any) -> None:
        self.events.append((at, what, of))

    def of(self, what: str, **having: Any) -> Iterator[tuple[datetime, dict[str, Any]]]:
        for at, kind, of in self.events:
            if kind == what and all(of[key] == value for key, value in having.items()):
                yield at, of


@dataclass(frozen=True)
class Kept:
    """A ticket as the reckoning knows it."""

    id: int
    requester: int
    organisation: int | None
    topic: str


def standing(history: History, person: int) -> dict[int, tuple[str, bool]]:
    """Organisation -> (role, whether all tickets are seen), for those the person is in at the end of the list."""
    now: dict[int, tuple[str, bool]] = {}
    for _at, kind, of in history.events:
        if of.get("person") != person:
            continue
        where = of.get("organisation", 0)
        if kind == "joined":
            now[where] = (of["role"], False)
        elif kind == "left":
            now.pop(where, None)
        elif kind == "role":
            now[where] = (of["role"], now[where][1])
        elif kind == "sight":
            now[where] = (now[where][0], of["all"])
    return now


def in_partnership(history: History, organisation: int, now: datetime) -> bool:
    last = None
    for _at, of in history.of("partner", organisation=organisation):
        last = of
    return bool(
        last and last["state"] == APPROVED and last["starts"] <= now and (last["ends"] is None or now < last["ends"])
    )


def acts_for(history: History, reseller: int, customer: int, now: datetime) -> bool:
    """Whether a relation of the two is in force, and a consent within it."""
    for begun, relation in history.of("related", reseller=reseller, customer=customer):
        ends = [at for at, _of in history.of("relation ended", relation=relation["relation"])]
        if begun > now or (ends and ends[0] <= now):
            continue
        for given, consent in history.of("consented", relation=relation["relation"]):
            taken_back = any(True for _ in history.of("withdrawn", consent=consent["consent"]))
            over = consent["ends"] is not None and consent["ends"] <= now
            if given <= now and not taken_back and not over:
                return True
    return False


def sees(history: History, person: int, ticket: Kept, now: datetime) -> bool:
    mine = standing(history, person)
    whose = ticket.organisation
    if ticket.requester == person and (whose is None or whose in mine):
        return True
    if whose is None:
        return False
    if whose in mine:
        role, everything = mine[whose]
        if role == "owner" or everything or (role == "billing" and ticket.topic == "billing"):
            return True
        if any(True for _ in history.of("shared", ticket=ticket.id, person=person)):
            return True
    if ticket.topic == "billing":
        return False
    works_at = [where for where, (role, everything) in mine.items() if role == "owner" or everything]
    return any(
        in_partnership(history, reseller, now) and acts_for(history, reseller, whose, now) for reseller in works_at
    )


class Case:
    """One random life, lived in the database and written down."""

    def __init__(self, chance: random.Random, clock: Any) -> None:
        self.chance, self.clock, self.history, self.now = chance, clock, History(), BEGIN
        self.people = [self._add(User(email=f"p{n}@cases.example", fs_uniquifier=f"p{n}")) for n in range(PEOPLE)]
        for one in self.people:
            one.active, one.confirmed_at = True, BEGIN
        self.customers = [self._add(Organisation(name=f"Customer {n}")) for n in range(CUSTOMERS)]
        self.resellers = [self._add(Organisation(name=f"Reseller {n}", is_reseller=True)) for n in range(RESELLERS)]
        db.session.flush()
        self.relations: list[PartnerCustomer] = []
        self.consents: list[Consent] = []
        self.tickets = [self._ticket(n) for n in range(8)]
        for reseller in self.resellers:
            self.let_sell(reseller, APPROVED, BEGIN, None)
        first, second = self.resellers
        for person, where in zip(self.people, (first, second, first, *self.customers), strict=True):
            self.join(person, where, MemberRole.OWNER)
        for reseller, customer in ((first, 0), (first, 1), (second, 1)):
            self.relate(reseller, self.customers[customer], BEGIN)
            self.consent(self.relations[-1])

    def _add(self, row: Any) -> Any:
        db.session.add(row)
        return row

    def _ticket(self, number: int) -> Kept:
        whose = self.chance.choice([None, *self.customers, *self.customers, *self.resellers])
        topic = self.chance.choice(["product", "product", "billing"])
        row = self._add(
            Ticket(
                number=10_000_000 + number,
                form_key=f"case-{number}",
                topic=topic,
                subject="x",
                language="en",
                requester_id=self.chance.choice(self.people).id,
                organisation_id=whose.id if whose else None,
                plan="free",
                tier="standard",
                queue="general",
                rank=1,
                policy_id="demo",
                policy_version="1",
                promise={},
                promise_zone="UTC",
            )
        )
        db.session.flush()
        return Kept(row.id, row.requester_id, row.organisation_id, topic)

    def act(self) -> str:
        self.now += self.chance.choice(STEPS)
        self.clock.move_to(self.now)
        act = self.chance.choice(DEEDS)
        getattr(self, f"do_{act}")()
        db.session.flush()
        return act

    def current(self) -> list[Membership]:
        return list(db.session.scalars(select(Membership).where(Membership.ended_at.is_(None)).order_by(Membership.id)))

    def do_join(self) -> None:
        person = self.chance.choice(self.people)
        where = self.chance.choice([*self.customers, *self.resellers])
        if where.id not in standing(self.history, person.id):
            self.join(person, where, self.chance.choice(list(MemberRole)))

    def join(self, person: User, where: Organisation, role: MemberRole) -> None:
        self._add(Membership(user_id=person.id, organisation_id=where.id, role=role, started_at=self.now))
        self.history.add(self.now, "joined", person=person.id, organisation=where.id, role=str(role))

    def on_member(self, do: Any, what: str, **more: Any) -> None:
        if not (current := self.current()):
            return
        one = self.chance.choice(current)
        try:
            do(one)
        except Refused:
            return
        self.history.add(self.now, what, person=one.user_id, organisation=one.organisation_id, **more)

    def do_leave(self) -> None:
        self.on_member(lambda one: membership.remove(one, by=self.people[0], now=self.now), "left")

    def do_role(self) -> None:
        role = self.chance.choice(list(MemberRole))
        self.on_member(
            lambda one: membership.change_role(one, role, by=self.people[0], now=self.now), "role", role=str(role)
        )

    def do_sight(self) -> None:
        everything = self.chance.random() < 0.6
        self.on_member(
            lambda one: membership.let_see(one, everything, by=self.people[0], now=self.now), "sight", all=everything
        )

    def do_relate(self) -> None:
        starts = self.now + self.chance.choice([timedelta(0), timedelta(days=30)])
        self.relate(self.chance.choice(self.resellers), self.chance.choice(self.customers), starts)

    def relate(self, reseller: Organisation, customer: Organisation, starts: datetime) -> None:
        number = len(self.relations)
        row = PartnerCustomer(
            public_id=f"r{number}",
            reseller_id=reseller.id,
            customer_id=customer.id,
            name="x",
            email=f"r{number}@cases.example",
            starts_at=starts,
        )
        self.relations.append(self._add(row))
        db.session.flush()
        self.history.add(row.starts_at, "related", relation=row.id, reseller=reseller.id, customer=customer.id)

    def do_part(self) -> None:
        row = self.chance.choice(self.relations)
        if row.ends_at is None:
            row.ends_at = max(self.now, row.starts_at) + self.chance.choice([timedelta(0), timedelta(days=1)])
            self.history.add(row.ends_at, "relation ended", relation=row.id)

    def do_consent(self) -> None:
        self.consent(self.chance.choice(self.relations))

    def consent(self, relation: PartnerCustomer) -> None:
        ends = self.chance.choice([None, None, self.now + timedelta(days=1), self.now + timedelta(days=30)])
        row = Consent(relation_id=relation.id, asked_at=self.now, asked_until=self.now, given_at=self.now, ends_at=ends)
        self.consents.append(self._add(row))
        db.session.flush()
        self.history.add(self.now, "consented", consent=row.id, relation=relation.id, ends=ends)

    def do_withdraw(self) -> None:
        row = self.chance.choice(self.consents)
        if row.withdrawn_at is None:
            row.withdrawn_at = self.now
            self.history.add(self.now, "withdrawn", consent=row.id)

    def do_share(self) -> None:
        person, ticket = self.chance.choice(self.people), self.chance.choice(self.tickets)
        if not any(True for _ in self.history.of("shared", ticket=ticket.id, person=person.id)):
            self._add(Follower(ticket_id=ticket.id, user_id=person.id))
            self.history.add(self.now, "shared", ticket=ticket.id, person=person.id)

    def do_sell(self) -> None:
        ends = self.chance.choice([None, self.now, self.now + timedelta(days=1), self.now + timedelta(days=40)])
        starts = self.chance.choice([BEGIN, self.now, self.now + timedelta(days=3)])
        state = self.chance.choice([APPROVED, APPROVED, APPROVED, "suspended", "ended"])
        self.let_sell(self.chance.choice(self.resellers), state, starts, ends)

    def let_sell(self, reseller: Organisation, state: str, starts: datetime, ends: datetime | None) -> None:
        row = db.session.scalar(select(Partner).where(Partner.organisation_id == reseller.id))
        row = row or self._add(Partner(organisation_id=reseller.id))
        row.state, row.starts_at, row.ends_at = state, starts, ends
        self.history.add(self.now, "partner", organisation=reseller.id, state=state, starts=starts, ends=ends)

    def differences(self) -> list[str]:
        wrong = []
        for person in self.people:
            found = set(db.session.scalars(Ticket.visible_to(person).with_only_columns(Ticket.id)))
            expected = {one.id for one in self.tickets if sees(self.history, person.id, one, self.now)}
            if found != expected:
                wrong.append(f"{person.email}: sees {sorted(found)}, should see {sorted(expected)}")
        return wrong


def run(app: Flask, seeds: range) -> tuple[int, int, list[str]]:
    """(cases, comparisons, differences), the first case with a difference told at length."""
    compared = 0
    for number, seed in enumerate(seeds, 1):
        with app.app_context(), time_machine.travel(BEGIN, tick=False) as clock:
            case, acts = Case(random.Random(seed), clock), []
            for _ in range(ACTS):
                acts.append(case.act())
                wrong = case.differences()
                compared += len(case.people)
                if wrong:
                    told = [f"seed {seed}: {', '.join(acts)}", *map(str, case.history.events), *wrong]
                    db.session.rollback()
                    return number, compared, told
            db.session.rollback()
    return len(seeds), compared, []


def main() -> int:
    from portal import create_app

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cases", type=int, default=2000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(testing=True, instance=Path(folder), secret_key="only-for-the-tests", mode="demo")
        with app.app_context():
            db.create_all()
        cases, compared, wrong = run(app, range(given.seed, given.seed + given.cases))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{cases} cases of {ACTS} acts, {compared} sets of tickets compared, {1 if wrong else 0} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
