"""Writing what an import brings: in portions, each a short transaction of its own, so that people go on writing.

What was committed stays when an import is broken off; the next one passes over it by its digest.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import delete, insert, select, update

from knowledge.articles.article import Article, Category
from knowledge.articles.rendering import TooLong
from knowledge.articles.revision import OldAddress
from knowledge.articles.writing import Manuscript, publish_all, shelve
from knowledge.edition import Edition
from knowledge.exchange import addresses, enclosures
from knowledge.exchange.intake import Incoming, Intake, Made, NewCategory
from knowledge.exchange.origin import Origin
from knowledge.exchange.report import ARCHIVED, Loss, NotTaken, Problem, Report
from knowledge.exchange.stored import Stored, is_alike, stored
from knowledge.search.changes import note_changes
from portal.db import db

BATCH = 500
PORTION = 300_000  # characters of text in one transaction: about a second of rendering
FIRST_YEAR, LAST_YEAR = 1970, 2100  # as of all moments here
SHELF = re.compile(r"[^\0/]{1,80}")

Portion = list[tuple[Incoming, Made]]


def take_all(intake: Intake, *, now: datetime) -> Report:
    """The whole import in the caller's transaction."""
    taking = Taking(intake, now=now)
    taking.shelve()
    for portion in taking.portions():
        taking.store(portion)
    taking.link()
    return taking.report


