"""Lists of topics: columns, no entities; as many queries for twenty rows as for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, bindparam, null, or_, select

from knowledge.community.following import Follow, followed_topics
from knowledge.community.topic import ForumCategory, Topic, TopicTag
from knowledge.community.unread import is_new_to
from portal.accounts.people import User
from portal.audience import sees
from portal.db import read
from portal.web import LARGEST

PAGE = 20
MOST_PINNED = 5
SHOWS: Mapping[str, Any] = {
    "all": _l("All topics"),
    "unanswered": _l("Unanswered"),
    "unsolved": _l("Unsolved"),
    "solved": _l("Solved"),
    "mine": _l("Mine"),
    "following": _l("Following"),
    "new": _l("New to you"),
}
PERSONAL = ("mine", "following", "new")  # to be chosen by whoever is signed in
SORTS: Mapping[str, Any] = {"active": _l("Last answer"), "new": _l("Newest"), "thanks": _l("Most thanks")}
ROOM = (ForumCategory.slug.label("room"), ForumCategory.titles.label("room_titles"))
COLUMNS = (
    Topic.id,
    Topic.slug,
    Topic.title,
    Topic.kind,
    Topic.tags,
    Topic.lang,
    Topic.product,
    Topic.state,
    Topic.author_id,
    User.name.label("author"),
    Topic.created_at,
    Topic.bumped_at,
    Topic.posts,
    Topic.votes,
    Topic.accepted_post_id,
    Topic.staff_answered_at,
    Topic.is_pinned,
    Topic.locked_at,
)
_ROOMS = select(
    ForumCategory.id,
    ForumCategory.slug,
    ForumCategory.icon,
    ForumCategory.titles,
    ForumCategory.descriptions,
    ForumCategory.posting,
    ForumCategory.kinds,
    ForumCategory.is_archived,
    ForumCategory.visibility,
    ForumCategory.position,
)


KEYS: Mapping[str, Any] = {"active": Topic.bumped_at, "new": Topic.created_at, "thanks": Topic.votes}


@dataclass(frozen=True)
class Asked:
    """What a reader wants to see: which topics, in what order, with what tag, and after which."""

    show: str = "all"
    sort: str = "active"
    tag: str = ""
    after: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Asked":
        """Out of an address; what is no choice is the first one."""
        show, sort = args.get("show", "all"), args.get("sort", "active")
        tag, after = args.get("tag", "")[:40].replace("\0", ""), args.get("after", "")
        return cls(show if show in SHOWS else "all", sort if sort in SORTS else "active", tag, after)

    @property
    def is_plain(self) -> bool:
        return self.show == "all" and not self.tag and not self.after


@dataclass(frozen=True)
class Listed:
    """One page of topics; `after` asks for the next, and is empty on the last."""

    pinned: Sequence[Any]
    topics: Sequence[Any]
    after: str


def rooms(person: Any) -> Sequence[Any]:
    """The categories meant for this person, in order; those kept for reading only come last."""
    return read(_rooms(), rights=list(sees(person)))


def room(slug: str, person: Any) -> Any:
    """One category and the `pace` at which the person hears of it, or None where there is none for this person."""
    if "\0" in slug:
        return None
    given = {"reader": person.id} if person.is_authenticated else {}
    found = read(_room(person.is_authenticated), rights=list(sees(person)), slug=slug, **given)
    return found[0] if found else None


@cache
def _rooms() -> Any:
    """Written once: putting a statement together costs more than running it."""
    mine = _ROOMS.where(ForumCategory.visibility.in_(bindparam("rights", expanding=True)))
    return mine.order_by(ForumCategory.is_archived, ForumCategory.position, ForumCategory.id)


@cache
def _room(is_known: bool) -> Any:
    reader: Any = bindparam("reader")
    mine = select(Follow.pace).where(Follow.category_id == ForumCategory.id, Follow.user_id == reader)
    pace = mine.scalar_subquery() if is_known else null()
    seen = ForumCategory.visibility.in_(bindparam("rights", expanding=True))
    return _ROOMS.add_columns(pace.label("pace")).where(seen, ForumCategory.slug == bindparam("slug"))


def listed(person: Any, asked: Asked, here: Any = None) -> Listed:
    """The topics of a category, or (without one) of all that the person sees."""
    behind, apart = _behind(asked), here is not None and asked.show == "all" and not asked.tag
    shape = (asked.show, asked.sort, bool(asked.tag), behind is not None, here is not None)
    given: dict[str, Any] = {"room": here.id} if here is not None else {"rights": list(sees(person))}
    given |= {"tag": asked.tag} if asked.tag else {}
    pinned: Sequence[Any] = ()
    if apart and behind is None:
        pinned = read(_statement(*shape, True).limit(MOST_PINNED), **given)
    given |= {"place": behind[0], "number": behind[1]} if behind is not None else {}
    if asked.show in PERSONAL:
        query = _written(*shape, None).where(*_shown(asked.show, person)).limit(PAGE + 1)
    else:
        query = _statement(*shape, False if apart else None)
    rows = read(query, **given)
    more = _cursor(asked, rows[PAGE - 1]) if len(rows) > PAGE else ""
    return Listed(pinned, rows[:PAGE], more)


@lru_cache(maxsize=128)
def _statement(show: str, sort: str, tagged: bool, behind: bool, in_room: bool, is_pinned: bool | None) -> Any:
    """Kept by its shape: putting a statement together costs more than running it."""
    query = _written(show, sort, tagged, behind, in_room, is_pinned)
    return query.where(*_shown(show, None)).limit(PAGE + 1)


def _written(show: str, sort: str, tagged: bool, behind: bool, in_room: bool, is_pinned: bool | None) -> Any:
    query: Any = select(*COLUMNS, *ROOM).join(ForumCategory, ForumCategory.id == Topic.category_id)
    query = query.outerjoin(User, User.id == Topic.author_id)
    seen = ForumCategory.visibility.in_(bindparam("rights", expanding=True))
    query = query.where(Topic.category_id == bindparam("room") if in_room else seen)
    if show != "mine":  # one's own that wait or went on as a ticket are among one's own
        query = query.where(Topic.state == "shown")
    if tagged:
        query = query.where(Topic.id.in_(select(TopicTag.topic_id).where(TopicTag.name == bindparam("tag"))))
    if is_pinned is not None:
        query = query.where(Topic.is_pinned if is_pinned else ~Topic.is_pinned)
    key = KEYS[sort]
    if behind:
        place: Any = bindparam("place", type_=key.type)
        number: Any = bindparam("number")
        query = query.where(or_(key < place, and_(key == place, Topic.id < number)))
    return query.order_by(key.desc(), Topic.id.desc())


def _shown(show: str, person: Any) -> list[ColumnElement[bool]]:
    if show == "solved":
        return [Topic.accepted_post_id.is_not(None)]
    if show == "unsolved":
        return [Topic.kind == "question", Topic.accepted_post_id.is_(None)]
    if show == "unanswered":
        return [Topic.kind == "question", Topic.accepted_post_id.is_(None), Topic.posts == 1]
    if show == "mine":
        return [Topic.author_id == (person.id if person.is_authenticated else -1)]
    if show in PERSONAL and not person.is_authenticated:
        return [Topic.id < 0]
    if show == "following":
        return [Topic.id.in_(followed_topics(person))]
    if show == "new":
        return [is_new_to(person)]
    return []


def _cursor(asked: Asked, row: Any) -> str:
    if asked.sort == "thanks":
        return f"{row.votes}.{row.id}"
    at = row.bumped_at if asked.sort == "active" else row.created_at
    return f"{int(at.timestamp() * 1_000_000)}.{row.id}"


def _behind(asked: Asked) -> tuple[Any, int] | None:
    """What `after` names; None for what names nothing."""
    place, _dot, number = asked.after.partition(".")
    if not (place.isascii() and place.isdigit() and number.isascii() and number.isdigit()):
        return None
    if len(place) > 17 or len(number) > 10 or int(number) > LARGEST:
        return None
    if asked.sort == "thanks":
        return (int(place), int(number)) if len(place) < 10 else None
    seconds, micro = divmod(int(place), 1_000_000)
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro), int(number)
    except (OverflowError, ValueError, OSError):
        return None
