"""What can go wrong: a policy file that is not right, and a question that a policy can't answer."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault of a policy file. `line` counts from 1 and is None where the key stands nowhere (it is missing)."""

    file: str
    key: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class PolicyError(ValueError):
    """A policy file was refused. `problems` holds every fault; file, key, line and reason are the first one's."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        self.file, self.key, self.line, self.reason = first.file, first.key, first.line, first.reason
        super().__init__("\n".join(str(problem) for problem in self.problems))


class QuoteError(ValueError):
    """A request names what the policy does not know. `field` is the request's field, `valid` what may stand there."""

    def __init__(self, field: str, value: object, valid: Iterable[str] = (), reason: str = "") -> None:
        self.field, self.value, self.valid = field, value, tuple(valid)
        known = f" (valid: {', '.join(self.valid)})" if self.valid else ""
        super().__init__(f"{field}: {reason or f'unknown {field} {value!r}'}{known}")
