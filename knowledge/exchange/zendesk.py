"""A Zendesk Help Center, as its API answers: one JSON file, or a folder of the pages as they were fetched.

Who may read what is never guessed in the reader's favour: an article is public only where it says so itself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from knowledge.articles.writing import Manuscript
from knowledge.exchange.addresses import choose, slug_of
from knowledge.exchange.enclosures import address_of, enclose
from knowledge.exchange.files import decoded, read_bytes, walk
from knowledge.exchange.html_text import convert
from knowledge.exchange.intake import Enclosure, Incoming, Intake, Made, NewCategory, digest_of, source_of
from knowledge.exchange.report import NotTaken, Problem
from portal.audience import PUBLIC, SIGNED_IN, STAFF

LARGEST = 256 * 1024 * 1024
FOLDERS = {"attachments", "article_attachments"}
MOST_PLACES = 10_000  # in the order of a shelf
KEYS = ("articles", "sections", "categories", "translations", "article_attachments", "user_segments")
SINGLE = {"article": "articles", "section": "sections", "category": "categories", "translation": "translations"}
_ARTICLE = re.compile(r"/hc/(?:[a-z-]+/)?articles/(\d+)", re.IGNORECASE)
_ATTACHMENT = re.compile(r"article_attachments/(?:token/)?([A-Za-z0-9]+)(?:/([^/?#]+))?")

Thing = dict[str, Any]


@dataclass
class HelpCenter:
    """Everything of the export, by kind and id."""

    root: Path
    collection: str
    articles: dict[str, Thing] = field(default_factory=dict)
    sections: dict[str, Thing] = field(default_factory=dict)
    categories: dict[str, Thing] = field(default_factory=dict)
    user_segments: dict[str, Thing] = field(default_factory=dict)
    translations: dict[str, dict[str, Thing]] = field(default_factory=dict)  # of articles, by language
    names: dict[str, dict[str, Thing]] = field(default_factory=dict)  # translations of "Section 1", "Category 1"
    attachments: dict[str, list[Thing]] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_help_center(path: Path, *, collection: str = "") -> Intake:
    """What the export brings: ids are `collection/number/language`. Translations may lie in the articles or beside."""
    if path.is_dir():
        root, files = path, walk(path, ".json")
    elif path.is_file():
        root, files = path.parent, [path]
    else:
        raise NotTaken(f"there is no {path}")
    named = collection or (path.resolve().name if path.is_dir() else path.stem)
    center = HelpCenter(root.resolve(), named)
    for file in files:
        _load(center, file)
    if not center.articles:
        raise NotTaken(f"there is no article in {path}: {'; '.join(map(str, center.problems[:3])) or 'no JSON files'}")
    originals = {_external(center, id, _source(article)): id for id, article in center.articles.items()}
    titles = {name: str(center.articles[id].get("title") or "") for name, id in originals.items()}
    center.slugs = {originals[name]: slug for name, slug in choose(titles).items()}
    total = sum(len(_versions(center, id)) for id in center.articles)
    source = source_of("zendesk", path, collection)
    return Intake(source, (*center.problems, *_items(center)), takes_over=bool(collection), total=total)


def _load(center: HelpCenter, file: Path) -> None:
    name = str(file.relative_to(center.root)) if file.is_relative_to(center.root) else file.name
    try:
        page = json.loads(decoded(read_bytes(file, most=LARGEST))[0])
    except NotTaken as error:
        center.problems.append(Problem(name, str(error)))
        return
    except (ValueError, RecursionError) as error:
        center.problems.append(Problem(name, f"no JSON: {str(error)[:100]}"))
        return
    found = [(kind, thing) for kind in KEYS for thing in _list(page, kind)]
    if isinstance(page, dict):
        found += [(kind, page[key]) for key, kind in SINGLE.items() if isinstance(page.get(key), dict)]
    if not found:
        center.problems.append(Problem(name, f"none of {', '.join(KEYS)} is in it"))
    for kind, thing in found:
        if isinstance(thing, dict) and isinstance(thing.get("id"), int | str) and str(thing["id"]).isprintable():
            _file_away(center, kind, thing)
        else:
            center.problems.append(Problem(name, f"one of its {kind} has no id"))


def _list(thing: Any, key: str) -> list[Any]:
    """What is expected to be a list; something else counts for nothing."""
    value = thing.get(key) if isinstance(thing, dict) else None
    return value if isinstance(value, list) else []


def _file_away(center: HelpCenter, kind: str, thing: Thing) -> None:
    id = str(thing["id"])
    if kind == "translations":
        owner, locale = str(thing.get("source_id")), _locale(thing.get("locale"))
        if str(thing.get("source_type", "Article")) == "Article":
            center.translations.setdefault(owner, {})[locale] = thing
        else:
            center.names.setdefault(f"{thing['source_type']} {owner}", {})[locale] = thing
    elif kind == "article_attachments":
        center.attachments.setdefault(str(thing.get("article_id")), []).append(thing)
    elif kind == "articles":
        source = _source(thing)
        if _locale(thing.get("locale")) != source:  # an article as it is listed in another language
            center.translations.setdefault(id, {})[_locale(thing.get("locale"))] = thing
            center.articles.setdefault(id, thing)
        else:
            center.articles[id] = thing
        for inner in _list(thing, "translations"):
            if isinstance(inner, dict) and inner.get("locale"):
                center.translations.setdefault(id, {})[_locale(inner["locale"])] = inner
    else:
        getattr(center, kind)[id] = thing


def _versions(center: HelpCenter, id: str) -> dict[str, Thing]:
    """An article's texts by language, the original first."""
    article = center.articles[id]
    source = _source(article)
    texts = dict(center.translations.get(id, {}))
    original = texts.pop(source, article) if _locale(article.get("locale")) != source else article
    texts.pop(source, None)
    return {source: original} | dict(sorted(texts.items()))


