"""What a session's process is told: whose key was checked, and what was asked for.

It comes on a descriptor of its own: no command line and no environment says who somebody is.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Order:
    """``command``: what the client asked for, as it came; None opens the console."""

    home: str
    fingerprint: str
    source: str
    command: str | None = None

    def descriptor(self) -> int:
        """The end to read it from; whoever passes it on closes it here.

        A pipe holds more than an order is long: of no letter it takes more than six bytes (an emoji escaped, twelve).
        """
        read, write = os.pipe()
        with open(write, "w", encoding="utf-8", errors="surrogatepass") as file:
            json.dump(asdict(self), file, ensure_ascii=False)
        return read


def read(descriptor: int) -> Order:
    """The order that waits at ``descriptor``, which is closed."""
    with open(descriptor, encoding="utf-8", errors="surrogatepass") as file:
        found = json.load(file)
    return Order(**found)
