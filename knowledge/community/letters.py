"""The community's mails: one post, several in a digest, and why a reply by mail was not posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask_babel import force_locale

from knowledge.community.following import stop_key
from knowledge.community.naming import called
from knowledge.community.pictures import without
from knowledge.community.topic import Post, Topic
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.mail import Mail, compose, signed_message_id, thread_id
from portal.tickets.prose import plain, prose
from portal.web import settings


@dataclass(frozen=True)
class Line:
    """A topic in a digest: what is new in it, and how the newest post begins."""

    title: str
    address: str
    author: str
    excerpt: str
    count: int
    is_new: bool


def send_post(post: Post, to: User, *, why: str, stop: tuple[str, int]) -> Mail:
    """One post, whole. Its Message-ID is signed for this reader: their reply to it is posted."""
    topic, locale = post.topic, to.locale or settings().default_locale
    subject = N_("%(author)s asks: %(title)s") if post.number == 1 else N_("Re: %(title)s")
    if post.number == 1 and topic.kind != "question":
        subject = N_("New topic: %(title)s")
    if why == "mention":
        subject = N_("%(author)s mentions you: %(title)s")
    return compose(
        to.email,
        "community/mail/post",
        subject,
        locale=locale,
        zone=to.zone or settings().default_zone,
        message_id=signed_message_id("post", topic.id, post.number, to.id),
        in_reply_to=thread_id(topic.id, kind="topic"),
        references=[thread_id(topic.id, kind="topic")],
        unsubscribe=stop_address(*stop),
        why=why,
        title=topic.title,
        author=name_of(post, locale),
        is_staff=post.is_staff,
        body=plain(body := without(post.body)),
        body_html=prose(body),
        address=address_of(topic, post.number),
    )


def send_digest(to: User, lines: Sequence[Line], *, more: int) -> Mail:
    return compose(
        to.email,
        "community/mail/digest",
        N_("What is new in the community"),
        locale=to.locale or settings().default_locale,
        zone=to.zone or settings().default_zone,
        unsubscribe=stop_address("digest", to.id),
        name=to.display_name,
        lines=lines,
        more=more,
        address=f"{_base()}/community/",
    )


def send_unposted(to: User, topic: Topic | None, *, reason: str) -> Mail:
    """Their mail answered a topic, and was not posted. Nothing of what they wrote is in it."""
    return compose(
        to.email,
        "community/mail/unposted",
        N_("Your reply was not posted"),
        locale=to.locale or settings().default_locale,
        zone=to.zone or settings().default_zone,
        name=to.display_name,
        reason=reason,
        title=topic.title if topic else "",
        address=address_of(topic) if topic else f"{_base()}/community/",
    )


def send_taken(to: User, post: Post, *, files: Sequence[str]) -> Mail:
    """What their mail became is not what they would think: it waits for a moderator, or its files stayed behind."""
    is_held = post.state == "held"
    return compose(
        to.email,
        "community/mail/taken",
        N_("Your reply waits for a moderator") if is_held else N_("Your reply was posted without its files"),
        locale=to.locale or settings().default_locale,
        zone=to.zone or settings().default_zone,
        name=to.display_name,
        title=post.topic.title,
        is_held=is_held,
        files=files,
        address=address_of(post.topic, post.number),
    )


def send_hidden(post: Post, reason: str) -> Mail:
    """A moderator hid their post, and says why."""
    author = post.author
    assert author is not None
    return compose(
        author.email,
        "community/mail/hidden",
        N_("Your post was hidden: %(title)s"),
        locale=author.locale or settings().default_locale,
        zone=author.zone or settings().default_zone,
        name=author.display_name,
        title=post.topic.title,
        reason=reason,
        address=address_of(post.topic, post.number),
    )


def address_of(topic: Topic, number: int | None = None) -> str:
    end = f"/{number}" if number and number > 1 else ""
    return f"{_base()}/community/{quote(topic.slug)}/{topic.id}{end}"


def stop_address(what: str, number: int) -> str:
    return f"{_base()}/community/mails/{stop_key(what, number)}"


def name_of(post: Post, locale: str) -> str:
    """Who wrote it, as the page says it."""
    with force_locale(locale):
        return called(post.author.name if post.author else None, post.author_name, post.author_id)


def _base() -> str:
    return settings().base_url.rstrip("/")
