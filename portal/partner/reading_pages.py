"""What the vendor wrote for its partners: articles, the newest first, and documents. Editors write both as for all."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user

from knowledge.articles import reading as articles
from knowledge.documents import reading as documents
from portal.accounts.people import Organisation
from portal.audience import PARTNERS, sees
from portal.partner.blueprint import SHORT, TILES, Tile, bp
from portal.web import settings


def mine() -> list[str]:
    """The audiences of the reader in which partners are."""
    return [name for name in sees(current_user) if PARTNERS in name.split(" ")]


def languages() -> articles.Languages:
    return articles.Languages(str(get_locale()).replace("_", "-"), settings().default_locale)


@bp.get("/documents")
def reading() -> ResponseReturnValue:
    theirs = mine()
    return render_template(
        "partner/reading.html",
        articles=articles.articles_for(theirs, current_user, languages()),
        manuals=documents.entries_for(theirs, current_user, languages()),
    )


def news_tile(reseller: Organisation, now: Any) -> dict[str, Any]:
    """The newest articles for partners."""
    return {"articles": articles.articles_for(mine(), current_user, languages(), SHORT)}


TILES.append(Tile("partner/_reading_tile.html", news_tile))
