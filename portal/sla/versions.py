"""Which versions are supported (R17): Major.Minor.Subminor.Patch, the newest majors, the newest patch advised."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from portal.sla.policy import Policy
from portal.sla.steps import N_, Step

State = Literal["supported", "outdated", "unsupported", "unknown"]
PATTERN = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?")
DEPTHS = {"nothing": 1, "minor": 2, "subminor": 3, "patch": 4}


class Version(NamedTuple):
    """Four numbers; what was left out reads as 0."""

    major: int
    minor: int = 0
    subminor: int = 0
    patch: int = 0

    def __str__(self) -> str:
        return ".".join(str(part) for part in self)


@dataclass(frozen=True)
class Support:
    """The standing of a version. `advise` is the release to upgrade to first, None if there is none newer.

    `step` says it in a sentence that `wording.Voice` renders.
    """

    state: State
    version: Version | None
    advise: Version | None
    step: Step


def parse_version(text: str) -> Version:
    """'7.6.2.0', 'v7.6' … Raises ValueError with what it should look like."""
    found = PATTERN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no version; it looks like 7.6.2.0 (Major.Minor.Subminor.Patch)")
    return Version(*(int(part or 0) for part in found.groups()))


def check(policy: Policy, releases: Iterable[str], version: str) -> Support:
    """The support that a version of a product has. `releases` are its published versions, in any order.

    'unsupported': an older major than the policy supports. 'outdated': supported, but something newer should be tried
    first. 'unknown': no such release, or nothing released. Raises ValueError if `version` is no version.
    """
    own = parse_version(version)
    known = sorted(parse_version(release) for release in releases)
    rules = policy.versions
    if rules is None or not known:
        return Support("supported" if own in known else "unknown", own, None, Step("version", NO_RULES, _said(own)))
    majors = sorted({release.major for release in known}, reverse=True)[: rules.supported_majors]
    newest = known[-1]
    if own.major not in majors and own.major < majors[0]:
        return Support("unsupported", own, newest, Step("version", UNSUPPORTED, _said(own, newest)))
    if own not in known and not any(release[: _given(version)] == own[: _given(version)] for release in known):
        return Support("unknown", own, newest, Step("version", UNKNOWN, _said(own, newest)))
    best = max(release for release in known if release.major == own.major)
    depth = DEPTHS[rules.advise]
    if own[:depth] < best[:depth]:
        return Support("outdated", own, best, Step("version", OUTDATED, _said(own, best)))
    return Support("supported", own, None, Step("version", SUPPORTED, _said(own)))


def _given(version: str) -> int:
    """How many of the four numbers were written: '7.6' means any 7.6."""
    return version.strip().count(".") + 1


def _said(own: Version, newest: Version | None = None) -> dict[str, str]:
    return {"version": str(own)} | ({"newest": str(newest)} if newest else {})


SUPPORTED = N_("Version %(version)s is supported and up to date.")
OUTDATED = N_(
    "Version %(version)s is supported, but %(newest)s is newer. Please try it first: your problem may be solved in it."
)
UNSUPPORTED = N_(
    "Version %(version)s is no longer supported. Please upgrade to %(newest)s; you can file the ticket all the same."
)
UNKNOWN = N_("We know no version %(version)s. Please look again; the newest is %(newest)s.")
NO_RULES = N_("Version %(version)s is not in our list of releases.")
