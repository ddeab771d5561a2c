"""The YAML between --- lines at the top of a file, as strangers may have written it."""

from typing import Any

import frontmatter
import yaml  # type: ignore[import-untyped]
from frontmatter.default_handlers import YAMLHandler

from knowledge.exchange.report import NotTaken

DEEPEST = 20  # lists in lists: ours have two


class _StrictYaml(YAMLHandler):
    def load(self, fm: str, **kwargs: Any) -> Any:
        _look_through(fm)
        return super().load(fm, **kwargs)


def parse(text: str) -> tuple[dict[str, Any], str]:
    """The front matter and the body. Raises `NotTaken` with what can't be read."""
    try:
        metadata, body = frontmatter.parse(text, handler=_StrictYaml())
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 2}" if line is not None else ""
        problem = str(getattr(error, "problem", error))[:200]
        raise NotTaken(f"the front matter can't be read{where}: {problem}") from None
    except (ValueError, RecursionError, OverflowError, TypeError) as error:  # month 13; a key that is a list
        raise NotTaken(f"the front matter can't be read: {str(error)[:200]}") from None
    if not isinstance(metadata, dict) or not metadata:
        raise NotTaken("there is no front matter between --- lines at the top")
    return metadata, body


def _look_through(text: str) -> None:
    """Refuse what costs more to read than it says: a name for a list, of which ten make ten thousand million words,
    and lists in lists, on which libyaml's composer runs out of stack and takes the process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise NotTaken("the front matter has aliases (*name), which aren't read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise NotTaken("the front matter has lists nested too deeply")
