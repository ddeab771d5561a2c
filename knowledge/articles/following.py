"""'Tell me when this changes': addresses that follow an article, and the mails they are sent.

Without an account an address may follow what everybody may read, once it has confirmed it by a link in a mail (double
opt-in). Every link carries a key of 128 bits of which only the hash is stored; what it is made of stands in the row,
so that each later mail can carry the same one.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Flask
from huey import crontab
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from knowledge.articles.article import Article
from knowledge.articles.revision import Follower, Revision
from knowledge.link_keys import AGAIN_AFTER, ASKED_A_DAY, FORGOTTEN_AFTER, hash_of, key_made_of
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.audience import PUBLIC, sees
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job
from portal.mail import compose
from portal.web import settings

AT_ONCE = 200  # mails in one transaction


def is_following(article_id: int, *, by: User) -> bool:
    mine = select(Follower.id).where(Follower.article_id == article_id, Follower.user_id == by.id)
    return db.session.scalar(mine) is not None


def follow(article_id: int, *, by: User, now: datetime, locale: str, zone: str) -> None:
    """Follow with an account: its address is confirmed already."""
    mine = select(Follower).filter_by(article_id=article_id, user_id=by.id)
    try:
        with db.session.begin_nested():
            row = db.session.scalar(mine) or kept(article_id, by.email, now=now, locale=locale, zone=zone)
    except IntegrityError:  # pressed twice at once: the other one made the row
        row = kept(article_id, by.email, now=now, locale=locale, zone=zone)
    row.user_id, row.confirmed_at, row.locale, row.zone = by.id, row.confirmed_at or now, locale, zone


def unfollow(article_id: int, *, by: User) -> None:
    mine = or_(Follower.user_id == by.id, Follower.email == by.email.lower())
    db.session.execute(delete(Follower).where(Follower.article_id == article_id, mine))


def ask_to_follow(article_id: int, email: str, *, locale: str, zone: str) -> None:
    """Have an address asked whether it wants to follow. Whatever is known of it, the same is done here."""
    enqueue("ask_follower", article_id=article_id, email=email.lower(), locale=locale, zone=zone)


@job("ask_follower")
def ask_follower(article_id: int, email: str, locale: str, zone: str) -> None:
    """Send the mail that asks to confirm, unless one was sent lately or the address gets too many."""
    now, article = utcnow(), db.session.get(Article, article_id)
    asked_lately = select(func.count()).select_from(Follower).where(Follower.email == email)
    asked_lately = asked_lately.where(Follower.confirmed_at.is_(None), Follower.created_at > now - timedelta(days=1))
    row = db.session.scalar(select(Follower).filter_by(article_id=article_id, email=email))
    is_known = row is not None and (row.confirmed_at or row.created_at > now - AGAIN_AFTER)
    if article is None or not may_read(article, None) or is_known:
        return
    if db.session.execute(asked_lately).scalar_one() >= ASKED_A_DAY:
        return
    row = row or kept(article_id, email, now=now, locale=locale, zone=zone)
    row.created_at = now
    link = _link(row)
    compose(
        email,
        "articles/mail/follow",
        N_("Shall we tell you when “%(title)s” changes?"),
        locale=locale,
        zone=zone,
        title=article.title,
        link=link,
    )


def of_key(key: str) -> Follower | None:
    """The follower whose link this is."""
    return db.session.scalar(select(Follower).filter_by(token_hash=hash_of(key)))


def account_of(follower: Follower) -> User | None:
    return db.session.get(User, follower.user_id) if follower.user_id else None


def confirm(follower: Follower, *, now: datetime) -> None:
    follower.confirmed_at = follower.confirmed_at or now


def stop(follower: Follower) -> None:
    db.session.delete(follower)


def tell_followers(article: Article, revision: Revision) -> None:
    """Have those who follow the article told of this revision, in the transaction that publishes it.

    Each is told once at most, in their language, and only while they may read it. A minor revision is told to nobody.
    """
    if not revision.is_minor:
        enqueue("tell_followers", article_id=article.id, number=revision.number)


@job("tell_followers")
def tell_next_followers(article_id: int, number: int) -> None:
    """Tell the next few, and leave the rest to the next job: mails and the note of them stand in one transaction."""
    article = db.session.get(Article, article_id)
    if article is None or article.status != "published":
        return
    untold = (Follower.article_id == article_id, Follower.confirmed_at.is_not(None), Follower.told_revision < number)
    query = select(Follower, User).outerjoin(User, User.id == Follower.user_id).where(*untold)
    rows = db.session.execute(query.order_by(Follower.id).limit(AT_ONCE).with_for_update(of=Follower)).all()
    note = db.session.scalar(select(Revision.note).filter_by(article_id=article_id, number=number)) or ""
    for follower, user in rows:
        follower.told_revision = number
        if may_read(article, user) and (user is None or user.active):
            _tell(follower, user, article, note)
    if len(rows) == AT_ONCE:
        enqueue("tell_followers", article_id=article_id, number=number)


def _tell(follower: Follower, user: User | None, article: Article, note: str) -> None:
    compose(
        user.email if user else follower.email,
        "articles/mail/changed",
        N_("“%(title)s” has changed"),
        locale=(user.locale if user else None) or follower.locale,
        zone=(user.zone if user else None) or follower.zone,
        unsubscribe=f"{_link(follower)}/stop",
        title=article.title,
        note=note,
        link=f"{settings().base_url}/kb/{quote(article.slug)}?in={quote(article.lang)}",
    )


def may_read(article: Article, user: User | None) -> bool:
    audiences = sees(user) if user else (PUBLIC,)
    return article.status == "published" and article.visibility in audiences


def kept(article_id: int, email: str, *, now: datetime, locale: str, zone: str) -> Follower:
    """The row of this address, which may be new. Two at once: the constraint lets one in (`IntegrityError`)."""
    mine = select(Follower).where(Follower.article_id == article_id, Follower.email == email.lower())
    if row := db.session.scalar(mine):
        return row
    row = Follower(article_id=article_id, email=email.lower(), locale=locale, zone=zone, created_at=now)
    row.token_hash = hash_of(key_of(row))
    db.session.add(row)
    db.session.flush()
    return row


def _link(follower: Follower) -> str:
    """The address that confirms it; `/stop` behind it ends it. After a change of the secret key it is another one."""
    key = key_of(follower)
    follower.token_hash = hash_of(key)
    return f"{settings().base_url}/kb/following/{key}"


def key_of(follower: Follower) -> str:
    return key_made_of("follower", follower.article_id, follower.email, at=follower.created_at)


def forget_unconfirmed(*, now: datetime) -> int:
    """Forget addresses that never confirmed; returns how many."""
    too_old: ColumnElement[bool] = Follower.created_at < now - FORGOTTEN_AFTER
    forgotten = delete(Follower).where(Follower.confirmed_at.is_(None), too_old).returning(Follower.id)
    return len(db.session.execute(forgotten).all())


def init_following(app: Flask) -> None:
    """Put the forgetting into the queue."""

    @app.extensions["queue"].periodic_task(crontab(minute="23"), name="forget_unconfirmed")
    def forget_every_hour() -> None:
        with app.app_context(), writing(), db.session.begin():
            forget_unconfirmed(now=utcnow())
