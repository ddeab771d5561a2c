"""What addresses without an account are asked and told by mail: the keys of its links, and how often one is asked.

A key has 128 bits, of which only the hash is kept. It follows from its row and the secret key, so that each later mail
carries the same one.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from portal.web import settings

FORGOTTEN_AFTER = timedelta(days=7)  # what nobody confirmed
AGAIN_AFTER = timedelta(days=1)  # an address is not asked about the same thing before that
ASKED_A_DAY = 5  # mails to one address that ask it to confirm


def key_made_of(*parts: object, at: datetime) -> str:
    """The key of what these words name and was asked for at that moment."""
    made_of = ":".join(map(str, (*parts, f"{at.timestamp():.6f}")))
    digest = hmac.new(settings().secret_key.encode(), made_of.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
