"""HTML to Markdown: cleaned first, then converted; what Markdown has no word for is named.

BeautifulSoup and markdownify are loaded only by those who import.
"""

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import nh3

from knowledge.exchange.report import NotTaken

LARGEST = 2 * 1024 * 1024
MOST_TAGS = 40_000  # of the file, where each word of highlighted code may have one
MOST_ELEMENTS = 4500  # of what is converted: a text of 64 KB has some thousand, and each costs a tenth of a millisecond
DEEPEST = 100
LOST = ("iframe", "video", "audio", "object", "embed", "applet", "form", "svg", "math", "canvas", "frame")
CALLOUTS = {
    "note": "NOTE",
    "info": "NOTE",
    "tip": "TIP",
    "hint": "TIP",
    "important": "IMPORTANT",
    "warning": "WARNING",
    "attention": "WARNING",
    "caution": "CAUTION",
    "danger": "DANGER",
}
# What stands around the text of a page, by class, id or role: of DocBook, Sphinx, Javadoc, blogs and help centres.
FURNITURE = frozenset(
    {"navheader", "navfooter", "related", "sphinxsidebar", "sphinxsidebarwrapper", "navigation", "sidebar", "toc"}
    | {"breadcrumbs", "breadcrumb", "footer", "header-nav", "skip-link", "headerlink", "header-anchor", "search"}
    | {"contentinfo", "banner", "clearer", "toctree-wrapper", "list-of-examples", "list-of-figures", "list-of-tables"}
)
TEXT_OF_PAGE = ("main", "[role=main]", "#main-content", "#content", ".document .body", "article", "body")
_OPENING = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)")
_NESTING = re.compile(
    r"<(/?)(div|span|ul|ol|dl|table|blockquote|section|article|b|i|u|s|em|strong|font|code|pre|big|small|center|sub|sup)\b",
    re.IGNORECASE,
)
_HALF = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"\s*[0-9]{1,6}\s*")
_CLEANED = frozenset(
    re.findall(
        r"\w+",
        "a abbr b blockquote br caption code col colgroup dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr "
        "i img kbd li main article section ol p pre q s samp strong strike sub sup table tbody td tfoot th thead tr tt "
        "ul u var cite dfn mark ins details summary aside address center",
    )
)


@dataclass(frozen=True)
class Converted:
    """A page as Markdown, its own title and language, and what was left out."""

    title: str
    lang: str
    body: str
    left_out: tuple[str, ...]


def title_of(text: str) -> str:
    """The text of the first `<title>`, its spaces collapsed."""
    start = re.search(r"<title[^>]{0,200}>", text[:200_000], re.IGNORECASE)
    if not start:
        return ""
    end = text.find("</", start.end(), start.end() + 2000)
    return _plain(text[start.end() : end]) if end > 0 else ""


def lang_of(text: str) -> str:
    found = re.search(r"<html[^>]{0,400}?\slang\s*=\s*[\"']?([A-Za-z0-9-]{2,20})", text[:20_000], re.IGNORECASE)
    return found[1] if found else ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^<>]*>", "", text))).strip()


def convert(
    text: str, *, link: Callable[[str], str] = str, image: Callable[[str], str] = str, is_page: bool = True
) -> Converted:
    """Convert a page, or with `is_page=False` a fragment of one.

    `link` and `image` give the address that stands for another, or "" to leave the link (the image) out. Raises
    `NotTaken` for what is nested or grown beyond what anybody writes.
    """
    _measure(text)
    lost = Counter(name for name in map(str.lower, _OPENING.findall(text)) if name in LOST)
    left_out = [f"{name} ({count})" if count > 1 else name for name, count in sorted(lost.items())]
    from bs4 import BeautifulSoup

    cleaned = _clean(text)
    if sum(1 for _ in _OPENING.finditer(cleaned)) > MOST_ELEMENTS:
        raise NotTaken(f"it has more than {MOST_ELEMENTS} elements")
    soup = BeautifulSoup(cleaned, "html.parser")
    _forget_odd_numbers(soup)
    merged = sum(1 for cell in soup.find_all(["td", "th"]) if _spans(cell))
    if merged:
        left_out.append(f"merged table cells ({merged})" if merged > 1 else "merged table cells")
    root = next((found for name in TEXT_OF_PAGE if (found := soup.select_one(name))), soup) if is_page else soup
    if is_page:
        for node in root.find_all(_is_furniture):
            node.decompose()
    heading = root.find("h1")
    title = title_of(text) if is_page else ""
    shown = _plain(heading.get_text(" ")) if heading else ""
    if is_page and heading and (not title or shown in title or title in shown):
        title = title if title.startswith(shown) and not shown else shown or title
        heading.decompose()
    try:
        body = _converter()(link=link, image=image).convert_soup(root)
    except RecursionError:
        raise NotTaken("its elements are nested too deeply") from None
    return Converted(title, lang_of(text), _tidy(body), tuple(left_out))


def _measure(text: str) -> None:
    if "\0" in text:
        raise NotTaken("there is a NUL character in it, which can't be kept")
    if _HALF.search(text):
        raise NotTaken("there is half a character in it")
    if sum(1 for _ in _OPENING.finditer(text)) > MOST_TAGS:
        raise NotTaken(f"it has more than {MOST_TAGS} elements")
    depth = 0
    for match in _NESTING.finditer(text):
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > DEEPEST:
            raise NotTaken("its elements are nested too deeply")


