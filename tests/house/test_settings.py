"""No setting without a reader, and none that the operators' page doesn't explain."""

import re

import pytest

from portal.config import SETTINGS, Setting
from tests.house.tree import ROOT, code

PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
CODE = "\n".join(path.read_text(encoding="utf-8") for path in code())


def written(default: object) -> str:
    """A default as the page writes it."""
    if isinstance(default, tuple):
        return " | ".join(default) or "(empty)"
    return "(empty)" if default == "" else str(default)


def row_of(setting: Setting) -> list[str]:
    """The cells of the setting's row, without the bars that Markdown wants escaped."""
    row = re.search(rf"^\| (`{setting.name}` \| .+) \|$", PAGE, re.MULTILINE)
    assert row, f"docs/configuration.md has no row for {setting.name}"
    name, default, purpose = (cell.replace(r"\|", "|") for cell in re.split(r"(?<!\\) \| ", row[1]))
    return [name.strip("`"), default.strip("`"), purpose]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: Setting) -> None:
    assert row_of(setting) == [setting.name, written(setting.default), setting.purpose]


def test_nothing_else_is_documented() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(setting.name for setting in SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_read(setting: Setting) -> None:
    assert re.search(rf"\.{setting.name}\b|\[\"{setting.name}\"\]", CODE), f"nobody reads {setting.name}"
