"""Where a key stands in a TOML file. The standard parser does not tell, so the lines are looked through once more."""

import re

HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=(.*)$"
)
PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")
STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*')


def line_numbers(text: str) -> dict[str, int]:
    """Line (from 1) of each table and key by its dotted key; items of arrays of tables are numbered: 'targets[0]'."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix, depth, fence = "", 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if depth == 0 and (header := HEADER.match(line)):
            prefix = _place(_parts(header[2]), counts, is_item=header[1] == "[[")
            found.setdefault(prefix, number)
            continue
        value = line
        if depth == 0 and (key := KEY.match(line)):
            found.setdefault(".".join(filter(None, (prefix, ".".join(_parts(key[1]))))), number)
            value = key[2]
        for mark in ('"""', "'''"):
            if value.count(mark) == 1:
                fence = mark
        bare = STRING.sub("", value)
        depth = max(0, depth + bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}"))
    return found


def line_of(key: str, lines: dict[str, int]) -> int | None:
    """The line of a dotted key, or of the nearest table around it."""
    while key:
        if found := lines.get(key) or lines.get(f"{key}[0]"):
            return found
        key = key.rpartition("[")[0] if key.endswith("]") else key.rpartition(".")[0]
    return None


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in PART.findall(dotted)]


def _place(parts: list[str], counts: dict[str, int], *, is_item: bool) -> str:
    """The dotted key of a header, with the numbers of the array items it lies in."""
    key = ""
    for i, part in enumerate(parts):
        key = f"{key}.{part}" if key else part
        if i == len(parts) - 1 and is_item:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = f"{key}[{counts[key]}]"
    return key
