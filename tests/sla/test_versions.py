import pytest

from portal.sla import load_policy
from portal.sla.versions import check, parse_version
from portal.sla.wording import Voice

DEMO = load_policy("demo")
RELEASES = ["4.2.1.0", "4.2.0.0", "3.8.4.0", "4.10.0.0"]


@pytest.mark.parametrize(("version", "state", "advise"), [
    ("4.10.0.0", "supported", None),
    ("4.2.1.0", "outdated", "4.10.0.0"),
    ("v4.2", "outdated", "4.10.0.0"),
    ("3.8.4.0", "unsupported", "4.10.0.0"),
    ("3.1", "unsupported", "4.10.0.0"),
    ("4.99.0.0", "unknown", "4.10.0.0"),
    ("5.0.0.0", "unknown", "4.10.0.0"),
])  # fmt: skip
def test_state_and_advice(version, state, advise):
    found = check(DEMO, RELEASES, version)
    assert (found.state, str(found.advise) if found.advise else None) == (state, advise)
    assert Voice().say(found.step)


@pytest.mark.parametrize("text", ["", "latest", "4.", "4.2.1.0.0", "-1", "4,2"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(ValueError, match=r"Major\.Minor\.Subminor\.Patch"):
        parse_version(text)
