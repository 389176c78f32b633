"""What a worker is told at its start, as one word of its command line; nothing of it is a secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Settings:
    """``listening``: the descriptor of the socket; ``alive``: of a pipe that ends with the supervisor.

    ``folder``: where workers leave their figures; ``number``: this one's place among them. ``trial``: what it
    answers is noted nowhere. ``clients``: the descriptor of the memory in which workers say how many they have, or -1.
    """

    home: str
    listening: int
    alive: int
    folder: str
    number: int
    tokens: bool = False
    certificate: str = ""
    key: str = ""
    trial: bool = False
    clients: int = -1

    def written(self) -> str:
        return json.dumps(asdict(self))
