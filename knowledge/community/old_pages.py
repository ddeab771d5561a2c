"""Addresses of the forum that was before: of StackExchange's kind and Discourse's. They lead to where it stands now.

`?collection=` says which forum it was, where several came in.
"""

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from knowledge.community.blueprint import address_of
from knowledge.community.topic import Post, Topic, address_in, key_of
from portal.db import db
from portal.web import public, reader

bp = Blueprint("old_forum", __name__)


@bp.get("/questions/<int:number>")
@bp.get("/questions/<int:number>/<path:rest>")
@bp.get("/q/<int:number>")
@public
def question(number: int, rest: str = "") -> ResponseReturnValue:
    return led_to(f"/questions/{number}")


@bp.get("/a/<int:number>")
@public
def answer(number: int) -> ResponseReturnValue:
    return led_to_post(f"/a/{number}")


@bp.get("/t/<int:number>")
@bp.get("/t/<slug>/<int:number>")
@public
def topic(number: int, slug: str = "") -> ResponseReturnValue:
    return led_to(f"/t/{number}")


@bp.get("/t/<slug>/<int:number>/<int:post>")
@public
def post(slug: str, number: int, post: int) -> ResponseReturnValue:
    return led_to_post(f"/t/{number}/{post}")


def led_to(address: str) -> ResponseReturnValue:
    known_by = address_in(request.args.get("collection", ""), address)
    found = db.session.scalar(Topic.visible_to(reader()).where(Topic.imported_from == known_by).order_by(Topic.id))
    return redirect(address_of(found or abort(404)), 301)


def led_to_post(address: str) -> ResponseReturnValue:
    known_by = address_in(request.args.get("collection", ""), address)
    mine = Post.visible_to(reader()).where(Post.form_key == key_of(known_by))
    found = db.session.scalar(mine) or abort(404)
    there = db.session.execute(select(Topic.id, Topic.slug).where(Topic.id == found.topic_id)).one()
    return redirect(address_of(there, found.number), 301)
