"""Whether a mail is from whom it says: the Authentication-Results (RFC 8601) of hosts that the settings name."""

import re
from collections.abc import Iterable
from typing import Final, Literal

Verdict = Literal["pass", "fail", "none"]

LONGEST: Final = 4000  # of a header; a longer one says nothing
OUTSIDE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^"()]+|[()]', re.DOTALL)
IN_COMMENT: Final = re.compile(r"\\.|[^\\()]+|.", re.DOTALL)  # quotes are nothing in there (RFC 5322, 3.2.2)
WORD: Final = re.compile(r"[a-z0-9.@_+-]*")


def verdict(headers: Iterable[str], sender: str, trusted: Iterable[str]) -> Verdict:
    """What the receiving host found about the domain of the sender's address.

    Of a trusted host only its topmost line counts: it adds its own above whatever came along. Without trusted hosts
    nothing passes, but a line that says `fail` is heeded: a forger has no use for it.
    """
    hosts = {host.lower() for host in trusted}
    domain = sender.rpartition("@")[2].lower()
    for header in headers:
        host, found = read_results(header)
        if host in hosts:
            return _judge(found, domain)
        if not hosts and _judge(found, domain) == "fail":
            return "fail"
    return "none"


def read_results(header: str) -> tuple[str, list[tuple[str, str, dict[str, str]]]]:
    """(host, [(method, result, properties)]) of one header, in lower case. Of one that is written wrongly, no results.

    A sender chooses some of the words (their address, how their host greets), so a `;` in quotes or a comment ends
    nothing.
    """
    plain, is_whole = _unquoted(header.lower()) if len(header) <= LONGEST else ("", False)
    host, *parts = plain.split(";")
    found = []
    for part in parts if is_whole else ():
        words = re.findall(r"([a-z0-9.-]+)[ \t\r\n]*=[ \t\r\n]*([^\s;]*)", part)
        if words:
            found.append((words[0][0], words[0][1], dict(words[1:])))
    return host.split()[0] if host.split() else "", found


def _unquoted(header: str) -> tuple[str, bool]:
    """The header without comments, and without quotes but around what is a plain word; and whether all of them end."""
    plain: list[str] = []
    at = depth = 0
    while at < len(header) and depth >= 0:
        found = (IN_COMMENT if depth else OUTSIDE).match(header, at)
        if found is None:  # a quote that nothing ends
            return "".join(plain), False
        piece, at = found[0], found.end()
        if depth or piece in "()":
            depth += {"(": 1, ")": -1}.get(piece, 0)
        elif piece.startswith('"'):
            plain.append(piece[1:-1] if WORD.fullmatch(piece[1:-1]) else "?")
        else:
            plain.append(piece)
    return "".join(plain), depth == 0


def _judge(found: list[tuple[str, str, dict[str, str]]], domain: str) -> Verdict:
    passed = failed = False
    for method, result, named in found:
        if method == "dmarc":
            if result == "fail":
                return "fail"
            passed = passed or (result == "pass" and named.get("header.from", domain) == domain)
        elif method == "dkim":
            signer = named.get("header.d") or named.get("header.i", "")
            passed = passed or (result == "pass" and _is_akin(signer, domain))
        elif method == "spf":
            passed = passed or (result == "pass" and _is_akin(named.get("smtp.mailfrom", ""), domain))
            failed = failed or result == "fail"
    return "pass" if passed else "fail" if failed else "none"


def _is_akin(name: str, domain: str) -> bool:
    """Aligned as DMARC's relaxed mode has it: the same domain, or one below the other."""
    other = name.rpartition("@")[2]
    if "." not in other or "." not in domain:
        return False
    return other == domain or other.endswith(f".{domain}") or domain.endswith(f".{other}")
