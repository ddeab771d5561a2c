"""Help written in Mallard (`.page` files, as GNOME's), page by page to Markdown.

The files are read without any entity or DTD: a page that declares one is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from knowledge.articles.writing import TAKEN_SLUGS, Manuscript
from knowledge.exchange.enclosures import address_of, enclose, is_local
from knowledge.exchange.files import read_bytes, walk
from knowledge.exchange.intake import Enclosure, Incoming, Intake, Made, NewCategory, digest_of, source_of
from knowledge.exchange.report import NotTaken, Problem, Report
from knowledge.exchange.taking import take_all

NAMESPACE = "{http://projectmallard.org/1.0/}"
NOTES = {"tip": "TIP", "important": "IMPORTANT", "warning": "WARNING", "advanced": "NOTE", "bug": "NOTE"}
LARGEST = 1024 * 1024
DEEPEST = 60  # sections in sections, lists in lists: a page has some ten
ROOT = "index"
PLACED = "placed"  # an attribute of ours: where an image will be

Links = Callable[[str], str]
Enclosures = tuple[Enclosure, ...]


@dataclass
class Leaf:
    """One page as it was read, before its links can be resolved."""

    id: str
    file: str
    root: ElementTree.Element
    title: str
    guides: tuple[str, ...] = field(default=())


def import_mallard(path: Path, *, lang: str, now: datetime, collection: str = "", original: str = "en") -> Report:
    """Import the `.page` files of one folder, which are in `lang`. Raises `NotTaken` without a folder."""
    return take_all(read_pages(path, lang=lang, collection=collection, original=original), now=now)


def read_pages(path: Path, *, lang: str, collection: str = "", original: str = "en") -> Intake:
    """What the folder brings. Ids are `collection/lang/page`; `collection` is the folder's name unless one is given.

    Pages in other languages than `original` are linked to the page of the same name there. The guides below the index
    become categories.
    """
    files = [file for file in walk(path, ".page") if file.parent == path]
    source = source_of("mallard", path, collection, lang)
    named = collection or path.resolve().name
    problems: list[Problem] = []
    leaves = {leaf.id: leaf for leaf in _read_all(files, problems)}
    folder = Folder(path, named, lang, original, leaves)
    return Intake(source, (*problems, *folder.items()), takes_over=bool(collection), total=len(files))


@dataclass(frozen=True)
class Folder:
    """The pages of one language, which link to each other."""

    path: Path
    collection: str
    lang: str
    original: str
    leaves: dict[str, Leaf]

    def items(self) -> Iterator[Incoming]:
        for leaf in self.leaves.values():
            top = _top(leaf.id, self.leaves)
            digest = digest_of(ElementTree.tostring(leaf.root), self.leaves[top].title if top else "", leaf.id)
            external_id = f"{self.collection}/{self.lang}/{leaf.id}"
            yield Incoming(external_id, leaf.file, digest, partial(self._made, leaf, external_id, top))

    def _made(self, leaf: Leaf, external_id: str, top: str | None) -> Made:
        category = NewCategory(f"{self.collection}-{top}", {self.lang: self.leaves[top].title}) if top else None
        enclosures, left_out = _place_figures(leaf.root, self.path, external_id)
        manuscript = Manuscript(
            external_id=external_id,
            slug=_slug(leaf.id, self.collection),
            lang=self.lang,
            title=leaf.title,
            summary=_inline(_description(leaf.root), lambda xref: "")[:600],
            body=to_markdown(leaf.root, _linker(self.leaves, self.collection)),
            category=category.slug if category else None,
            translation_of=f"{self.collection}/{self.original}/{leaf.id}" if self.lang != self.original else None,
            updated_at=_revised(leaf.root),
        )
        return Made(manuscript, enclosures, left_out, (category,) if category else ())


def _place_figures(root: ElementTree.Element, folder: Path, external_id: str) -> tuple[Enclosures, tuple[str, ...]]:
    """Note at each image the address it gets; the images, and what can't be had of them."""
    found: dict[str, Enclosure] = {}
    left_out = []
    for node in root.iter(f"{NAMESPACE}media"):
        source, kind = node.get("src", ""), node.get("type", "image")
        node.attrib.pop(PLACED, None)
        try:
            if kind != "image" or not is_local(source):
                raise NotTaken(f"{kind} {source[:80]}")
            enclosure = enclose(folder, folder, source, external_id)
        except NotTaken as error:
            left_out.append(str(error))
            continue
        found[enclosure.token] = enclosure
        node.set(PLACED, address_of(enclosure))
    return tuple(found.values()), tuple(left_out)


