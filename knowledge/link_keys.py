"""Keys in the links of mails to addresses without an account: 128 bits, of which only the hash is kept.

A key follows from its row and the secret key, so that each later mail carries the same one.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from portal.web import settings


def key_made_of(*parts: object, at: datetime) -> str:
    """The key of what these words name and was asked for at that moment."""
    made_of = ":".join(map(str, (*parts, f"{at.timestamp():.6f}")))
    digest = hmac.new(settings().secret_key.encode(), made_of.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
