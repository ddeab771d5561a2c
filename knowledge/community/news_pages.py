"""What the reader was told lately, of tickets and of the community: one page for customers and staff."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import joinedload

from knowledge.community.blueprint import address_of
from knowledge.community.naming import called
from knowledge.community.topic import Post
from portal.db import db, get_or_404, utcnow
from portal.tickets import news, telling
from portal.tickets.news import News
from portal.tickets.ticket import Ticket

bp = Blueprint("news", __name__, url_prefix="/news")


class Line(NamedTuple):
    """One thing told: the row, in words, what it is about, and whether it is of the community."""

    row: News
    words: str
    about: str


@bp.get("")
def index() -> ResponseReturnValue:
    return render_template("community/news.html", lines=_lines(news.latest(current_user)))


@bp.post("/seen")
def see_all() -> ResponseReturnValue:
    news.see_all(current_user, now=utcnow())
    db.session.commit()
    flash(_("All marked as read."), "success")
    return redirect(url_for(".index"))


@bp.get("/<int:news_id>")
def lead(news_id: int) -> ResponseReturnValue:
    """To what it is about; it is read from then on."""
    row = get_or_404(News.visible_to(current_user).where(News.id == news_id))
    row.seen_at = row.seen_at or utcnow()
    db.session.commit()
    if row.ticket_id is not None:
        ticket = get_or_404(Ticket.visible_to(current_user).where(Ticket.id == row.ticket_id))
        return redirect(url_for("desk.show" if current_user.is_staff else "tickets.show", number=ticket.number))
    if row.kind == news.GIVEN_UP:
        return redirect(url_for("webhooks.index"))
    post = get_or_404(Post.visible_to(current_user).where(Post.id == row.post_id))
    return redirect(address_of(post.topic, post.number))


def _lines(rows: Sequence[News]) -> list[Line]:
    """What the reader may still read; a line about something that is gone is left out."""
    ids = [row.post_id for row in rows if row.post_id is not None]
    posts = Post.visible_to(current_user).where(Post.id.in_(ids)).options(joinedload(Post.topic)) if ids else None
    shown = {post.id: post for post in db.session.scalars(posts)} if posts is not None else {}
    tickets = [row.ticket_id for row in rows if row.ticket_id is not None]
    seen = Ticket.visible_to(current_user).where(Ticket.id.in_(tickets)).with_only_columns(Ticket.id).order_by(None)
    open_ones = set(db.session.scalars(seen)) if tickets else set()
    lines = []
    for row in rows:
        if row.post_id is not None and (post := shown.get(row.post_id)):
            who = called(post.author.name if post.author else None, post.author_name, post.author_id)
            lines.append(Line(row, _post_words(row.kind, who), post.topic.title))
        elif row.ticket is not None and row.ticket_id in open_ones:
            who = row.by.display_name if row.by else _("The portal")
            lines.append(Line(row, telling.news_words(row.kind, who), f"#{row.ticket.number} {row.ticket.subject}"))
        elif row.kind == news.GIVEN_UP:
            lines.append(Line(row, _("A webhook is given up"), _("Webhooks")))
    return lines


def _post_words(kind: str, who: str) -> str:
    return {
        "mentioned": _("%(who)s mentioned you", who=who),
        "asked": _("%(who)s began a topic", who=who),
        "answered": _("%(who)s answered", who=who),
    }[kind]


@bp.app_template_global()
def unseen_news() -> int:
    """How many the reader has not read; the bell on every page asks, unless the page has counted them already."""
    return int(g.unseen_news) if "unseen_news" in g else news.unseen(current_user)