def _items(center: HelpCenter) -> Iterator[Incoming]:
    for id in sorted(center.articles, key=lambda id: (len(id), id)):
        article = center.articles[id]
        versions = _versions(center, id)
        source = next(iter(versions))
        for locale, text in versions.items():
            name = f"article {id} ({locale or 'no language'})"
            made_of = json.dumps([article, text, center.attachments.get(id)], sort_keys=True, ensure_ascii=True)
            more = json.dumps([_shelves(center, article), _visibility(center, article)], default=str, sort_keys=True)
            digest = digest_of(made_of, more, center.slugs.get(id, ""))
            make = partial(_made, center, article, text, locale, source)
            yield Incoming(_external(center, id, locale), name, digest, make)


def _made(center: HelpCenter, article: Thing, text: Thing, locale: str, source: str) -> Made:
    id = str(article["id"])
    external_id = _external(center, id, locale)
    found: dict[str, Enclosure] = {}
    visibility, doubt = _visibility(center, article)
    left_out = [doubt] if doubt else []

    def file_of(address: str) -> str:
        """The address of an attachment that lies in the export; "" for others."""
        enclosure = _attachment(center, id, address, external_id)
        if enclosure is None:
            return ""
        found[enclosure.token] = enclosure
        return address_of(enclosure)

    def image(address: str) -> str:
        if not (here := file_of(address)):
            left_out.append(f"image that is not in the export: {address[:100]}")
        return here

    link = partial(_link, center, file_of, left_out)
    page = convert(str(text.get("body") or ""), link=link, image=image, is_page=False)
    for attachment in center.attachments.get(id, ()):
        if not attachment.get("inline") and not file_of(str(attachment.get("content_url") or attachment["id"])):
            left_out.append(f"attachment that is not in the export: {str(attachment.get('file_name'))[:100]}")
    listed = {str(a.get("file_name")) for a in center.attachments.get(id, ()) if not a.get("inline")}
    categories = _shelves(center, article)
    is_draft = bool(text.get("draft", article.get("draft"))) or bool(article.get("draft")) or bool(text.get("hidden"))
    manuscript = Manuscript(
        external_id=external_id,
        slug=center.slugs[id],
        lang=locale,
        title=str(text.get("title") or text.get("name") or "").strip()[:300],
        body=page.body,
        category=categories[-1].slug if categories else None,
        tags=tuple(str(label) for label in _list(article, "label_names") if label)[:50],
        visibility=visibility,
        translation_of=_external(center, id, source) if locale != source else None,
        status="draft" if is_draft else "published",
        updated_at=_moment(text.get("edited_at") or text.get("updated_at") or article.get("updated_at")),
    )
    position = article.get("position")
    has_place = isinstance(position, int) and not isinstance(position, bool) and 0 <= position < MOST_PLACES
    return Made(
        manuscript,
        tuple(_listed(enclosure, listed) for enclosure in found.values()),
        (*page.left_out, *dict.fromkeys(left_out)),
        categories,
        position=position if has_place else None,
    )


def _listed(enclosure: Enclosure, names: set[str]) -> Enclosure:
    if enclosure.filename not in names:
        return enclosure
    return Enclosure(**{**vars(enclosure), "is_listed": True})


