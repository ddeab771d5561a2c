"""The demo's cast: who can sign in, what they hold, and what they asked."""

from dataclasses import dataclass

PASSWORD = "larkspur larkspur larkspur"


@dataclass(frozen=True)
class Account:
    """One person of the demo. `roles` are the vendor's; `organisation` and `member` are the customer's side."""

    email: str
    name: str
    what: str
    organisation: str | None = None
    member: str = "member"
    roles: tuple[str, ...] = ()
    locale: str = "en"
    zone: str = "Europe/Amsterdam"


ACCOUNTS = (
    Account(
        "mira@tidewater.example",
        "Mira Okafor",
        "customer, enterprise with SLA 24x7",
        "Tidewater Pumps",
        "owner",
    ),
    Account(
        "jonas@tidewater.example",
        "Jonas Lindt",
        "her colleague",
        "Tidewater Pumps",
        locale="de",
        zone="Europe/Berlin",
    ),
    Account("petra@tidewater.example", "Petra Novak", "their billing contact", "Tidewater Pumps", "billing"),
    Account(
        "lena@alpenwerk.example",
        "Lena Hofer",
        "customer, business with SLA 24x5",
        "Alpenwerk",
        "owner",
        locale="de",
        zone="Europe/Vienna",
    ),
    Account(
        "sam@brightfield.example",
        "Sam Ortega",
        "customer, team",
        "Brightfield Labs",
        "owner",
        zone="America/New_York",
    ),
    Account(
        "wei@harbourlight.example",
        "Wei Chen",
        "customer, starter",
        "Harbourlight",
        "owner",
        locale="zh",
        zone="Asia/Shanghai",
    ),
    Account("noor@free.example", "Noor de Wit", "visitor with a free account", locale="nl"),
    Account(
        "rashid@northgate.example",
        "Rashid Amin",
        "reseller",
        "Northgate Resale",
        "owner",
        zone="Europe/London",
    ),
    Account("agent@larkspur.example", "Tess Brandt", "agent", roles=("agent",)),
    Account("second@larkspur.example", "Ivo Marek", "second agent", roles=("agent",), zone="Europe/Prague"),
    Account(
        "editor@larkspur.example",
        "Dagny Holm",
        "editor of articles",
        roles=("editor",),
        zone="Europe/Copenhagen",
    ),
    Account("accounts@larkspur.example", "Nils Abeln", "accountant", roles=("accountant",)),
    Account("admin@larkspur.example", "Ada Verhoeven", "administrator", roles=("admin", "agent", "editor")),
)

# The first is the one that Harbourlight's order brought; the others wait for whoever claims them.
LICENCE_KEYS = (
    "FOYER-HARB0-VRSTA-RTER0-0001J",
    "FOYER-DEM0B-VS1NE-SS000-00013",
    "FOYER-DEM0T-EAM00-00000-00020",
    "FOYER-DEM0S-TARTE-R0000-0003W",
)
UNCLAIMED = {"business": LICENCE_KEYS[1], "team": LICENCE_KEYS[2], "starter": LICENCE_KEYS[3]}

PRODUCTS = {
    "beacon": (
        "Beacon",
        "Remote monitoring for machines and sites",
        (
            ("4.2.1.0", "2026-10-06"),
            ("4.2.0.0", "2026-08-18"),
            ("4.1.3.0", "2026-03-10"),
            ("4.0.0.0", "2025-09-02"),
            ("3.8.4.0", "2024-11-12"),
        ),
    ),
    "relay": (
        "Relay",
        "The gateway that connects a site",
        (("2.7.4.0", "2026-09-15"), ("2.6.0.0", "2026-01-20"), ("1.9.2.0", "2024-06-04")),
    ),
    "atlas": (
        "Atlas",
        "Reports from everything Beacon sees",
        (("6.1.0.0", "2026-07-01"), ("6.0.2.0", "2026-02-11"), ("5.4.0.0", "2025-05-20")),
    ),
}
