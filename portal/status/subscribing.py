"""Subscribing: an address asks to be told, is asked whether it meant it, chooses, and stops.

Nobody is told before somebody who reads what arrives at the address has confirmed it, by whichever way that is. What is
done for an address doesn't depend on whether it is known. A link carries the row's nonce and its signature, 128 bits:
neither guessed nor made from the database alone.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import enqueue, job
from portal.status import letters
from portal.status.component import Component
from portal.status.subscriber import EMAIL, KINDS, SLACK, WEBHOOK, Sending, Subscriber, SubscriberComponent
from portal.tickets.credentials import encrypt
from portal.web import settings
from portal.webhooks.calling import Target
from portal.webhooks.webhook import new_secret

FORGOTTEN_AFTER = timedelta(days=7)  # what nobody confirmed
STOPPED_FOR = timedelta(days=30)  # so long a stopped address can be gone on with, by its link
SENT_FOR = timedelta(days=90)  # what was sent to whom
AGAIN_AFTER = timedelta(days=1)  # an address is not asked again before that
MOST_ASKED = {EMAIL: 5, WEBHOOK: 20, SLACK: 200}  # a day: spellings of one mailbox, addresses of one host
NONCE, KEY = 32, 32  # letters of a link's two halves


@dataclass(frozen=True)
class Choice:
    """What somebody wants to hear of. Without components: of all."""

    kinds: Sequence[str] = KINDS
    components: Sequence[int] = ()
    lang: str = "en"
    zone: str = "UTC"
    is_shared: bool = False


def ask(way: str, address: str, choice: Choice) -> None:
    """Have an address asked whether it wants to be told. Whatever is known of it, the same is done here."""
    enqueue("ask_subscriber", way=way, address=address, choice=choice.__dict__)


@job("ask_subscriber")
def ask_subscriber(way: str, address: str, choice: dict[str, object]) -> None:
    """Send the question, unless it was sent lately. Whoever is told already gets the link to what they chose."""
    row = asked_row(way, address, now=utcnow())
    if row is None:
        return
    if not is_told(row):
        row.confirmed_at = None
        choose(row, Choice(**choice))  # type: ignore[arg-type]
    db.session.flush()
    if way == EMAIL:
        letters.send_question(row, token_of(row))
    else:
        enqueue("ask_by_call", subscriber_id=row.id)


def asked_row(way: str, address: str, *, now: datetime) -> Subscriber | None:
    """The row of an address that may be asked now, marked as asked; None for one that was asked lately."""
    row = _row(way, address)
    if row is not None and row.asked_at > now - AGAIN_AFTER and not _is_over(row):
        return None
    if _asked_lately(way, address, now=now) >= MOST_ASKED[way]:
        return None
    if row is None:
        row = _new(way, address, now=now)
    row.asked_at = now
    return row


def subscribe(person: User, choice: Choice, *, now: datetime) -> Subscriber:
    """Subscribe with an account: its address is confirmed already. A second time the choice is changed."""
    if row := subscription_of(person):
        _follow(row, person)
    else:
        row = _row(EMAIL, person.email)
    if row is None:
        try:
            with db.session.begin_nested():
                row = _new(EMAIL, person.email, now=now)
        except IntegrityError:  # pressed twice at once: the other one made the row
            row = _row(EMAIL, person.email)
    assert row is not None
    row.user_id = person.id
    choose(row, choice)
    confirm(row, now=now)
    return row


def subscription_of(person: User) -> Subscriber | None:
    """What the person subscribed to with their account."""
    mine = select(Subscriber).where(Subscriber.user_id == person.id, Subscriber.way == EMAIL)
    return db.session.scalar(mine.order_by(Subscriber.id).limit(1))


def choose(row: Subscriber, choice: Choice) -> None:
    """Keep what was chosen. Components that were chosen before and are not shown now are gone with it."""
    row.kinds = [kind for kind in KINDS if kind in choice.kinds]
    row.lang, row.zone, row.is_shared = choice.lang, choice.zone, choice.is_shared
    row.is_choosy = bool(choice.components)
    db.session.flush()
    db.session.execute(delete(SubscriberComponent).where(SubscriberComponent.subscriber_id == row.id))
    known = db.session.scalars(select(Component.id).where(Component.id.in_(list(choice.components))))
    db.session.add_all(SubscriberComponent(subscriber_id=row.id, component_id=key) for key in known.all())


def chosen(row: Subscriber) -> list[int]:
    """The ids of the components that a choosy subscriber hears of."""
    query = select(SubscriberComponent.component_id).where(SubscriberComponent.subscriber_id == row.id)
    return list(db.session.scalars(query.order_by(SubscriberComponent.component_id)))


def confirm(row: Subscriber, *, now: datetime) -> str:
    """Begin to tell, or go on. Returns the secret that signs what a webhook gets, the one time it is shown."""
    is_new = row.confirmed_at is None
    row.confirmed_at = row.confirmed_at or now
    row.stopped_at, row.stopped_why, row.bounces = None, "", 0
    return new_sealed(row) if is_new and row.way == WEBHOOK else ""


def new_sealed(row: Subscriber) -> str:
    """Another secret for a webhook; the former is void at once."""
    secret = new_secret()
    row.sealed = encrypt(secret)
    return secret


def stop(row: Subscriber, why: str, *, now: datetime) -> None:
    """Tell no more: what waits for it is not sent either. An address that several read hears that somebody ended it."""
    if row.stopped_at is not None:
        return
    was_told = is_told(row)
    row.stopped_at, row.stopped_why = now, why
    if was_told and why == "asked" and row.is_shared and row.way == EMAIL:
        letters.send_stopped(row, token_of(row))


def is_told(row: Subscriber) -> bool:
    return row.confirmed_at is not None and row.stopped_at is None


def token_of(row: Subscriber) -> str:
    """What stands in the links to this subscriber."""
    return row.nonce + _signature(row.nonce)


def of_token(token: str) -> Subscriber | None:
    """The subscriber whose link it is; None for one that we did not make."""
    nonce, key = token[:NONCE], token[NONCE:]
    if not token.isascii() or not hmac.compare_digest(_signature(nonce), key):
        return None
    return db.session.scalar(_held(Subscriber.nonce == nonce))


def forget_subscribers(*, now: datetime) -> int:
    """Forget what nobody confirmed, what was stopped long ago, and what was sent to whom; returns how many rows."""
    unconfirmed = Subscriber.confirmed_at.is_(None) & (Subscriber.asked_at < now - FORGOTTEN_AFTER)
    over = or_(unconfirmed, Subscriber.stopped_at < now - STOPPED_FOR)
    old = (Sending.state != "waiting", Sending.due_at < now - SENT_FOR)
    gone = [delete(Subscriber).where(over).returning(Subscriber.id), delete(Sending).where(*old).returning(Sending.id)]
    return sum(len(db.session.execute(statement).all()) for statement in gone)


def _row(way: str, address: str) -> Subscriber | None:
    row = db.session.scalar(_held(Subscriber.way == way, Subscriber.address == spelt(way, address)))
    person = db.session.get(User, row.user_id) if row and row.user_id else None
    return None if row and person and _follow(row, person) else row


def _follow(row: Subscriber, person: User) -> bool:
    """Keep an account's row at the address that the account has now. True if it had another: whoever reads there now
    is somebody else, and gets no link to what the account chose."""
    now = spelt(EMAIL, person.email)
    if row.address == now:
        return False
    db.session.execute(delete(Subscriber).where(Subscriber.way == EMAIL, Subscriber.address == now))
    row.address = now
    db.session.flush()
    return True


def _held(*where: object) -> Select[Subscriber]:
    return select(Subscriber).where(*where).with_for_update(of=Subscriber)  # type: ignore[arg-type]


def spelt(way: str, address: str) -> str:
    """The address as it is kept: spellings that lead to the same place are one."""
    if way == EMAIL:
        return address.lower()
    to = Target.of(address, inside=True)
    host = f"[{to.host}]" if ":" in to.host else to.host.rstrip(".")
    port = "" if to.port == {"http": 80, "https": 443}[to.scheme] else f":{to.port}"
    return f"{to.scheme}://{host}{port}{to.path}"


def _new(way: str, address: str, *, now: datetime) -> Subscriber:
    nonce = secrets.token_hex(NONCE // 2)
    row = Subscriber(way=way, address=spelt(way, address), kinds=[], nonce=nonce, asked_at=now)
    db.session.add(row)
    db.session.flush()  # two at once: the constraint lets one in, the other job is tried again
    return row


def _is_over(row: Subscriber) -> bool:
    """Stopped since it was asked: who comes back is asked at once, and no oftener than they stopped."""
    return row.stopped_at is not None and row.confirmed_at is not None


def _asked_lately(way: str, address: str, *, now: datetime) -> int:
    """How many questions went to the same mailbox (whatever stands behind a plus), or host, in a day."""
    if way == EMAIL:
        name, _at, domain = address.lower().rpartition("@")
        name = name.partition("+")[0]
        tagged = Subscriber.address.like(f"{_escaped(name)}+%@{_escaped(domain)}", escape="\\")
        where = or_(Subscriber.address == f"{name}@{domain}", tagged)
    else:
        host = re.sub(r":\d+$", "", spelt(way, address).split("/")[2])  # whichever the port
        begins = (f"{scheme}://{host}{end}" for scheme in ("http", "https") for end in "/:")
        where = or_(*(Subscriber.address.startswith(begin, autoescape=True) for begin in begins))
    asked = select(func.count()).where(Subscriber.way == way, where, Subscriber.asked_at > now - AGAIN_AFTER)
    return db.session.scalar(asked) or 0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _signature(nonce: str) -> str:
    digest = hmac.new(settings().secret_key.encode(), f"subscriber:{nonce}".encode(), hashlib.sha256)
    return digest.hexdigest()[:KEY]
