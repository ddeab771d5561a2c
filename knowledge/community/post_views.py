"""What is done with one post: thanking, accepting, editing, taking back; and what it said before."""

from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from knowledge.community import answering, asking, rights
from knowledge.community.blueprint import address_of, bp
from knowledge.community.forms import EditForm
from knowledge.community.picture_pages import take_pictures
from knowledge.community.secrets import SecretsFound
from knowledge.community.showing import Page, start_of
from knowledge.community.topic import Post, PostEdition, Topic, is_keeper
from knowledge.community.views import chosen, find
from knowledge.community.writing_views import is_seen_first, poster, seen_before
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.web import limiter, reader, settings, wants_partial


@bp.post("/post/<int:post_id>/thank")
@limiter.limit(lambda: settings().limit_community_previews, key_func=poster)
def thank(post_id: int) -> ResponseReturnValue:
    """Thanks for a post, or (with `back`) not any more."""
    post = held(post_id)
    answering.vote(post, by=reader(), now=utcnow(), up="back" not in request.form)
    db.session.commit()
    if not wants_partial():
        return redirect(address_of(post.topic, post.number))
    page = Page(find(post.topic_id), reader(), start_of(post.number))
    shown = next(one for one in page.posts if one.id == post_id)
    given: dict[str, Any] = {"page": page, "topic": page.topic, "post": shown, "is_keeper": is_keeper(reader())}
    given["may_write"] = not rights.why_not(reader(), page.topic, now=utcnow(), locked=page.topic.locked_at is not None)
    return render_template("community/_post_foot.html", may_accept=rights.may_accept(page.topic, reader()), **given)


@bp.post("/post/<int:post_id>/accept")
def accept(post_id: int) -> ResponseReturnValue:
    """The answer; of what is the answer already, the mark goes."""
    post = held(post_id)
    is_back = post.topic.accepted_post_id == post.id
    answering.accept(post.topic, None if is_back else post, by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(post.topic, post.number))


@bp.route("/post/<int:post_id>/edit", methods=["GET", "POST"])
def edit(post_id: int) -> ResponseReturnValue:
    post = seen(post_id)
    if not rights.may_edit(post, post.topic, reader()):
        raise Refused(_("This post can't be changed any more."))
    form = form_of(post)
    found = take_pictures(form) if form.is_submitted() else None
    post = held(post_id) if form.is_submitted() else post
    shown = seen_before(form.body.data) if "preview" in request.form else None
    if form.validate_on_submit() and not form.form_errors and not found and not is_seen_first():
        try:
            change(post, form)
            return redirect(address_of(post.topic, post.number))
        except Refused as error:
            db.session.rollback()
            found = error if isinstance(error, SecretsFound) else None
            form.form_errors.extend([] if found else [str(error)])
            post = seen(post_id)
    given = {"post": post, "topic": post.topic, "form": form, "found": found, "preview": shown}
    return render_template("community/edit.html", **given), 422 if form.errors or found else 200


def form_of(post: Post) -> EditForm:
    """With title and tags only for a topic's first post."""
    form = EditForm(body=post.body, title=post.topic.title, tags=", ".join(post.topic.tags), edition=str(post.edition))
    if post.number > 1:
        del form.title, form.tags
    return form


def change(post: Post, form: EditForm) -> None:
    """Do what the form asks, in this transaction."""
    title = asking.clean_title(form.title.data) if form.title else ""
    edition = int(form.edition.data) if str(form.edition.data or "").isdecimal() else 0
    answering.edit(post, body=form.body.data or "", title=title, by=reader(), now=utcnow(), edition=edition)
    if form.title:
        asking.rename(post.topic, title=title, tags=str(form.tags.data or "").split(","))
    db.session.commit()


@bp.post("/post/<int:post_id>/withdraw")
def withdraw(post_id: int) -> ResponseReturnValue:
    post = held(post_id)
    answering.withdraw(post, by=reader())
    db.session.commit()
    flash(_("The post is taken back."), "success")
    return redirect(address_of(post.topic))


@bp.get("/post/<int:post_id>/editions")
def editions(post_id: int) -> ResponseReturnValue:
    """What the post said, the newest first."""
    post = seen(post_id)
    before = select(PostEdition).where(PostEdition.post_id == post.id).order_by(PostEdition.edition.desc())
    rows = db.session.scalars(before).all()
    given = {"post": post, "topic": post.topic, "editions": rows, "languages": chosen()}
    return render_template("community/editions.html", seen_before=seen_before, **given)


def seen(post_id: int) -> Post:
    """A post that this reader may see."""
    post: Post = get_or_404(Post.visible_to(current_user).where(Post.id == post_id))
    return post


def held(post_id: int) -> Post:
    """The same, with its topic, for somebody who is about to change it. The topic first, as answering does."""
    topic = select(Post.topic_id).where(Post.id == post_id).scalar_subquery()
    get_or_404(Topic.visible_to(current_user).where(Topic.id == topic).with_for_update(of=Topic))
    post: Post = get_or_404(Post.visible_to(current_user).where(Post.id == post_id).with_for_update(of=Post))
    return post
