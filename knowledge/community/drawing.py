"""Posts and lists drawn as HTML, piece by piece: a piece is kept for all readers who are shown the same."""

import hashlib
from typing import Any

from flask import render_template
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from knowledge.community.forms import ReplyForm
from knowledge.community.showing import OWN, Page
from knowledge.community.standing import stamp
from portal.fragments import fragment
from portal.tickets.drafts import new_key
from portal.web import choose_zone

# What stands in kept pieces for the reader's own, which their forms carry, and for the posts.
TOKEN, KEY, STAMP, POSTS = "<!--token-->", "<!--key-->", "<!--stamp-->", "<!--posts-->"


def posts(page: Page, *, is_keeper: bool, may_accept: bool, may_write: bool, new_from: int | None) -> Markup:
    """The posts of a stretch. What a post offers depends on whose it is, and on what the reader may do."""
    topic, person, token = page.topic, page.person, ""
    if person.is_authenticated:
        token = generate_csrf()
    about = (
        topic.id,
        topic.slug,
        topic.locked_at is not None,
        is_keeper,
        may_accept,
        may_write,
        person.is_authenticated,
    )
    like = (*about, page.start, str(get_locale()), choose_zone())
    drawn = []
    for post in page.posts:
        mine = (person.is_authenticated and post.author_id == person.id, post.id in page.thanked)
        shown = {"post": post, "topic": topic, "page": page, "is_keeper": is_keeper}
        shown |= {"may_accept": may_accept, "may_write": may_write}

        def draw(shown: dict[str, Any] = shown) -> str:
            text = render_template("community/_post.html", **shown)
            return text.replace(token, TOKEN) if token else text

        if post.number == new_from:
            drawn.append(Markup(render_template("community/_new_from.html")))
        key = ("community", "post", tuple(post), post.id == topic.accepted_post_id, *mine, *like)
        drawn.append(fragment(key, draw))
    whole = Markup("").join(drawn)
    return Markup(str(whole).replace(TOKEN, token)) if token else whole


def middle(posts: Markup, form: ReplyForm | None, more: dict[str, Any], *, may_write: bool, **given: Any) -> Markup:
    """What stands around the posts and below them. With an empty answer (no `form` yet) and nothing `more` it is
    kept for all who are shown the same, without what is each form's own."""
    page, topic, person = given["page"], given["topic"], given["page"].person
    pace = topic.pace or ""
    shown = {**given, "pace": pace}
    if form is not None or more or given["is_keeper"]:
        form = form or (ReplyForm(formdata=None, form_key=new_key()) if may_write else None)
        return Markup(render_template("community/_topic.html", posts=posts, form=form, **shown, **more))
    key = new_key()

    def draw() -> str:
        empty = ReplyForm(formdata=None, form_key=key) if may_write else None
        text = render_template("community/_topic.html", form=empty, posts=Markup(POSTS), form_stamp=_stamp, **shown)
        return text.replace(generate_csrf(), TOKEN).replace(key, KEY) if person.is_authenticated else text

    who = (person.is_authenticated, person.is_authenticated and (person.is_staff, topic.author_id == person.id))
    like = (repr(tuple(topic)[:-OWN]), page.start, *who, may_write, given["reason"], pace)
    whole = str(fragment(("community", "topic", *like, str(get_locale()), choose_zone()), draw))
    if may_write or person.is_authenticated:
        whole = whole.replace(TOKEN, generate_csrf()).replace(KEY, key).replace(STAMP, stamp())
    return Markup(whole.replace(POSTS, str(posts)))


def room(topics: Markup, person: Any, *, here: Any, languages: Any, **given: Any) -> Markup:
    """A category around its topics, kept for all who are shown the same."""
    pace = here.pace or ""
    shown = {**given, "here": here, "languages": languages, "pace": pace}

    def draw() -> str:
        text = render_template("community/_category.html", topics=Markup(POSTS), **shown)
        return text.replace(generate_csrf(), TOKEN) if person.is_authenticated else text

    key = ("community", "room", repr(tuple(here)), person.is_authenticated, repr(given), pace, str(get_locale()))
    whole = str(fragment(key, draw)).replace(POSTS, str(topics))
    return Markup(whole.replace(TOKEN, generate_csrf()) if person.is_authenticated else whole)


def _stamp() -> Markup:
    return Markup(STAMP)


def listed(found: Any, new: dict[int, int], person: Any, **given: Any) -> Markup:
    """A list of topics with its filters, kept by all that it shows."""
    here, rows = given["here"], repr(([*map(tuple, found.pinned)], [*map(tuple, found.topics)], found.after))
    key = hashlib.blake2b(rows.encode(), digest_size=16).digest()
    seen = (here.slug if here is not None else "", given["asked"], tuple(new.items()), person.is_authenticated)
    whole = ("community", "list", key, *seen, str(get_locale()), choose_zone())
    return fragment(whole, lambda: render_template("community/_topics.html", found=found, new=new, **given))