def _clean(text: str) -> str:
    return nh3.clean(
        text,
        tags=set(_CLEANED),
        clean_content_tags={"script", "style", "title", "nav", "noscript", "template", "button", "select", "textarea"},
        attributes={
            "*": {"class", "id", "role"},
            "a": {"href"},
            "img": {"src", "alt"},
            "td": {"colspan", "rowspan"},
            "th": {"colspan", "rowspan"},
            "ol": {"start"},
            "code": {"data-lang"},
            "pre": {"data-lang", "lang"},
        },
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )


def _forget_odd_numbers(soup: Any) -> None:
    """Numbers that would be none (²), or have more digits than anybody counts to."""
    for name, tags in (("colspan", ["td", "th"]), ("rowspan", ["td", "th"]), ("start", ["ol"])):
        for node in soup.find_all(tags, attrs={name: True}):
            if not _NUMBER.fullmatch(str(node[name])):
                del node[name]


def _spans(cell: Any) -> bool:
    return any(str(cell.get(name, "1")).strip() not in ("", "0", "1") for name in ("colspan", "rowspan"))


def _is_furniture(node: Any) -> bool:
    names = [*node.get("class", ()), node.get("id"), node.get("role")]
    return any(name in FURNITURE for name in names if name)


def _tidy(body: str) -> str:
    lines = (line.rstrip() if not line.endswith("  ") else line.rstrip() + "  " for line in body.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


@cache
def _converter() -> Any:
    """Our dialect of markdownify, made when something is imported."""
    from markdownify import ATX, MarkdownConverter

    class Converter(MarkdownConverter):
        """Callouts, languages of code, definition lists; links and images go where they are told to."""

        def __init__(self, link: Callable[[str], str], image: Callable[[str], str]) -> None:
            super().__init__(
                heading_style=ATX,
                bullets="-",
                escape_misc=True,
                strip_document=None,
                sub_symbol="",
                sup_symbol="",
                code_language_callback=_code_language,
                table_infer_header=True,
            )
            self.link, self.image = link, image

        def convert_a(self, el: Any, text: str, parent_tags: set[str]) -> str:
            href = str(el.get("href") or "").strip()
            words = re.sub(r"\s+", " ", text).strip()
            if not words or not href:
                return text
            address = self.link(href) if not href.startswith("#") else ""
            if not address or "_noformat" in parent_tags:
                return text
            before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
            return f"{before}[{words}]({_address(address)}){after}"

        def convert_img(self, el: Any, text: str, parent_tags: set[str]) -> str:
            alt = re.sub(r"([\[\]\\])", r"\\\1", re.sub(r"\s+", " ", str(el.get("alt") or "")).strip())
            source = str(el.get("src") or "").strip()
            if "_inline" in parent_tags and el.find_parent(re.compile("^h[1-6]$")):
                return alt
            address = self.image(source) if source else ""
            return f"![{alt}]({_address(address)})" if address else alt

        def convert_div(self, el: Any, text: str, parent_tags: set[str]) -> str:
            kind = next((CALLOUTS[name] for name in map(str.lower, el.get("class", ())) if name in CALLOUTS), "")
            if not kind or "_inline" in parent_tags or not text.strip():
                return text if "_inline" in parent_tags else f"\n\n{text.strip()}\n\n" if text.strip() else ""
            lines = f"[!{kind}]\n\n{text.strip()}".split("\n")
            return "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"

        convert_aside = convert_div

        def convert_td(self, el: Any, text: str, parent_tags: set[str]) -> str:
            return f" {_cell(text)} |"

        convert_th = convert_td

        def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:
            code = el.get_text().strip("\n")
            if not code.strip():
                return ""
            longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
            fence = "`" * max(3, longest + 1)
            return f"\n\n{fence}{_code_language(el)}\n{code}\n{fence}\n\n"

        def convert_summary(self, el: Any, text: str, parent_tags: set[str]) -> str:
            return f"\n\n**{text.strip()}**\n\n" if text.strip() else ""

        def convert_dt(self, el: Any, text: str, parent_tags: set[str]) -> str:
            words = re.sub(r"\s+", " ", text).strip()
            return f"\n\n{words if '**' in words else f'**{words}**'}\n\n" if words else ""

        def convert_dd(self, el: Any, text: str, parent_tags: set[str]) -> str:
            return f"\n\n{text.strip()}\n\n" if text.strip() else ""

    return Converter


def _cell(text: str) -> str:
    """On one line, its bars escaped: those in code, too."""
    line = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"(?<!\\)\|", r"\|", line)


def _address(address: str) -> str:
    """Fit for the parentheses of a link."""
    return re.sub(r"[\s<>()\\]", lambda match: f"%{ord(match[0]):02X}", address)


def _code_language(el: Any) -> str:
    """From the classes that highlighters write: language-x, lang-x, highlight-x, brush: x."""
    inner = el.find("code")
    for node in filter(None, (el, inner, el.parent, el.parent.parent if el.parent else None)):
        if named := node.get("data-lang") or node.get("lang"):
            return re.sub(r"[^a-z0-9+#-]", "", str(named).lower())[:20]
        for name in node.get("class", ()) or ():
            if found := re.fullmatch(r"(?:language|lang|highlight|sourceCode)-([A-Za-z0-9+#]{1,20})", name):
                return "" if found[1] in ("default", "none", "text", "source") else found[1].lower()
    return ""
