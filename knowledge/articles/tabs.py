"""Tabs in an article, for what differs by platform:

    ::: tabs
    == Windows
    Press Start.
    == Linux
    Open a shell.
    :::

They come out as radio buttons with a panel behind each, so that they work without a script and by keyboard.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_block import StateBlock

MOST_TABS = 12
LONGEST_NAME = 60

_OPEN = re.compile(r":::[ \t]*tabs[ \t]*", re.IGNORECASE)
_FENCE = re.compile(r"(`{3,}|~{3,})")


def tabs_plugin(md: MarkdownIt) -> None:
    """Teach the parser `::: tabs`. They don't nest, and one that isn't whole stays the text it is."""
    md.block.ruler.before("fence", "tabs", _tabs, {"alt": ["paragraph", "list"]})
    md.add_render_rule("tab", lambda _renderer, tokens, index, *_: tokens[index].content)


def _tabs(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    if state.is_code_block(first) or state.env.get("in_tabs") or not _OPEN.fullmatch(_line(state, first)):
        return False
    panels, last = _panels(state, first + 1, end)
    if not panels:
        return False
    if silent:
        return True
    state.env["in_tabs"] = True
    group = state.env["tabs"] = state.env.get("tabs", 0) + 1
    _open(state, "tabset", "div", {"class": "tabset", "role": "group", "aria-label": ", ".join(n for n, *_ in panels)})
    for number, (name, start, stop) in enumerate(panels, 1):
        button = state.push("tab", "input", 0)
        button.content = _button(name, group, number)
        button.meta["tab"] = name
        _open(state, "tab_panel", "div", {"class": "tab-panel"})
        _tokenize(state, start, stop)
        state.push("tab_panel_close", "div", -1)
    state.push("tabset_close", "div", -1)
    state.env["in_tabs"] = False
    state.line = last + 1
    return True


def _panels(state: StateBlock, start: int, end: int) -> tuple[list[tuple[str, int, int]], int]:
    """(name, first line, line behind the last) of each panel, and the line that closes; no panels if it isn't whole."""
    panels: list[tuple[str, int, int]] = []
    fence = ""
    for number in range(start, end):
        line = _line(state, number)
        if line and state.sCount[number] < state.blkIndent:
            return [], number  # the list item that it stands in ends here
        if fence:
            fence = "" if line.startswith(fence) and not line.strip(fence[0] + " \t") else fence
        elif found := _FENCE.match(line):
            fence = found[1]
        elif line.startswith(":::"):
            whole = panels and line.strip() == ":::" and len(panels) <= MOST_TABS
            return ([*panels[:-1], (*panels[-1][:2], number)] if whole else []), number
        elif line.startswith("== ") and (name := line.strip("= \t")):
            panels[-1:] = [(*panel[:2], number) for panel in panels[-1:]]
            panels.append((name[:LONGEST_NAME], number + 1, number + 1))
        elif not panels and line.strip():
            return [], number  # text before the first name
    return [], end


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _open(state: StateBlock, kind: str, tag: str, attributes: dict[str, str]) -> None:
    token = state.push(f"{kind}_open", tag, 1)
    token.block = True
    for name, value in attributes.items():
        token.attrSet(name, value)


def _tokenize(state: StateBlock, start: int, stop: int) -> None:
    """Parse some lines as they would be alone."""
    before = state.lineMax, state.parentType, state.line
    state.lineMax, state.parentType = stop, "tabs"
    state.md.block.tokenize(state, start, stop)
    state.lineMax, state.parentType, state.line = before


def _button(name: str, group: int, number: int) -> str:
    """The underscores keep its ids apart from those of headings."""
    key, text = f"tab_{group}_{number}", escapeHtml(name)
    checked = " checked" if number == 1 else ""
    radio = f'<input type="radio" name="tabs_{group}" id="{key}" data-tab="{text}"{checked}>'
    return f'{radio}<label for="{key}">{text}</label>\n'
