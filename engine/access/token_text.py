"""The text of a token: how one is drawn, taken apart and written down. Pure, but for the drawing.

``lvf_3f9a1c02_`` and 43 characters. The part in front, its mark, is no secret: lists and the trail have it, so whoever
finds a token somewhere knows which one to revoke, and scanners of repositories know what it is.

The 43 characters are 256 bits from the system's source of random numbers, so one round of SHA-256 is right to keep it
by. A slow hash (scrypt, argon2) makes each guess dear where there are few guesses to make, as with what people think
up; of 2^256 nobody tries a noticeable part at any speed, and each request would pay for it: 50 ms instead of 1 µs.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

PREFIX = "lvf_"
BITS = 256
_TOKEN = re.compile(r"(lvf_[0-9a-f]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_LONGEST = len(PREFIX) + 8 + 1 + 43


def draw() -> str:
    """A new token."""
    return f"{PREFIX}{secrets.token_hex(4)}_{secrets.token_urlsafe(BITS // 8)}"


def mark_of(token: str) -> str | None:
    """The part that is no secret; None where ``token`` is none, however long it is and whatever it is made of."""
    found = _TOKEN.fullmatch(token) if len(token) == _LONGEST else None
    return found[1] if found is not None else None


def digest_of(token: str) -> str:
    """What is kept of it: SHA-256, in hexadecimal digits."""
    return sha256(token.encode()).hexdigest()
