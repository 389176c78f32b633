"""What is wrong with a bundle, told as a sentence about it: those who look at its parts say only "it"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import Damage, Refusal


@contextmanager
def named(shown: str, so: str) -> Iterator[None]:
    """Within the block, "Its manifest is …" becomes "``shown`` ``so``: its manifest is …"."""
    try:
        yield
    except (Refusal, Damage) as error:
        said = str(error)
        if not said.startswith(("It ", "Its ", "Of it ", "'")):
            raise
        raise type(error)(f"{shown} {so}: {said[:1].lower()}{said[1:]}") from None
