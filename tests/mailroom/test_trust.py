"""Which results of a mail's checks are believed."""

import pytest

from portal.mailroom.trust import verdict

US = "mx.vendor.example"
SENDER = "carla@heron.example"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{US}; dmarc=pass header.from=heron.example", "pass"),
        (f"{US} 1; dmarc=pass (p=reject) header.from=Heron.Example", "pass"),
        (f"{US}; dmarc=pass header.from=evil.example", "none"),
        (f"{US}; spf=pass smtp.mailfrom=bounce@mail.heron.example", "pass"),
        (f"{US}; spf=pass smtp.mailfrom=x@evil.example", "none"),
        (f"{US}; dkim=pass header.d=heron.example; spf=fail", "pass"),
        (f"{US}; dkim=pass header.i=@heron.example", "pass"),
        (f"{US}; dkim=pass header.d=example", "none"),
        (f"{US}; dkim=fail header.d=heron.example", "none"),
        (f"{US}; spf=fail smtp.mailfrom=heron.example", "fail"),
        (f"{US}; dkim=pass header.d=heron.example; dmarc=fail", "fail"),
        (f"{US}; none", "none"),
        (f"{US}; spf=pass (dmarc=pass header.from=heron.example)", "none"),
        ("evil.example; dmarc=pass header.from=heron.example", "none"),
        (f"evil.example ({US}); dmarc=pass header.from=heron.example", "none"),
        (f'{US}; spf=pass smtp.mailfrom="x; dmarc=pass "@evil.example', "none"),
        (f'{US}; spf=none smtp.mailfrom="a;dmarc=pass header.from=heron.example;b"@evil.example', "none"),
        (f'{US}; spf=pass smtp.mailfrom="@heron.example x"@evil.example', "none"),
        (f'{US}; spf=pass smtp.mailfrom="a\\"; dmarc=pass; "@evil.example', "none"),
        (f'{US}; dkim=pass reason="good; dmarc=pass" header.d=evil.example', "none"),
        (f"{US}; spf=none (a (b); dmarc=pass header.from=heron.example) smtp.helo=x", "none"),
        (f"{US}; spf=none (\\); dmarc=pass header.from=heron.example)", "none"),
        (f'{US}; spf=none (say "a); dmarc=pass" now)', "none"),
        (f'{US}; spf=pass (") smtp.mailfrom=heron.example; dmarc=fail (")', "fail"),
        (f'{US}; spf=none smtp.helo="a; dmarc=pass', "none"),
        (f"{US}; spf=none smtp.helo=a); dmarc=pass", "none"),
        (f"{US}; spf=none smtp.helo={'x' * 5000}; dmarc=pass", "none"),
        (f'{US}; spf=pass smtp.mailfrom="a; b"@heron.example', "pass"),
        (f'{US}; dkim=pass header.i="@heron.example"', "pass"),
        ("", "none"),
        (";;;=;", "none"),
        ("(" * 50_000, "none"),
    ],
)
def test_a_line(line: str, found: str) -> None:
    assert verdict([line], SENDER, [US]) == found


def test_only_the_topmost_line_of_the_host_counts() -> None:
    good, bad = f"{US}; dmarc=pass", f"{US}; dmarc=none"
    assert verdict([bad, good], SENDER, [US]) == "none"
    assert verdict(["other.example; dmarc=fail", good, bad], SENDER, [US]) == "pass"


def test_nobody_is_trusted_by_default_but_a_failure_is_heeded() -> None:
    assert verdict([f"{US}; dmarc=pass"], SENDER, []) == "none"
    assert verdict([f"{US}; dmarc=fail"], SENDER, []) == "fail"