def read_page(text: bytes) -> ElementTree.Element:
    """The page's tree. Raises `NotTaken` for what is no Mallard, and for a DTD or entity of any kind."""
    if len(text) > LARGEST:
        raise NotTaken("the file is longer than 1 MB")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise NotTaken("the file declares a DTD or entities, which aren't read")
    try:
        root = ElementTree.fromstring(text.decode())  # in another encoding a DTD would have slipped past
    except UnicodeDecodeError:
        raise NotTaken("the file is not UTF-8") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotTaken(f"not well-formed XML: {error}") from None
    if root.tag != f"{NAMESPACE}page":
        raise NotTaken("this is no Mallard page")
    if _is_deep(root):
        raise NotTaken("its elements are nested too deeply")
    return root


def _is_deep(root: ElementTree.Element) -> bool:
    level = [root]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node]
    return bool(level)


def _read_all(files: Iterable[Path], problems: list[Problem]) -> Iterator[Leaf]:
    for file in files:
        try:
            root = read_page(read_bytes(file, most=LARGEST))
            title = _inline(root.find(f"{NAMESPACE}title"), lambda xref: "")
            if not title:
                raise NotTaken("the page has no title")
            links = root.findall(f"{NAMESPACE}info/{NAMESPACE}link[@type='guide']")
            guides = tuple(link.get("xref", "").partition("#")[0] for link in links)
            yield Leaf(root.get("id") or file.stem, file.name, root, title, guides)
        except NotTaken as error:
            problems.append(Problem(file.name, str(error)))


def _top(page: str, leaves: dict[str, Leaf]) -> str | None:
    """The guide directly below the index that leads to this page, or None."""
    seen: set[str] = set()
    waiting = [page]
    while waiting:
        here = waiting.pop(0)
        if here in seen or here not in leaves or here == ROOT:
            continue
        seen.add(here)
        if ROOT in leaves[here].guides:
            return here
        waiting += leaves[here].guides
    return None


def _slug(page: str, collection: str) -> str:
    """The page's own name, unless the portal needs that itself."""
    return f"{collection}-{page}".lower() if page.lower() in TAKEN_SLUGS else page.lower()


def _linker(leaves: dict[str, Leaf], collection: str) -> Links:
    def address(xref: str) -> str:
        page, _, _anchor = xref.partition("#")
        return f"/kb/{_slug(page, collection)}" if page in leaves else ""

    return address


def _description(root: ElementTree.Element) -> ElementTree.Element | None:
    return root.find(f"{NAMESPACE}info/{NAMESPACE}desc")


def _revised(root: ElementTree.Element) -> datetime | None:
    dates = [found.get("date", "") for found in root.findall(f"{NAMESPACE}info/{NAMESPACE}revision")]
    valid = sorted(date for date in dates if re.fullmatch(r"\d{4}-\d{2}-\d{2}", date))
    try:
        return datetime.strptime(valid[-1], "%Y-%m-%d").replace(hour=12, tzinfo=UTC) if valid else None
    except ValueError:
        return None


def to_markdown(root: ElementTree.Element, links: Links) -> str:
    """The body of a page. `links` gives the address of an `xref`, or nothing for one that leads nowhere."""
    return "\n\n".join(_blocks(root, links, level=1)).strip() + "\n"


def _blocks(parent: ElementTree.Element, links: Links, level: int) -> Iterator[str]:
    for child in parent:
        if not isinstance(child.tag, str) or not child.tag.startswith(NAMESPACE):
            continue
        name = child.tag.removeprefix(NAMESPACE)
        yield from (block for block in _block(name, child, links, level) if block.strip())


