"""What an import did, and what was not taken or not kept, and why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

ADDED, CHANGED, UNCHANGED, ARCHIVED = "added", "changed", "unchanged", "archived"


class NotTaken(Exception):
    """A file or folder that can't be imported; the text tells its operator why."""


@dataclass(frozen=True)
class Problem:
    """A file or line that wasn't taken, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class Loss:
    """Something that was left out of an article that was taken."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass
class Report:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    archived: int = 0
    problems: list[Problem] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged"
        if self.archived:
            counts += f", {self.archived} archived"
        return f"{counts}, {len(self.problems)} not taken"

    @property
    def read(self) -> int:
        return self.added + self.changed + self.unchanged + len(self.problems)

    def count(self, state: str) -> None:
        setattr(self, state, getattr(self, state) + 1)

    def lines(self) -> Iterator[str]:
        """Every problem and loss as a line of JSON."""
        for problem in self.problems:
            yield json.dumps({"file": problem.file, "taken": False, "reason": problem.reason}, ensure_ascii=False)
        for loss in self.losses:
            yield json.dumps({"file": loss.file, "taken": True, "reason": loss.what}, ensure_ascii=False)
