"""Which requests a canary answers: those whose keys all fall into its share, by a keyed hash.

A key falls to the same side in every worker and for as long as the candidate is tried; raising the share only adds
keys. The hash has the workspace's own key, so that nobody who chooses their keys can choose who answers, and the
candidate's digest, so that another candidate is tried by other keys. A request is answered whole by one version: where
its rows fall on both sides, and where a row has no key, the live version answers it. So no key that is the live
version's is ever answered by the candidate, whatever it comes together with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.scoring.ready import Value

if TYPE_CHECKING:
    from engine.serving.form import Rows
    from engine.serving.held import Held

_RANGE = 1 << 64
_USE = b"canary"  # The same key decides which requests are kept; these hashes have nothing to do with those.


def falls_to_canary(values: Sequence[Value], share: float, digest: str, key: bytes) -> bool:
    """Whether the row whose key columns have these values is one of the canary's. Pure."""
    said = "\0".join(map(_written, values)).encode("utf-8", "replace")
    drawn = blake2b(said, digest_size=8, key=key, salt=bytes.fromhex(digest[:32]), person=_USE).digest()
    return int.from_bytes(drawn, "big") < share * _RANGE


def _written(value: Value) -> str:
    """A key as text: the same number is the same key, however a client writes it; a text is never a number."""
    if isinstance(value, float) and value.is_integer():
        return f"{int(value)}"
    if isinstance(value, str):
        return f"{len(value)}:{value}"
    return f"{value}"


def chooser(held: Held, key: bytes) -> Callable[[Rows], Held | None] | None:
    """What says of the rows of a request whether the canary answers them; None where there is none to ask.

    ``key``: the workspace's. Where this worker has not got the candidate ready, the live version answers everybody.
    """
    trial, candidate = held.trial, held.beside
    if trial is None or candidate is None or trial.kind != "canary":
        return None
    features, share, digest = held.scorer.features, trial.share, candidate.digest
    names = [str(name) for name in held.document.settings.get("data", {}).get("key", ())]
    places = [(name, features.index(name) if name in features else None) for name in names]

    def choose(rows: Rows) -> Held | None:
        columns: list[Sequence[Value]] = []
        for name, place in places:
            column = rows.keys.get(name) if place is None else [row[place] for row in rows.values]
            if column is None:
                return None
            columns.append(column)
        for values in zip(*columns, strict=True):
            if None in values or not falls_to_canary(values, share, digest, key):
                return None
        return candidate

    return choose if places else None
