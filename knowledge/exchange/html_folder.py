"""A folder of HTML files: each a page of its own, their links to each other kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from knowledge.articles.writing import Manuscript
from knowledge.exchange.addresses import choose, slug_of
from knowledge.exchange.enclosures import address_of, enclose, is_local
from knowledge.exchange.files import decoded, linked_out, read_bytes, walk
from knowledge.exchange.html_text import LARGEST, Converted, convert, lang_of
from knowledge.exchange.intake import Enclosure, Incoming, Intake, Made, NewCategory, digest_of, source_of
from knowledge.exchange.report import NotTaken, Problem

ENDINGS = (".html", ".htm", ".xhtml")


def read_html(path: Path, *, lang: str | None = None, collection: str = "", original: str = "en") -> Intake:
    """What the folder brings. Ids are `collection/lang/path`, addresses are made of the paths.

    `lang` is the language of all files; without it each file's own counts. Pages in other languages than `original`
    are linked to the page of the same path there. A folder in the folder becomes a category.
    """
    files = walk(path, *ENDINGS)
    found = [path.resolve() / file.relative_to(path) for file in files]
    folder = HtmlFolder(path.resolve(), collection or path.resolve().name, lang or "", original, found)
    out = [Problem(str(file.relative_to(path)), "is a link out of the folder") for file in linked_out(path, *ENDINGS)]
    return Intake(
        source_of("html", path, collection, lang or ""),
        folder.items(),
        problems=tuple(out),
        takes_over=bool(collection),
        total=len(files),
    )


@dataclass
class HtmlFolder:
    """The files of one import, which link to each other."""

    root: Path
    collection: str
    lang: str
    original: str
    files: list[Path]
    slugs: dict[str, str] = field(default_factory=dict)

    def items(self) -> Iterator[Incoming | Problem]:
        names = [self._name(file) for file in self.files]
        titles = {f"{self.collection}/{self.original}/{name}": self._title(name) for name in names}
        known = choose(titles, self._original_of)
        self.slugs = {name: known[f"{self.collection}/{self.original}/{name}"] for name in names}
        for file in self.files:
            name = str(file.relative_to(self.root))
            try:
                content = read_bytes(file, most=LARGEST)
                text, encoding = decoded(content, declares=True)
                lang = _code(self.lang or lang_of(text))
                if not lang:
                    raise NotTaken("the page doesn't say its language: give --lang")
            except NotTaken as error:
                yield Problem(name, str(error))
                continue
            external_id = f"{self.collection}/{lang}/{self._name(file)}"[:200]
            yield Incoming(
                external_id,
                name,
                digest_of(content, lang, self.slugs[self._name(file)]),
                partial(self._made, file, text, encoding, lang, external_id),
            )

    def _name(self, file: Path) -> str:
        """The path below the folder without its ending; another file of that name keeps its own."""
        return file.relative_to(self.root).with_suffix("").as_posix()

    def _original_of(self, external_id: str) -> str:
        """The id of the page of the same path in the original's language."""
        rest = external_id.removeprefix(f"{self.collection}/")
        if rest == external_id:
            return external_id
        return f"{self.collection}/{self.original}/{rest.partition('/')[2]}"

    def _title(self, name: str) -> str:
        path = PurePosixPath(name)
        parts = path.parts[:-1] if path.name == "index" and len(path.parts) > 1 else path.parts
        return slug_of(" ".join((self.collection, *parts)))

    def _made(self, file: Path, text: str, encoding: str, lang: str, external_id: str) -> Made:
        name = self._name(file)
        found: dict[str, Enclosure] = {}
        left_out = [f"it was {encoding}, not UTF-8"] if encoding else []

        def image(source: str) -> str:
            if not is_local(source):
                left_out.append(f"image from elsewhere: {source[:100]}")
                return ""
            try:
                enclosure = enclose(self.root, file.parent, source, external_id)
            except NotTaken as error:
                left_out.append(f"image: {error}")
                return ""
            found[enclosure.token] = enclosure
            return address_of(enclosure)

        page: Converted = convert(text, link=partial(self._link, file, left_out), image=image)
        if not page.body:
            raise NotTaken("there is no text in it")
        category = self._category(name, lang)
        manuscript = Manuscript(
            external_id=external_id,
            slug=self.slugs[name],
            lang=lang,
            title=(page.title or PurePosixPath(name).name)[:300],
            body=page.body,
            category=category.slug if category else None,
            translation_of=f"{self.collection}/{self.original}/{name}" if lang != self.original else None,
            updated_at=_modified(text),
        )
        categories = (category,) if category else ()
        return Made(manuscript, tuple(found.values()), (*page.left_out, *dict.fromkeys(left_out)), categories)

    def _category(self, name: str, lang: str) -> NewCategory | None:
        parts = PurePosixPath(name).parts[:-1]
        if not parts:
            return None
        title = re.sub(r"[-_]+", " ", parts[0]).strip().capitalize() or parts[0]
        return NewCategory(slug_of(f"{self.collection} {parts[0]}")[:80], {lang: title})

    def _link(self, file: Path, left_out: list[str], href: str) -> str:
        """Addresses elsewhere stay, those of pages here become theirs, others lead nowhere."""
        try:
            parts = urlsplit(href)
        except ValueError:
            return ""
        if parts.scheme in ("http", "https", "mailto"):
            return href
        if parts.scheme or parts.netloc or not parts.path:
            return ""
        local = unquote(parts.path)
        beside = self.root / local.lstrip("/") if local.startswith("/") else file.parent / local
        try:
            path = beside.resolve() if "\0" not in local else self.root
        except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a ring
            return ""
        if path.is_relative_to(self.root):
            name = path.relative_to(self.root).with_suffix("").as_posix()
            slug = self.slugs.get(name) or self.slugs.get(f"{name}/index".removeprefix("./"))
            if slug:
                return f"/kb/{slug}"
        left_out.append(f"link to {href[:100]}")
        return ""


def _code(lang: str) -> str:
    """`zh_CN` and `ZH-cn` are `zh-CN`; `sr@latin` is `sr-Latn`."""
    base, _, rest = lang.replace("_", "-").replace("@latin", "-Latn").partition("-")
    return f"{base.lower()}-{rest.upper() if len(rest) == 2 else rest}" if rest else base.lower()


def _modified(text: str) -> datetime | None:
    """What the page says of its last change, as `<meta name="dcterms.modified" content="2026-10-12T…">`."""
    found = re.search(
        r"<meta\s[^<>]{0,200}?(?:dcterms\.modified|article:modified_time|last-modified)[^<>]{0,80}?"
        r"content=[\"'](\d{4}-\d\d-\d\dT[0-9:.]{5,15}(?:Z|[+-]\d\d:\d\d))",
        text[:20_000],
        re.IGNORECASE,
    )
    try:
        return datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
