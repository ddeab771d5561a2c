"""The Markdown we speak: CommonMark with tables, footnotes, task lists, callouts, tabs, permalinks, coloured code."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from knowledge.articles.tabs import tabs_plugin

HIGHLIGHTED_AT_MOST = 12 * 1024  # a longer block of code is shown plain: lexers are regular expressions
LINKED_AT_MOST = 2000  # a longer paragraph keeps its bare addresses as text: finding them is quadratic
PARSED_AT_MOST = 16 * 1024  # a longer paragraph is no prose, and is shown as it stands
BRACKETS_AT_MOST = 6000  # each may begin a link and is looked at for long: after so many, paragraphs stay as they are
LEXERS = frozenset(
    re.findall(
        r"\w+",
        "bash sh shell console powershell pwsh batch python json yaml toml ini xml html css javascript js typescript "
        "sql http nginx apache docker dockerfile diff c cpp csharp java go rust ruby php lua make properties",
    )
)
CALLOUTS = {
    "NOTE": ("note", "Note"),
    "TIP": ("tip", "Tip"),
    "IMPORTANT": ("warning", "Important"),
    "WARNING": ("warning", "Warning"),
    "CAUTION": ("danger", "Caution"),
    "DANGER": ("danger", "Danger"),
}
# Ids of the page around the article, which a heading must not take.
PAGE_IDS = frozenset(
    {"main", "ask", "ask-text", "band-dots", "band-hatch", "band-range", "contents", "flashes", "palette"}
    | {
        "copy-code",
        "files",
        "follow",
        "follow-email",
        "manuals",
        "palette-q",
        "palette-q-suggest",
        "helpful",
        "helpful-question",
        "related",
    }
    | {"palette", "palette-q", "palette-q-suggest", "sign-out", "vote-comment", "vote-hint"}
)

_MARK = re.compile(r"\[!(\w+)\][ \t]*(.*)")
_BOX = re.compile(r"\[([ xX])\][ \t]+")


class Linkify(LinkifyIt):  # type: ignore[misc]
    """Finds addresses in short paragraphs only."""

    def pretest(self, text: str) -> bool:
        return len(text) <= LINKED_AT_MOST and bool(super().pretest(text))


@cache
def parser() -> MarkdownIt:
    """The one parser; it keeps nothing between texts. `env["labels"]` names the callouts in the text's language."""
    md = MarkdownIt("commonmark", {"html": False, "linkify": True, "maxNesting": 20})
    md.linkify = Linkify({}, {"fuzzy_link": False, "fuzzy_email": False})
    md.enable(["table", "strikethrough", "linkify"])
    md.use(footnote_plugin, inline=False)
    md.use(tabs_plugin)
    md.core.ruler.before("inline", "long_paragraphs", _leave_long_paragraphs)
    md.core.ruler.push("headings", _name_headings)
    md.core.ruler.push("callouts", _make_callouts)
    md.core.ruler.push("figures", _make_figures)
    md.core.ruler.push("attributes", _set_attributes)
    md.add_render_rule("fence", _fence)
    return md


def slugify(text: str) -> str:
    """An anchor from a heading: its letters and digits in any script, joined by hyphens."""
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-")[:80] or "section"


def text_of(tokens: Sequence[Token]) -> str:
    """The words of some tokens, without any markup."""
    parts: list[str] = []
    for token in tokens:
        if token.type == "inline":
            parts += [_inline_text(token.children or ()), "\n"]
        elif token.type in ("fence", "code_block"):
            parts += [token.content, "\n"]
        elif token.type == "tab":
            parts += [token.meta["tab"], "\n"]
    return "".join(parts).strip()


def _inline_text(children: Sequence[Token]) -> str:
    kept = {"text", "code_inline", "image"}
    breaks = {"softbreak", "hardbreak"}
    return "".join(c.content if c.type in kept else "\n" if c.type in breaks else "" for c in children)


def _leave_long_paragraphs(state: StateCore) -> None:
    left = BRACKETS_AT_MOST
    for token in state.tokens:
        if token.type == "inline":
            left -= (brackets := token.content.count("["))
            if len(token.content) > PARSED_AT_MOST or (brackets and left < 0):
                token.type = "text"


