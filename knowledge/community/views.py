"""The community's pages to read: its categories, the topics in them, and one topic."""

from typing import Any

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from sqlalchemy import select

from knowledge.articles.reading import Languages
from knowledge.community import drafting, drawing, forms, listing, mentions, rights, standing, structured, unread
from knowledge.community.blueprint import address_of, bp
from knowledge.community.naming import called
from knowledge.community.showing import MOST_POSTS, Page, quoted, start_of, topic_row
from knowledge.community.topic import Topic, is_keeper
from portal.db import db, utcnow
from portal.fragments import fragment
from portal.policies import the_policy
from portal.tickets import drafts
from portal.web import public, reader, settings, wants_partial


@bp.context_processor
def words() -> dict[str, Any]:
    """What the community's templates call things by."""
    named: dict[str, Any] = {"called": called, "kinds": forms.KINDS, "shows": listing.SHOWS, "sorts": listing.SORTS}
    order = {"keeps_order": lambda: is_keeper(reader()), "form_stamp": standing.stamp}
    order["keeps_categories"] = lambda: reader().is_authenticated and is_administrator(reader())
    return named | order | {"found": None, "preview": None}


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    asked, languages = listing.Asked.of(request.args), chosen()
    found = listing.listed(reader(), asked)
    given: dict[str, Any] = {"asked": asked, "languages": languages, "here": None}
    topics = drawing.listed(found, new_in(found), reader(), **given)
    if wants_partial():
        return str(topics)
    rooms = listing.rooms(reader())
    return render_template("community/index.html", rooms=rooms, topics=topics, **given, **writers(None))


@bp.get("/category/<slug>")
@public
def category(slug: str) -> ResponseReturnValue:
    here = listing.room(slug, reader()) or abort(404)
    asked = listing.Asked.of(request.args)
    found = listing.listed(reader(), asked, here)
    given: dict[str, Any] = {"asked": asked, "languages": chosen(), "here": here}
    topics = drawing.listed(found, new_in(found), reader(), **given)
    if wants_partial():
        return str(topics)
    whole = drawing.room(topics, reader(), here=here, languages=given["languages"], **writers(here))
    return render_template("community/category.html", room=whole, **given)


@bp.get("/<slug>/<int:topic_id>")
@public
def show(slug: str, topic_id: int) -> ResponseReturnValue:
    topic = find(topic_id)
    start = start_of(request.args.get("from", 1, type=int) or 1)
    if topic.slug != slug:
        return redirect(address_of(topic, **({"from": start} if start > 1 else {})), 301)
    page = Page(topic, reader(), start)
    return page_of(page, new_from=mark_read(page))


@bp.get("/<slug>/<int:topic_id>/<int:number>")
@public
def permalink(slug: str, topic_id: int, number: int) -> ResponseReturnValue:
    """One post, in its stretch of the topic; of a topic that was merged, where the post stands now."""
    topic = topic_row(topic_id, reader()) or abort(404)
    if topic.merged_into_id:
        topic = topic_row(topic.merged_into_id, reader()) or abort(404)
        behind = db.session.scalar(select(Topic.merged_behind).where(Topic.id == topic_id))
        number = 1 if behind is None else min(number, MOST_POSTS) + behind
    if not 1 <= number <= (topic.last or 0):
        abort(404)
    start = start_of(number)
    return redirect(address_of(topic, _anchor=f"post-{number}", **({"from": start} if start > 1 else {})))


def page_of(page: Page, form: forms.ReplyForm | None = None, **more: Any) -> str:
    """A topic as this reader may see it; without a form the answer begins, or goes on where it was left."""
    topic, person = page.topic, reader()
    given: dict[str, Any] = {"page": page, "topic": topic, "languages": chosen(), "is_keeper": is_keeper(person)}
    reason = ""
    if person.is_authenticated:
        reason = rights.why_not(person, topic, now=utcnow(), locked=topic.locked_at is not None)
        form = form or (None if reason else begun(page))
    may_write = person.is_authenticated and not reason
    allowed = {"is_keeper": given["is_keeper"], "may_accept": rights.may_accept(topic, person), "may_write": may_write}
    posts = drawing.posts(page, **allowed, new_from=more.pop("new_from", None))
    key = ("community", "structured", *page.key, topic.visibility, str(get_locale()))
    given["structured"] = fragment(key, lambda: structured_of(page))
    middle = drawing.middle(posts, form, more, reason=reason, may_write=may_write, **given)
    return render_template("community/show.html", middle=middle, **given)


def mark_read(page: Page) -> int | None:
    """Note that the reader has seen these posts; the first of somebody else's that is new to who was here before."""
    if not current_user.is_authenticated or not page.posts:
        return None
    before, last, person = page.topic.seen, page.posts[-1], reader()
    if unread.saw(page.topic.id, last.number, last.created_at, before, by=person, now=utcnow()):
        db.session.commit()
    unseen = (post.number for post in page.posts if before and post.number > before and post.author_id != person.id)
    return next(unseen, None)


def new_in(found: listing.Listed) -> dict[int, int]:
    """The topics of a list that went on since the reader was there, and from which post."""
    return unread.new_in([*found.pinned, *found.topics], reader())


def structured_of(page: Page) -> str:
    """What search engines of the web are told of the topic, for the head of its page."""
    told = structured.told(page, settings().base_url)
    return Markup('<script type="application/ld+json">{}</script>').format(htmlsafe_json_dumps(told)) if told else ""


def begun(page: Page) -> forms.ReplyForm | None:
    """An answer that begins with what it quotes, with a name, or where it was left; None where it begins empty."""
    topic, said, number = page.topic, "", 0
    if number := request.args.get("quote", 0, type=int):
        said = quoted(topic.id, number, reader())
    elif number := request.args.get("mention", 0, type=int):
        said = mentions.call(topic.id, number, reader())
    elif topic.draft and (draft := drafting.latest(reader(), topic.id)):
        return forms.ReplyForm(formdata=None, **draft.fields, form_key=draft.form_key)
    if not said:
        return None
    return forms.ReplyForm(formdata=None, form_key=drafts.new_key(), body=said, reply_to=str(number))


def is_administrator(person: Any) -> bool:
    """Whoever may make and change categories."""
    return bool(person.has_role("moderator") or person.has_role("admin"))


def find(topic_id: int) -> Any:
    """The topic that this number leads the reader to; one that was merged leads on."""
    topic = topic_row(topic_id, reader()) or abort(404)
    if topic.merged_into_id and request.method == "GET":
        there = topic_row(topic.merged_into_id, reader()) or abort(404)
        abort(redirect(address_of(there), 301))
    return topic


def writers(here: Any) -> dict[str, Any]:
    """Whether the reader may begin a topic here, and why not."""
    if not current_user.is_authenticated:
        return {"may_begin": True, "reason": ""}
    reason = rights.why_not(reader(), here, now=utcnow()) if here is not None else ""
    return {"may_begin": not reason, "reason": reason}


def chosen() -> Languages:
    return Languages(str(get_locale()).replace("_", "-"), settings().default_locale)


def community_is_open() -> bool:
    """Whether the policy has a forum among its channels."""
    return rights.CHANNEL in the_policy().channels
