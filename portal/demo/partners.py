"""The demo's reseller: its contract, whom it sells to, who let it act for them, and who wants to become one, too."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask_babel import force_locale

from portal.accounts import consenting
from portal.accounts.partnership import APPROVED, Partner
from portal.accounts.people import Organisation, User
from portal.db import db
from portal.partner import applying, customers
from portal.partner.letters import ask_for_consent

# Who, their address, the reseller's note, and for how many days they have been sold to.
CUSTOMERS = (
    ("Harbourlight", "wei@harbourlight.example", "Renews each spring.", 160),
    ("Brightfield Labs", "sam@brightfield.example", "", 40),
    ("Quayside Foods", "it@quayside.example", "Wants an offer for two sites.", 12),
)


def open_demo_partners(
    people: Mapping[str, User], reseller: Organisation, applicant: Organisation, *, now: datetime
) -> None:
    """One customer has consented, one is asked, one isn't; another organisation waits to be approved."""
    rashid, wei, lena = (
        people[who] for who in ("rashid@northgate.example", "wei@harbourlight.example", "lena@alpenwerk.example")
    )
    begun = now - timedelta(days=200)
    db.session.add(
        Partner(
            organisation_id=reseller.id,
            state=APPROVED,
            level="certified",
            reference="LSK-P-0007",
            application={"company": "We sell and look after monitoring for ports.", "country": "United Kingdom"},
            applied_at=begun,
            applied_by_id=rashid.id,
            decided_at=begun,
            starts_at=begun,
            ends_at=now + timedelta(days=165),
        )
    )
    harbourlight, brightfield, _quayside = (
        customers.add(
            reseller,
            by=rashid,
            now=now,
            name=name,
            email=email,
            note=note,
            starts_at=now - timedelta(days=days),
            ends_at=None,
        )
        for name, email, note, days in CUSTOMERS
    )
    with force_locale("en"):
        asked, _token = consenting.ask(harbourlight, by=rashid, now=now)
        (theirs,) = db.session.scalars(consenting.may_speak_for(wei, harbourlight)).all()
        words = consenting.wording(harbourlight)
        consenting.give(asked, theirs, wording=words, ends_at=None, by=wei, now=now)
        asked, token = consenting.ask(brightfield, by=rashid, now=now)
        ask_for_consent(asked, token, by=rashid)
        about = {
            "company": "We build and maintain cable cars, and want to sell Beacon along with them.",
            "website": "https://alpenwerk.example",
            "country": "Austria",
            "expected": "About twenty operators in the Alps",
        }
        applying.apply(applicant, about, by=lena, now=now)
