"""The support policy in force, and every version that a promise was ever made under."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import current_app, g
from flask_babel import get_locale
from sqlalchemy import String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db, utcnow
from portal.sla import Policy, PolicyError, load_policy, shipped_policies
from portal.sla.loading import parse_policy, path_of, versions_of
from portal.web import settings


class PolicyVersion(Model):
    """The text of a policy file, kept from the first start under it, so that old promises stay explained."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("policy_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(default=utcnow)


def the_policy() -> Policy:
    """The policy in force, from the settings: a shipped name or a file. Raises `PolicyError` when it can't be used.

    It stays as it was when this process first asked: nobody is promised anything by an edit that isn't kept yet, and a
    mistake in one can't break pages.
    """
    taken_up: dict[str | Path, Policy] = current_app.extensions.setdefault("policies", {})
    source = _source()
    if source not in taken_up:
        taken_up[source] = load_policy(source)
    return taken_up[source]


def has_partner_area() -> bool:
    """Whether resellers get pages of their own (R9)."""
    resellers = the_policy().resellers
    return bool(resellers and resellers.partner_area)


def policy_at(policy_id: str, version: str) -> Policy | None:
    """That version of a policy: the one in force, a kept one, or a shipped one; None when nobody knows it."""
    current = the_policy()
    if (current.id, current.version) == (policy_id, version):
        return current
    known: dict[tuple[str, str], Policy] = g.setdefault("kept_policies", {})  # a job asks for thousands of tickets
    if (policy_id, version) in known:
        return known[policy_id, version]
    kept = db.session.scalar(
        select(PolicyVersion.text).where(PolicyVersion.policy_id == policy_id, PolicyVersion.version == version)
    )
    if kept is not None:
        found = known[policy_id, version] = _parsed(kept, f"{policy_id} {version}")
        return found
    if policy_id in shipped_policies() and version in versions_of(policy_id):
        return load_policy(policy_id, version)
    return None


def known_versions() -> list[tuple[str, str]]:
    """(policy id, version) of every version whose page can be read, the one in force first, then the newest."""
    current = the_policy()
    found = [(current.id, current.version)]
    rows = db.session.execute(
        select(PolicyVersion.policy_id, PolicyVersion.version).order_by(PolicyVersion.kept_at.desc())
    )
    found += [(row.policy_id, row.version) for row in rows]
    if current.id in shipped_policies():
        found += [(current.id, version) for version in versions_of(current.id)]
    return list(dict.fromkeys(found))


def keep_policy() -> None:
    """Keep the text of the policy in force, at every start; a version that is kept already stays as it was."""
    current = the_policy()
    if kept_text(current) is None:
        text = path_of(_source()).read_text(encoding="utf-8")
        db.session.add(PolicyVersion(policy_id=current.id, version=current.version, text=text))


def kept_text(policy: Policy) -> str | None:
    """What is kept of this version, to see whether the file was changed without a new version."""
    return db.session.scalar(
        select(PolicyVersion.text).where(PolicyVersion.policy_id == policy.id, PolicyVersion.version == policy.version)
    )


def changed_silently() -> bool:
    """True when the file in force no longer says what its version said when it was kept."""
    kept = kept_text(the_policy())
    return kept is not None and kept != path_of(_source()).read_text(encoding="utf-8")


def _source() -> str | Path:
    """A shipped id, or a policy file; a relative path is meant from the instance folder."""
    named = str(settings().policy)
    if not named.endswith(".toml"):
        return named
    return Path(named) if Path(named).is_absolute() else settings().instance / named


@lru_cache(maxsize=16)
def _parsed(text: str, name: str) -> Policy:
    return parse_policy(text, name)


__all__ = [
    "PolicyError",
    "PolicyVersion",
    "changed_silently",
    "keep_policy",
    "known_versions",
    "policy_at",
    "the_policy",
]


def name_in(named: Mapping[str, Any], wanted: str) -> str:
    """What the policy calls a plan, tier or channel, in the reader's language; its id if the policy knows none."""
    return str(named[wanted].name.to(get_locale())) if wanted in named else wanted