@dataclass
class Taking:
    """One import under way. `portions` only reads; `store` and `prune` write and are called in a transaction."""

    intake: Intake
    now: datetime = field(kw_only=True)
    is_rehearsal: bool = False  # nothing is committed, so nothing may be taken as done
    report: Report = field(default_factory=Report)
    seen: dict[str, str] = field(default_factory=dict)
    unread: int = 0
    _shelved: set[str] = field(default_factory=set)
    _waiting: list[Incoming] = field(default_factory=list)  # translations whose original was not there yet
    _originals: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.report.problems += self.intake.problems

    def shelve(self) -> None:
        """Make the categories that come with the import as a whole."""
        for category in self.intake.categories:
            _shelve(category)

    def portions(self) -> Iterator[Portion]:
        """What is new or changed, converted and ready to be stored."""
        items = iter(self.intake.items)
        while batch := list(islice(items, BATCH)):
            portion: Portion = []
            size = 0
            for incoming, made in self._named(self._converted(self._fresh(batch))):
                portion.append((incoming, made))
                size += len(made.manuscript.body)
                if size > PORTION:
                    yield portion
                    portion, size = [], 0
            if portion:
                yield portion

    def _fresh(self, batch: Iterable[Incoming | Problem]) -> list[Incoming]:
        """Those that are not as they were at the last import, each id once."""
        found: list[Incoming] = []
        for item in batch:
            if isinstance(item, Problem):
                self.report.problems.append(item)
                self.unread += 1
            elif item.external_id in self.seen:
                reason = f"has the same id as {self.seen[item.external_id]}: {item.external_id}"
                self.report.problems.append(Problem(item.file, reason))
            else:
                self.seen[item.external_id] = item.file
                found.append(item)
        found = [item for item in found if not self._is_odd(item, item.external_id)]
        asked = (
            select(Article.external_id, Origin.digest)
            .join(Origin, Origin.article_id == Article.id)
            .where(Origin.source == self.intake.source, Article.external_id.in_([i.external_id for i in found]))
        )
        before = {row.external_id: row.digest for row in db.session.execute(asked)}
        fresh = [item for item in found if before.get(item.external_id) != item.digest]
        self.report.unchanged += len(found) - len(fresh)
        return fresh

    def _converted(self, batch: Iterable[Incoming]) -> Iterator[tuple[Incoming, Made]]:
        for incoming in batch:
            try:
                made = incoming.make()
            except (NotTaken, TooLong) as error:
                self._refuse(incoming, str(error))
                continue
            except RecursionError:
                self._refuse(incoming, "it is nested too deeply")
                continue
            m = made.manuscript
            if self._is_odd(incoming, m.slug, m.lang, m.translation_of or "", m.category or "", m.product or ""):
                continue
            if reason := _unfit(made):
                self._refuse(incoming, reason)
                continue
            self.report.losses += [Loss(incoming.file, what) for what in made.left_out]
            yield incoming, made

    def _named(self, pairs: Iterable[tuple[Incoming, Made]]) -> Iterator[tuple[Incoming, Made]]:
        """Those without an address get one; translations share that of their original."""
        some = list(pairs)
        nameless = [made.manuscript for _, made in some if not made.manuscript.slug]
        titles = {m.external_id: m.title for m in nameless if not m.translation_of}
        titles |= {m.translation_of: m.title for m in nameless if m.translation_of and m.translation_of not in titles}
        slugs = addresses.choose(titles) if titles else {}
        for incoming, made in some:
            m = made.manuscript
            slug = m.slug or slugs[m.translation_of or m.external_id]
            yield incoming, replace(made, manuscript=replace(m, slug=slug))

    def store(self, portion: Portion) -> None:
        """Write these. What can't be taken is reported and leaves the others alone."""
        for category in (category for _, made in portion for category in made.categories):
            self._shelve_once(category)
        before = {s.manuscript.external_id: s for s in stored(Article.external_id.in_(_names(portion)))}
        portion = list(self._owned(portion, before))
        originals = self._ids({m.translation_of for m in _manuscripts(portion) if m.translation_of} | _names(portion))
        changed = [pair for pair in portion if not _is_kept(pair[1], before, originals)]
        self.report.unchanged += len(portion) - len(changed)
        refused = self._publish(changed)
        self._note([pair for pair in portion if pair[0].external_id not in refused], before)

    def _owned(self, portion: Portion, before: dict[str, Stored]) -> Iterator[tuple[Incoming, Made]]:
        """Without those whose id is that of an article from somewhere else."""
        asked = select(Origin.article_id, Origin.source).where(Origin.article_id.in_([s.id for s in before.values()]))
        sources = {row.article_id: row.source for row in db.session.execute(asked)}
        for incoming, made in portion:
            kept = before.get(incoming.external_id)
            source = sources.get(kept.id, "an article written here") if kept else self.intake.source
            if self.intake.takes_over or source == self.intake.source:
                yield incoming, made
            else:
                reason = f"the id {incoming.external_id} belongs to {source}: name this import with --collection"
                self._refuse(incoming, reason)

    def _publish(self, changed: Portion) -> set[str]:
        """Write these for the readers; returns the ids of those that were refused."""
        incomings = {incoming.external_id: incoming for incoming, _ in changed}
        refused = set()
        for outcome in publish_all(_manuscripts(changed), now=self.now):
            name = outcome.manuscript.external_id
            if outcome.state == "refused":
                refused.add(name)
                self._refuse(incomings[name], outcome.reason)
            else:
                self.report.count(outcome.state)
        return refused

    def _note(self, portion: Portion, before: dict[str, Stored]) -> None:
        """What hangs on the articles: their files, their originals, and where they came from."""
        ids = self._ids({m.translation_of for m in _manuscripts(portion) if m.translation_of} | _names(portion))
        rows, mended = [], []
        for incoming, made in portion:
            article_id, m = ids[incoming.external_id], made.manuscript
            self.report.losses += [
                Loss(incoming.file, text) for text in enclosures.keep(made, article_id, now=self.now)
            ]
            if _set_beside(article_id, made, before.get(m.external_id), ids):
                mended.append(article_id)
            digest = incoming.digest
            if m.translation_of and m.translation_of not in ids:  # it may come yet: see `link`
                digest = ""
                self._waiting.append(incoming)
                self._originals[incoming.external_id] = m.translation_of
            rows.append({"article_id": article_id, "source": self.intake.source, "digest": digest})
        if mended:
            Edition.advance()
            note_changes(mended)
        if rows:
            db.session.execute(delete(Origin).where(Origin.article_id.in_([row["article_id"] for row in rows])))
            db.session.execute(insert(Origin), rows)

    @property
    def needs_link(self) -> bool:
        return bool(self._waiting)

    def link(self) -> None:
        """Tie translations to originals that came after them; name those whose original didn't come."""
        linked = []
        for start in range(0, len(self._waiting), BATCH):
            some = self._waiting[start : start + BATCH]
            ids = self._ids({i.external_id for i in some} | {self._originals[i.external_id] for i in some})
            for incoming in some:
                original, article_id = self._originals[incoming.external_id], ids.get(incoming.external_id)
                if article_id is None or original not in ids:
                    self.report.losses.append(Loss(incoming.file, f"its original is not here: {original}"))
                    continue
                tie = update(Article).where(Article.id == article_id).values(translation_of_id=ids[original])
                db.session.execute(tie)
                done = update(Origin).where(Origin.article_id == article_id).values(digest=incoming.digest)
                db.session.execute(done)
                linked.append(article_id)
        if linked:
            Edition.advance()
            note_changes(linked)

    def gone(self) -> list[str]:
        """The ids of what came from here and was not seen this time. Raises `NotTaken` where that can't be known."""
        if self.unread or not self.seen:
            raise NotTaken("nothing is archived: not all of it could be read")
        asked = (
            select(Article.external_id)
            .join(Origin, Origin.article_id == Article.id)
            .where(Origin.source == self.intake.source, Article.status != "archived")
            .order_by(Article.external_id)
        )
        return [name for name in db.session.scalars(asked) if name not in self.seen]

    def archive(self, names: list[str]) -> None:
        """Take these off the shelves; their texts stay."""
        kept = list(stored(Article.external_id.in_(names)))
        for outcome in publish_all([replace(s.manuscript, status="archived") for s in kept], now=self.now):
            if outcome.state == "refused":
                self.report.problems.append(Problem(outcome.manuscript.external_id, outcome.reason))
            else:
                self.report.count(ARCHIVED)
        forgotten = update(Origin).where(Origin.article_id.in_([s.id for s in kept])).values(digest="")
        db.session.execute(forgotten)  # should it come back as it was, it is taken again

    def _ids(self, names: set[str]) -> dict[str, int]:
        asked = select(Article.external_id, Article.id).where(Article.external_id.in_(names))
        return {row.external_id: row.id for row in db.session.execute(asked)}

    def _shelve_once(self, category: NewCategory) -> None:
        key = f"{category.slug} {sorted(category.titles)}"
        if self.is_rehearsal or key not in self._shelved:
            _shelve(category)
            self._shelved.add(key)

    def _is_odd(self, incoming: Incoming, *names: str) -> bool:
        """Refuse what no database can be asked for."""
        if all(name.isprintable() and len(name) <= 200 for name in names):
            return False
        self._refuse(incoming, "a name in it is longer than 200 characters or has control characters")
        return True

    def _refuse(self, incoming: Incoming, reason: str) -> None:
        self.report.problems.append(Problem(incoming.file, reason))


