"""What every template keeps: nothing inline, every form with its token, every text in gettext."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from tests.house.tree import code, files, name, parsed, told

TEMPLATES = [path for path in files("templates") if path.suffix in (".html", ".txt")]
PAGES = [path for path in TEMPLATES if path.suffix == ".html"]
ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"])
READ_ALOUD = {"alt", "title", "placeholder", "aria-label", "aria-description", "data-confirm", "data-label", "value"}
SILENT = ("script", "style", "code", "kbd")
WORD = re.compile(r"[^\W\d_]{2,}")
# Texts that are the same in every language.
UNTRANSLATED = {"Atom", "iCalendar", "Ctrl", "Esc", "JSON", "RSS", "PDF", "UTC", "Foyer", "Message", "ID", "References"}
# The designer's page of pieces, in demo mode only, for people who write templates.
FOR_DEVELOPERS = ("templates/styleguide/", "portal/front/styleguide.py")


def is_mail(path: Path) -> bool:
    return "mail" in path.parent.parts


def source(path: Path) -> str:
    return re.sub(
        r"{#.*?#}", lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"), flags=re.DOTALL
    )


def found(pattern: str, paths: list[Path]) -> list[str]:
    offences = []
    for path in paths:
        text = source(path)
        for match in re.finditer(pattern, text, re.IGNORECASE | re.DOTALL):
            offences.append(f"{name(path)}:{text.count(chr(10), 0, match.start()) + 1} {match[0][:70]!r}")
    return offences


def test_templates_can_be_parsed() -> None:
    for path in TEMPLATES:
        ENVIRONMENT.parse(source(path), filename=name(path))


def test_no_script_stands_in_a_page() -> None:
    offences = found(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>", PAGES)
    offences += found(r"\son[a-z]+\s*=\s*[\"']", PAGES) + found(r"javascript:", PAGES)
    assert not offences, told(offences)


def test_no_style_stands_in_a_page() -> None:
    pages = [path for path in PAGES if not is_mail(path)]  # mail programs read nothing else
    offences = found(r"<style\b", pages) + found(r"\sstyle\s*=", pages)
    assert not offences, told(offences)


def test_every_form_that_posts_has_its_token() -> None:
    offences = []
    for path in PAGES:
        for form in re.finditer(r"<form\b.*?</form>", source(path), re.DOTALL):
            posts = re.search(r"\bmethod\s*=\s*[\"']?post", form[0], re.IGNORECASE)
            if posts and not re.search(r"csrf_token|hidden_tag", form[0]):
                offences.append(f"{name(path)} {form[0][:80]!r}")
    assert not offences, told(offences)


def test_markup_is_marked_safe_nowhere_in_a_template() -> None:
    """`|safe` is a promise about somebody else's text. Stored HTML comes as Markup from the code that cleaned it."""
    offences = found(r"(?<![\"'])\|\s*safe\b", TEMPLATES)
    assert not offences, told(offences)


class Texts(HTMLParser):
    """The texts and the read-aloud attributes of a page from which Jinja's parts were cut."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        kind = dict(attrs).get("type")
        for attribute, value in attrs:
            if attribute in READ_ALOUD and value and not (attribute == "value" and kind not in ("submit", "button")):
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in SILENT))

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found += [(self.getpos()[0] + i, line) for i, line in enumerate(data.splitlines())]


def bare(path: Path) -> str:
    """The template without Jinja: each expression a middle dot, so that tags and attributes stay whole."""
    text, inside_trans = "", False
    for _line, kind, value in ENVIRONMENT.lex(source(path)):
        if kind == "name" and value in ("trans", "endtrans"):
            inside_trans = value == "trans"
        elif kind == "data":
            text += "\n" * value.count("\n") if inside_trans else value
        elif kind == "variable_begin":
            text += "·"
        elif "\n" in value:
            text += "\n" * value.count("\n")
    return text


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_text_is_translated(path: Path) -> None:
    if name(path).startswith(FOR_DEVELOPERS):
        return
    parser = Texts()
    if path.suffix == ".html":
        parser.feed(bare(path))
    else:
        parser.found = list(enumerate(bare(path).splitlines(), 1))
    offences = [
        f"{name(path)}:{line} {text.strip()[:80]!r}"
        for line, text in parser.found
        if set(WORD.findall(text)) - UNTRANSLATED
    ]
    assert not offences, told(offences)


def spoken_arguments(path: Path) -> Iterator[tuple[int, str]]:
    """Literal texts handed to macros where a reader will see them: something with a capital or a space in it."""
    tree = ENVIRONMENT.parse(source(path))
    macros = {
        alias if isinstance(alias, str) else alias[1]
        for node in tree.find_all(nodes.FromImport)
        for alias in node.names
    }
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in macros:
            for argument in call.args:
                said = argument.value if isinstance(argument, nodes.Const) else None
                if isinstance(said, str) and re.match(r"[A-Z][a-z]+|\w+ \w+ \w+", said):
                    yield argument.lineno, said


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_macros_are_given_translated_texts(path: Path) -> None:
    if not name(path).startswith(FOR_DEVELOPERS):
        assert not list(spoken_arguments(path))


def test_what_the_code_says_to_readers_is_translated() -> None:
    speaking = {"flash", "Refused", "ValidationError"}
    offences = []
    for path in code():
        for node in ast.walk(parsed(path)) if not name(path).startswith(FOR_DEVELOPERS) else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in speaking and node.args:
                first = node.args[0]
                if isinstance(first, ast.JoinedStr | ast.Constant):
                    offences.append(f"{name(path)}:{node.lineno} {ast.unparse(node)[:80]}")
            if isinstance(node, ast.Call) and re.search(r"(Field|SelectChoice)$", ast.unparse(node.func)):
                if ast.unparse(node.func).endswith("HiddenField"):
                    continue  # its name is shown to nobody
                label = node.args[-1] if "Choice" in ast.unparse(node.func) and node.args else (node.args or [None])[0]
                if isinstance(label, ast.Constant) and isinstance(label.value, str) and WORD.search(label.value):
                    offences.append(f"{name(path)}:{node.lineno} {ast.unparse(node)[:80]}")
    assert not offences, told(offences)
