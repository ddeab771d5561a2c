"""Beginning a topic: the topic, its tags and its first post in one transaction."""

import re
from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete

from knowledge.articles.markdown import slugify
from knowledge.community import answering, rights
from knowledge.community.topic import ForumCategory, Topic, TopicTag
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.tickets.conversation import clean

# Second words of other addresses, or such as may become some.
TAKEN = {
    *(
        "appeal",
        "audit",
        "categories",
        "category",
        "desk",
        "draft",
        "feed",
        "flag",
        "follow",
        "following",
        "from-ticket",
        "mails",
    ),
    *("moderation", "new", "news", "people", "person", "picture", "post", "preview", "private", "queue", "sanction"),
    *("similar", "standing", "tag", "tickets", "topic"),
}
MOST_TAGS, LONGEST_TAG, LONGEST_TITLE = 5, 40, 200


def ask(
    category: ForumCategory,
    *,
    kind: str,
    title: str,
    body: str,
    tags: Iterable[str],
    by: User,
    now: datetime,
    form_key: str,
    source: str = "page",
    product: str | None = None,
    lang: str = "en",
    doubtful: bool = False,
) -> Topic:
    """Begin a topic. Raises `Refused`; a second one with the same `form_key` breaks the unique constraint."""
    rights.need_place(by, category, now=now)
    if kind not in rights.kinds_for(by, category):
        raise Refused(_("Topics of that kind are not begun in this category."))
    title = clean_title(title)
    state, html = answering.checked(title=title, body=body, by=by, now=now, doubtful=doubtful)
    topic = Topic(
        category=category,
        kind=kind,
        title=title,
        slug=slug_of(title),
        lang=lang,
        product=product,
        tags=clean_tags(tags),
        author=by,
        created_at=now,
        bumped_at=now,
        state=state,
    )
    db.session.add(topic)
    db.session.flush()
    db.session.add_all(TopicTag(topic_id=topic.id, name=name) for name in topic.tags)
    answering.add(topic, body, html, number=1, state=state, by=by, now=now, form_key=form_key, source=source)
    return topic


def rename(topic: Topic, *, title: str, tags: Iterable[str]) -> None:
    """Give the topic another title and other tags; old addresses lead to the new one by its number."""
    topic.title, topic.tags = clean_title(title), clean_tags(tags)
    topic.slug = slug_of(topic.title)
    db.session.execute(delete(TopicTag).where(TopicTag.topic_id == topic.id))
    db.session.add_all(TopicTag(topic_id=topic.id, name=name) for name in topic.tags)


def clean_title(text: str) -> str:
    title = " ".join(clean(text).split())[:LONGEST_TITLE]
    if not title:
        raise Refused(_("Write a title."))
    return title


def clean_tags(names: Iterable[str]) -> list[str]:
    """The words in small letters, each once, of bearable number and length."""
    found = (re.sub(r"[^\w.+#-]+", "-", name.strip().lower()).strip("-")[:LONGEST_TAG] for name in names)
    return list(dict.fromkeys(name for name in found if name))[:MOST_TAGS]


def slug_of(title: str) -> str:
    """The title in the address of its topic; a word that other pages begin with is made longer."""
    slug = slugify(title)
    return f"{slug}-topic" if slug in TAKEN else slug[:120]


def topic_of(form_key: str, by: User) -> Topic | None:
    """The topic that this form has already begun."""
    post = answering.post_of(form_key, by)
    return post.topic if post is not None else None