def _unfit(made: Made) -> str:
    """Why this can't be kept by any database; "" when it can."""
    m = made.manuscript
    if m.updated_at and not FIRST_YEAR <= m.updated_at.year <= LAST_YEAR:
        return f"its date lies before {FIRST_YEAR} or after {LAST_YEAR}"
    if not all(SHELF.fullmatch(slug) for slug in (*(new.slug for new in made.categories), m.category or "-")):
        return "its category's name is longer than 80 characters, or has a / in it"
    texts = [m.title, m.summary, m.body, m.versions or "", *m.tags]
    texts += [text for new in made.categories for text in (*new.titles.values(), *new.descriptions.values())]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return "there is half a character in it"
    return ""


def _names(portion: Portion) -> set[str]:
    return {incoming.external_id for incoming, _ in portion}


def _manuscripts(portion: Portion) -> list[Manuscript]:
    return [made.manuscript for _, made in portion]


def _is_kept(made: Made, before: dict[str, Stored], originals: dict[str, int]) -> bool:
    """True for what stands in the database just so."""
    m = made.manuscript
    kept = before.get(m.external_id)
    if m.translation_of not in originals:
        m = replace(m, translation_of=None)
    return kept is not None and is_alike(m, kept.manuscript)


def _set_beside(article_id: int, made: Made, before: Stored | None, ids: dict[str, int]) -> bool:
    """What a manuscript has no room for; True when readers see the difference."""
    position = 0 if made.position is None else made.position
    values: dict[str, object] = {}
    if made.position is not None and position != (before.position if before else 0):
        values["position"] = position
    if made.check_by is not None and made.check_by != (before.check_by if before else None):
        values["check_by"] = made.check_by
    original = ids.get(made.manuscript.translation_of or "")
    if original and before and before.manuscript.translation_of is None:
        values["translation_of_id"] = original
    if values:
        db.session.execute(update(Article).where(Article.id == article_id).values(**values))
    _lead_on(article_id, made.old_addresses)
    return bool(values)


def _lead_on(article_id: int, slugs: Collection[str]) -> None:
    """Have addresses that the article once had lead to it; one that has become something else's stays so."""
    if slugs:
        held = set(db.session.scalars(select(Article.slug).where(Article.slug.in_(slugs))))
        held |= set(db.session.scalars(select(OldAddress.slug).where(OldAddress.slug.in_(slugs))))
        db.session.add_all(OldAddress(slug=slug, article_id=article_id) for slug in sorted(set(slugs) - held))


def _shelve(new: NewCategory) -> None:
    """Make a category; one that is there keeps its texts and gains those in other languages."""
    asked = select(Category).where(Category.slug == new.slug)
    known = db.session.execute(asked).scalar_one_or_none()
    if known and not new.is_exact and set(new.titles) <= set(known.titles):
        return
    position, icon = new.position, new.icon
    titles, descriptions = _without_nul(new.titles), _without_nul(new.descriptions)
    if known and not new.is_exact:
        position, icon = known.position, known.icon
        titles, descriptions = titles | known.titles, descriptions | known.descriptions
    category = shelve(new.slug, position=position, icon=icon, titles=titles, descriptions=descriptions)
    if new.parent or new.is_exact:
        above = select(Category.id).where(Category.slug == new.parent)
        parent = db.session.scalar(above) if new.parent else None
        if parent != category.parent_id and parent != category.id:
            db.session.flush()
            category.parent_id = parent
            db.session.flush()
            Edition.advance()


def _without_nul(texts: Mapping[str, str]) -> dict[str, str]:
    return {lang: text.replace("\0", "") for lang, text in texts.items()}