def _name_headings(state: StateCore) -> None:
    """Ids and permalinks. The page has its title: one written into the text becomes a second-level heading."""
    taken: set[str] = set(PAGE_IDS)
    last: dict[str, int] = {}
    for index, token in enumerate(state.tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        if token.tag == "h1":
            token.tag = "h2"
        inline = state.tokens[index + 1] if token.type == "heading_open" else None
        if inline is None or inline.children is None or token.tag not in ("h2", "h3"):
            continue
        heading = text_of([inline])
        slug = slugify(heading)
        anchor, number = slug, last.get(slug, 1)
        while anchor in taken:  # "a", "a" and "a 2" are three
            number += 1
            anchor = f"{slug}-{number}"
        last[slug] = number
        taken.add(anchor)
        token.attrSet("id", anchor)
        token.meta["heading"] = heading
        if state.env.get("is_bare"):
            continue
        link = Token("html_inline", "", 0)
        link.content = f' <a class="header-anchor" href="#{anchor}" aria-label="{escapeHtml(heading)}">#</a>'
        inline.children.append(link)


def _make_callouts(state: StateCore) -> None:
    """`> [!NOTE]` becomes a box with a title."""
    opened: list[bool] = []
    for index, token in enumerate(state.tokens):
        if token.type == "blockquote_open":
            opened.append(_open_callout(state, index))
        elif token.type == "blockquote_close" and opened.pop():
            token.tag = "div"


def _open_callout(state: StateCore, index: int) -> bool:
    tokens = state.tokens[index : index + 3]
    if [t.type for t in tokens] != ["blockquote_open", "paragraph_open", "inline"] or not tokens[2].children:
        return False
    children = tokens[2].children
    mark = _MARK.fullmatch(children[0].content)
    if not mark or mark[1].upper() not in CALLOUTS:
        return False
    kind, label = CALLOUTS[mark[1].upper()]
    tokens[0].tag = "div"
    tokens[0].attrSet("class", kind)
    children[0].content = mark[2] or state.env["labels"].get(label, label)
    rest = children[1:]
    if rest and rest[0].type == "softbreak":  # the text goes on in the same paragraph: the title gets its own line
        rest[0].type, rest[0].tag = "hardbreak", "br"
    opening, closing = Token("strong_open", "strong", 1), Token("strong_close", "strong", -1)
    opening.attrSet("class", "title")
    tokens[2].children = [opening, children[0], closing, *rest]
    return True


def _make_figures(state: StateCore) -> None:
    """A picture that stands alone and has a title, `![what it shows](address "title")`, has it as its caption."""
    for index, token in enumerate(state.tokens):
        children = token.children or ()
        if token.type != "inline" or len(children) != 1 or children[0].type != "image":
            continue
        around = state.tokens[index - 1], state.tokens[index + 1]
        caption = children[0].attrs.pop("title", "") if around[0].type == "paragraph_open" else ""
        if caption and not around[0].hidden:
            around[0].tag = around[1].tag = "figure"
            line = Token("html_inline", "", 0)
            line.content = f"<figcaption>{escapeHtml(str(caption))}</figcaption>"
            token.children = [children[0], line]


def _set_attributes(state: StateCore) -> None:
    for index, token in enumerate(state.tokens):
        if token.type == "table_open":
            token.attrSet("tabindex", "0")  # wide tables scroll, by keyboard too
        elif token.type in ("th_open", "td_open"):
            if str(token.attrs.pop("style", "")).endswith("right"):
                token.attrSet("class", "num")
        elif token.type == "inline":
            if index > 1 and state.tokens[index - 2].type == "list_item_open":
                _make_task(state.tokens[index - 2], token)
            for child in token.children or ():
                _set_inline_attributes(child)


def _make_task(item: Token, inline: Token) -> None:
    """`- [x] Done` becomes an item with a ticked box; nobody can change it here."""
    children = inline.children or []
    box = _BOX.match(children[0].content) if children and children[0].type == "text" else None
    if not box:
        return
    children[0].content = children[0].content[box.end() :]
    input_ = Token("html_inline", "", 0)
    checked = "" if box[1] == " " else " checked"
    input_.content = f'<input type="checkbox" disabled{checked} aria-label="{escapeHtml(text_of([inline]))}"> '
    children.insert(0, input_)
    item.attrSet("class", "task")


def _set_inline_attributes(child: Token) -> None:
    if child.type == "image":
        child.attrSet("loading", "lazy")
    elif child.type == "link_open" and str(child.attrGet("href")).startswith(("http:", "https:")):
        child.attrSet("rel", "noopener nofollow")


def _fence(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    words = tokens[index].info.split()
    code = _highlighted(tokens[index].content, words[0].lower() if words else "")
    return f'<div class="highlight"><pre tabindex="0"><code>{code}</code></pre></div>\n'


def _highlighted(code: str, language: str) -> str:
    if language not in LEXERS or len(code) > HIGHLIGHTED_AT_MOST:
        return escapeHtml(code)
    from pygments import highlight

    return str(highlight(code, *_voices(language)))


@cache
def _voices(language: str) -> tuple[Any, Any]:
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language, stripnl=False), HtmlFormatter(nowrap=True)