def _block(name: str, node: ElementTree.Element, links: Links, level: int) -> Iterator[str]:
    if name in ("info", "title", "links"):
        return
    if name == "section":
        yield f"{'#' * min(level + 1, 6)} {_inline(node.find(f'{NAMESPACE}title'), links)}"
        yield from _blocks(node, links, level + 1)
    elif name == "p":
        yield _line_start(_inline(node, links))
    elif name in ("steps", "list"):
        yield _list(node, links, level, ordered=name == "steps" or node.get("type") == "numbered")
    elif name in ("terms", "tree"):
        yield _terms(node, links, level)
    elif name in ("code", "screen"):
        yield f"```\n{(''.join(node.itertext())).strip()}\n```"
    elif name == "note":
        yield _quoted(f"[!{NOTES.get(node.get('style', ''), 'NOTE')}]", node, links, level)
    elif name == "table":
        yield _table(node, links)
    elif name == "media":
        if address := node.get(PLACED):
            yield f"![{_inline(node, links)}]({address})"
        else:
            yield from _blocks(node, links, level)
    else:  # synopsis, example, comment, quote, listing, figure, if:choose … are containers of blocks
        if title := _inline(node.find(f"{NAMESPACE}title"), links):
            yield f"**{title}**"
        yield from _blocks(node, links, level)


def _list(node: ElementTree.Element, links: Links, level: int, *, ordered: bool) -> str:
    title = _inline(node.find(f"{NAMESPACE}title"), links)
    lines = [f"**{title}**\n"] if title else []
    for number, item in enumerate(node.findall(f"{NAMESPACE}item"), 1):
        mark = f"{number}. " if ordered else "- "
        text = "\n\n".join(_blocks(item, links, level)) or _inline(item, links)
        lines.append(mark + text.replace("\n", "\n" + " " * len(mark)))
    return "\n".join(lines)


def _terms(node: ElementTree.Element, links: Links, level: int) -> str:
    parts = []
    for item in node.findall(f"{NAMESPACE}item"):
        titles = [_inline(title, links) for title in item.findall(f"{NAMESPACE}title")]
        body = "\n\n".join(_blocks(item, links, level))
        term = ", ".join(titles) or _line_start((item.text or "").strip())
        parts.append(f"- **{term}**\n\n{body}".replace("\n", "\n  ") if term else body)
    return "\n".join(parts)


def _quoted(mark: str, node: ElementTree.Element, links: Links, level: int) -> str:
    title = _inline(node.find(f"{NAMESPACE}title"), links)
    body = "\n\n".join(_blocks(node, links, level))
    return "\n".join(f"> {line}".rstrip() for line in f"{mark} {title}\n\n{body}".split("\n"))


def _table(node: ElementTree.Element, links: Links) -> str:
    rows = [
        [re.sub(r"(?<!\\)\|", r"\\|", " ".join(_blocks(cell, links, 1))).replace("\n", " ") for cell in row]
        for row in node.iter(f"{NAMESPACE}tr")
    ]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _inline(node: ElementTree.Element | None, links: Links) -> str:
    """The running text of an element, its spaces collapsed."""
    return re.sub(r"\s+", " ", "".join(_spans(node, links))).strip() if node is not None else ""


def _spans(node: ElementTree.Element, links: Links) -> Iterator[str]:
    yield _escaped(node.text or "")
    for child in node:
        name = child.tag.removeprefix(NAMESPACE) if isinstance(child.tag, str) else ""
        inner = "".join(_spans(child, links)) if name else ""
        if name in ("code", "cmd", "file", "input", "output", "sys", "key"):
            yield _code("".join(child.itertext()))
        elif name in ("gui", "guiseq", "em"):
            yield _wrapped(inner, "*" if name == "em" else "" if node.tag == f"{NAMESPACE}guiseq" else "**")
        elif name == "keyseq":
            yield "+".join(_code("".join(key.itertext())) for key in child)
        elif name == "link":
            yield _link(child, inner, links)
        elif name == "media" and child.get(PLACED):
            yield f"![{inner.strip()}]({child.get(PLACED)})"
        elif name not in ("media", "title"):
            yield inner
        if node.tag == f"{NAMESPACE}guiseq" and child is not node[-1]:
            yield " → "
        else:
            yield _escaped(child.tail or "")


def _link(node: ElementTree.Element, inner: str, links: Links) -> str:
    href = node.get("href", "")
    address = href if href.startswith(("http:", "https:", "mailto:")) else links(node.get("xref", ""))
    text = inner.strip()
    return f"[{text}]({address})" if address and text else f"<{address}>" if address.startswith("http") else text


def _code(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return f"`{text}`" if text and "`" not in text else _escaped(text)


def _wrapped(text: str, mark: str) -> str:
    inner = text.strip()
    if not inner or not mark:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{inner}{mark}{after}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", text)


def _line_start(text: str) -> str:
    """Text that would begin a list or a quotation, kept as text."""
    return re.sub(r"^(\d+)([.)])|^([-+])(?= )", lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", text)
