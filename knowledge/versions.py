"""Which versions of a product something is confirmed for, as editors write it: '4.2', '4.x', '>=4.0 <5', '4.0-4.2'."""

import re
from functools import lru_cache

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})(?:\.[x*])?", re.IGNORECASE)
_BOUND = re.compile(r"(>=|<=|>|<|=|\^|~)?\s*(v?\d+(?:\.\d+)*(?:\.[x*])?)", re.IGNORECASE)
_SPAN = re.compile(r"\s*(v?\d+(?:\.\d+)*)\s*(?:-|–|to)\s*(v?\d+(?:\.\d+)*)\s*", re.IGNORECASE)
_KEY_WIDTH = 9


def numbers(version: str) -> tuple[int, ...] | None:
    """(4, 2) for '4.2', 'v4.2' and '4.2.x'; None for what is no version."""
    found = _NUMBERS.fullmatch(version.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else None


def sort_key(version: str) -> str:
    """A text that sorts as the version's numbers do; versions without numbers sort first, among themselves as text."""
    found = numbers(version)
    return ".".join(f"{n:0{_KEY_WIDTH}d}" for n in found) if found else version.lower()[:80]


@lru_cache(maxsize=2000)
def covers(versions: str | None, version: str) -> bool | None:
    """Whether the range holds this version: '4.2' holds 4.2.1, '4.0-4.2' holds 4.2.7. None when nobody can say."""
    wanted = numbers(version)
    if not versions or wanted is None:
        return None
    answers = [_holds(part, wanted) for part in re.split(r",|;|\bor\b|\|\|", versions) if part.strip()]
    if ">" in versions and "<" in versions and "," in versions:  # '>=4.0, <5' is one range
        answers = [_holds(versions.replace(",", " "), wanted)]
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def _holds(part: str, wanted: tuple[int, ...]) -> bool | None:
    if span := _SPAN.fullmatch(part):
        first, last = numbers(span[1]), numbers(span[2])
        return None if first is None or last is None else first <= wanted and wanted[: len(last)] <= last
    bounds = list(_BOUND.finditer(part))
    if not bounds or _BOUND.sub("", part).strip(" ,"):
        return None
    answers = []
    for sign, text in ((bound[1] or "=", numbers(bound[2])) for bound in bounds):
        if text is None:
            return None
        answers.append(_meets(sign, text, wanted))
    return all(answers)


def _meets(sign: str, bound: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    same_length = wanted[: len(bound)]
    match sign:
        case ">=":
            return wanted >= bound
        case ">":
            return same_length > bound
        case "<=":
            return same_length <= bound
        case "<":
            return wanted < bound
        case "^":
            return wanted >= bound and wanted[0] == bound[0]
        case "~":
            return wanted >= bound and wanted[:2] == bound[:2]
        case _:
            return same_length == bound