def _visibility(center: HelpCenter, article: Thing) -> tuple[str, str]:
    """The audience, and why it is narrower than the article's readers may have been."""
    several = article.get("user_segment_ids")
    segments = several if isinstance(several, list) else [several] if several else []
    segments = segments or [article.get("user_segment_id", article)]
    if segments == [None]:
        return PUBLIC, ""
    if segments == [article]:
        return STAFF, "its readers are not told: for staff only"
    found = [center.user_segments.get(str(segment)) for segment in segments]
    if all(segment and _is_signed_in(segment) for segment in found):
        return SIGNED_IN, ""
    names = ", ".join(str((segment or {}).get("name") or "unknown") for segment in found)[:100]
    return STAFF, f"it was for the user segment “{names}”: for staff only"


def _is_signed_in(segment: Thing) -> bool:
    """True for a segment of everybody who is signed in, with no condition beside."""
    limits = ("group_ids", "organization_ids", "tags", "or_tags", "added_user_ids")
    return segment.get("user_type") == "signed_in_users" and not any(segment.get(limit) for limit in limits)


def _shelves(center: HelpCenter, article: Thing) -> tuple[NewCategory, ...]:
    """The category and the sections above an article, the outermost first."""
    shelves: list[NewCategory] = []
    section, seen = center.sections.get(str(article.get("section_id"))), set[Any]()
    while section and section["id"] not in seen and len(seen) < 10:
        seen.add(section["id"])
        above = center.sections.get(str(section.get("parent_section_id")))
        category = center.categories.get(str(section.get("category_id")))
        parent = _slug(center, "Section", above) if above else _slug(center, "Category", category) if category else None
        shelves.insert(0, _shelf(center, "Section", section, parent))
        if above is None and category:
            shelves.insert(0, _shelf(center, "Category", category, None))
        section = above
    return tuple(shelves)


def _shelf(center: HelpCenter, kind: str, thing: Thing, parent: str | None) -> NewCategory:
    names = {_source(thing): thing, **center.names.get(f"{kind} {thing['id']}", {})}
    titles = {lang: str(n.get("name") or n.get("title") or "")[:200] for lang, n in names.items() if lang}
    texts = {lang: str(n.get("description") or n.get("body") or "")[:1000] for lang, n in names.items() if lang}
    position = thing.get("position")
    return NewCategory(
        _slug(center, kind, thing),
        {lang: title for lang, title in titles.items() if title} or {"en": kind},
        {lang: re.sub(r"<[^<>]*>", "", text) for lang, text in texts.items() if text},
        position=500 + position if isinstance(position, int) and 0 <= position < MOST_PLACES else 500,
        parent=parent,
    )


def _slug(center: HelpCenter, kind: str, thing: Thing) -> str:
    return f"{slug_of(center.collection)[:30]}-{kind.lower()}-{slug_of(str(thing['id']))[:20]}"


def _link(center: HelpCenter, file_of: Any, left_out: list[str], href: str) -> str:
    if match := _ARTICLE.search(href):
        if slug := center.slugs.get(match[1]):
            return f"/kb/{slug}"
        left_out.append(f"link to {href[:100]}")
    elif _ATTACHMENT.search(href) and (here := file_of(href)):
        return str(here)
    return href if href.startswith(("http://", "https://", "mailto:")) else ""


def _attachment(center: HelpCenter, article: str, address: str, external_id: str) -> Enclosure | None:
    """The file of an attachment, when it lies in the export: at the path its address names, or under its id or name."""
    match = _ATTACHMENT.search(address)
    key = match[1] if match else address
    about: Mapping[str, Any] = next(
        (a for a in center.attachments.get(article, ()) if str(a["id"]) == key or a.get("content_url") == address), {}
    )
    name = str(about.get("file_name") or (match[2] if match else "") or "")
    places = [urlsplit(address).path.lstrip("/")] if address.count("/") and len(address) < 500 else []
    if name:
        places += [f"article_attachments/{key}/{name}", f"attachments/{key}/{name}", f"attachments/{name}"]
    for place in places:
        try:
            found = enclose(center.root, center.root, place, external_id)
        except (NotTaken, ValueError):
            continue
        if FOLDERS & set(found.path.relative_to(center.root).parts[:-1]):  # not what lies beside the export by chance
            return found
    return None


def _external(center: HelpCenter, id: str, locale: str) -> str:
    return f"{center.collection}/{id}/{locale}"[:200]


def _source(thing: Thing) -> str:
    """The language a thing was first written in."""
    return _locale(thing.get("source_locale") or thing.get("locale"))


def _locale(value: Any) -> str:
    """`en-us` is `en`, as readers ask for it; `zh-cn` and `pt-br` keep their countries."""
    base, _, rest = str(value or "").replace("_", "-").lower().partition("-")
    if not rest or (base == "en" and rest == "us"):
        return base
    return f"{base}-{rest.upper() if len(rest) == 2 else rest}"


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
