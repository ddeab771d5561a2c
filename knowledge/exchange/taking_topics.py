"""Taking topics of another forum into a category: with authors' names, dates, accepted answers and old addresses.

What was taken is known by its old address and skipped, so that a broken import goes on where it stopped. Nobody is told
of imported posts, and no account is made of a name.
"""

from collections.abc import Sequence

from sqlalchemy import select

from knowledge.community import answering, asking, secrets
from knowledge.community.rendering import html_of
from knowledge.community.topic import KINDS, ForumCategory, Post, Topic, TopicTag, key_of
from knowledge.exchange.report import Loss, Problem, Report
from knowledge.exchange.threads import OldPost, OldTopic
from portal.db import db
from portal.errors import Refused
from portal.tickets.conversation import clean

BATCH = 100  # topics in one transaction


def take(topics: Sequence[OldTopic | Problem], room: ForumCategory, report: Report, *, lang: str) -> int:
    """Write these; returns how many posts. The report counts topics."""
    known = _known(topics)
    posts = 0
    for topic in topics:
        if isinstance(topic, Problem):
            report.problems.append(topic)
        elif topic.address in known:
            report.count("unchanged")
        else:
            known.add(topic.address)
            posts += _take(topic, room, report, lang=lang)
    return posts


def _take(old: OldTopic, room: ForumCategory, report: Report, *, lang: str) -> int:
    try:
        title = asking.clean_title(old.title)
        ready = [(post, *_ready(post)) for post in old.posts]
    except Refused as error:
        report.problems.append(Problem(old.address, str(error)))
        return 0
    topic = Topic(
        category=room, kind=old.kind if old.kind in KINDS else "discussion", title=title, lang=old.lang or lang
    )
    topic.slug, topic.tags, topic.views = asking.slug_of(title), asking.clean_tags(old.tags), old.views
    topic.created_at = topic.bumped_at = old.posts[0].created_at
    topic.is_pinned, topic.imported_from = old.is_pinned, old.address[:300]
    topic.locked_at = max(post.created_at for post in old.posts) if old.is_locked else None
    db.session.add(topic)
    db.session.flush()
    db.session.add_all(TopicTag(topic_id=topic.id, name=name) for name in topic.tags)
    rows = [_post(topic, number, *one) for number, one in enumerate(ready, 1)]
    db.session.add_all(rows)
    db.session.flush()
    _accept(topic, old, rows)
    answering.recount(topic)
    topic.votes = rows[0].votes
    report.count("added")
    report.losses += [Loss(old.address, what) for what in old.left_out]
    return len(rows)


def _ready(post: OldPost) -> tuple[str, str]:
    """The words as they are kept and shown. What must not be read by everybody is covered, as in any post (R19)."""
    body = clean(secrets.covered(post.body)).strip() or "…"
    return body, html_of(body)


def _post(topic: Topic, number: int, old: OldPost, body: str, html: str) -> Post:
    post = Post(topic_id=topic.id, number=number, author_name=clean(old.author)[:100], created_at=old.created_at)
    post.edited_at, post.votes, post.state, post.source = old.edited_at, old.votes, "shown", "import"
    post.reply_to = old.reply_to if old.reply_to and old.reply_to < number else None
    post.form_key, post.body, post.html = key_of(old.address or f"{topic.imported_from}#{number}"), body, html
    post.is_staff = False
    return post


def _accept(topic: Topic, old: OldTopic, rows: Sequence[Post]) -> None:
    """The answer that had been accepted; of a question alone."""
    for post, row in zip(old.posts[1:], rows[1:], strict=True):
        if post.is_accepted and topic.kind == "question":
            topic.accepted_post_id, topic.accepted_at = row.id, row.created_at
            return


def _known(topics: Sequence[OldTopic | Problem]) -> set[str]:
    addresses = [topic.address for topic in topics if isinstance(topic, OldTopic)]
    return set(db.session.scalars(select(Topic.imported_from).where(Topic.imported_from.in_(addresses))))
