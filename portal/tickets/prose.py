"""What people write, as safe HTML: paragraphs, lists, quotes, code and links. Kept raw, rendered when it is read."""

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

LONGEST = 20_000  # beyond this it is a pasted log: shown as it is
TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "pre", "code", "a"}


@cache
def _markdown() -> MarkdownIt:
    """The little of Markdown that people type without knowing it; headings, pictures and HTML stay text."""
    renderer = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True, "maxNesting": 12})
    renderer.enable("linkify")
    renderer.disable(["heading", "lheading", "hr", "html_block", "html_inline", "image", "reference", "entity"])
    return renderer


def prose(text: str) -> Markup:
    """Safe HTML of a message. Links open nothing but http, https and mailto."""
    if len(text) > LONGEST:
        return Markup('<pre tabindex="0"><code>{}</code></pre>').format(escape(text))
    return Markup(
        nh3.clean(
            _markdown().render(text),
            tags=TAGS,
            attributes={"a": {"href"}, "ol": {"start"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="nofollow noopener ugc",
            set_tag_attribute_values={"pre": {"tabindex": "0"}},  # what scrolls must be reached by the keyboard
        )
    )
