"""Posts in Markdown: the articles' dialect without what a stranger should not do to a page.

Pictures only of our own, headings below those of the page, nothing with an id, no boxes and tabs.
"""

import re

import nh3
from flask_babel import gettext as _
from markdown_it.token import Token

from knowledge.articles.markdown import parser, text_of
from knowledge.articles.rendering import LONGEST, MOST_LINES
from portal.errors import Refused

OWN_PICTURE = re.compile(r"/community/picture/f[0-9a-f]{38}")
OWN_PLACE = re.compile(r"/(?!/)|#")  # two slashes lead to another host
_CLEANER = nh3.Cleaner(
    tags={"p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "s", "a", "code", "pre", "div"}
    | {"blockquote", "table", "thead", "tbody", "tr", "th", "td", "img", "sup", "section", "span"},
    attributes={
        "a": {"href", "title", "rel"},
        "img": {"src", "alt", "title", "loading"},
        "ol": {"start"},
        "pre": {"tabindex"},
        "table": {"tabindex"},
        "*": {"class"},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
    strip_comments=True,
)


def html_of(body: str) -> str:
    """The post as it is shown. Raises `Refused` where it is over the limits."""
    tokens, env = _tokens(body)
    return _CLEANER.clean(parser().renderer.render(tokens, parser().options, env))


def plain_of(body: str) -> str:
    """The words of a post without their marks, for search and summaries."""
    return text_of(_tokens(body)[0])


def _tokens(body: str) -> tuple[list[Token], dict[str, object]]:
    if len(body.encode()) > LONGEST or body.count("\n") > MOST_LINES:
        raise Refused(_("That is too long for one post. Say it in several, or attach it to a ticket."))
    env: dict[str, object] = {"labels": {}, "is_bare": True}
    tokens = parser().parse(body, env)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, max(3, int(token.tag[1]) + 1))}"
        for child in token.children or ():
            if child.type == "image" and not OWN_PICTURE.fullmatch(str(child.attrGet("src"))):
                _name_only(child)
            elif child.type == "link_open" and not OWN_PLACE.match(str(child.attrGet("href"))):
                child.attrSet("rel", "noopener nofollow ugc")
    return tokens, env


def _name_only(picture: Token) -> None:
    """A picture from elsewhere would tell that place who reads: its name stands there instead."""
    picture.type, picture.tag, picture.content = "text", "", f"[{picture.content or picture.attrGet('src')}]"
    picture.children = None
