"""The community's pages: one blueprint, its views in the `*views` and `*_pages` modules."""

from typing import Any

from flask import Blueprint, url_for

bp = Blueprint("community", __name__, url_prefix="/community")


def address_of(topic: Any, number: int | None = None, **more: Any) -> str:
    """Where a topic stands, or one post of it. `topic` is a row or an entity."""
    if number is None or number == 1:
        return url_for("community.show", slug=topic.slug, topic_id=topic.id, **more)
    return url_for("community.permalink", slug=topic.slug, topic_id=topic.id, number=number, **more)
