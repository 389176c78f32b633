"""The hash chain, pure: a row's digest covers the digest before it and the exact bytes that are stored.

    digest(n) = SHA-256( digest(n - 1) as 64 hexadecimal characters + body(n) as UTF-8 )

The stored bytes are hashed as they are and never serialised again, so verifying needs no knowledge of what a row
means, and an auditor can do it with any tool.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GENESIS = "0" * 64


def canonical(value: Mapping[str, Any] | list[Any]) -> str:
    """One way to write ``value``: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def link(previous: str, body: str) -> str:
    """The digest of the row with ``body`` that follows the row with digest ``previous``."""
    from hashlib import sha256  # Here, as it takes 2 ms to load and the first screen links nothing.

    return sha256((previous + body).encode()).hexdigest()


Row = tuple[int, str, str]


def first_broken(batches: Iterable[Sequence[Row]]) -> tuple[int, str, int | None]:
    """Follow the chain through rows of (seq, body, digest), in order of seq, that come in batches.

    Returns how many rows hold, the digest of the last one that does, and the seq of the first that does not
    (None when all hold). A missing row breaks the chain at the row that should have been there. Batches because a
    step of SQLite's cursor for each row would cost more than the hash.
    """
    from hashlib import sha256

    count, digest = 0, GENESIS
    for batch in batches:
        for seq, body, recorded in batch:
            if sha256((digest + body).encode()).hexdigest() != recorded or seq != count + 1:
                return count, digest, count + 1
            count, digest = seq, recorded
    return count, digest, None
