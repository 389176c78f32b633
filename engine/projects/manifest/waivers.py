"""The [[waivers]] of a manifest: a gate that is always on, and the reason why what it finds is borne."""

from __future__ import annotations

from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, nearest, shown
from engine.projects.manifest.records import Waiver

# Gates that are always on and may be waived, by the name that the card shows.
WAIVABLE = (
    "schema unchanged",
    "predictions vary",
    "no leaking feature",
    "better than guessing",
    "classes as before",
    "no dead feature",
    "rows as before",
)
# What no reason helps: without it there is nothing to judge by. Each with what to do instead.
_NEVER = {
    "predictions valid": "a prediction that is none cannot be used",
    "target varies": "with one outcome there is nothing to judge",
    "rows to judge by": "so few rows bear no judgement",
    "missing values": "say how much may be missing instead, with a gate missing_at_most",
}


def waivers(page: Mistakes, values: Any) -> tuple[Waiver, ...]:
    """Every waiver that could be read; one of each gate."""
    if not isinstance(values, list):
        page.mistake(("waivers",), f"is {shown(values)}; each waiver begins with a line [[waivers]].")
        return ()
    found: dict[str, Waiver] = {}
    for index, value in enumerate(values[:100]):
        table = Table(page, ("waivers", index), value)
        table.only("gate", "reason")
        gate, reason = _gate(table), table.text("reason", required=True, limit=500)
        if gate in found:
            table.mistake("gate", f"is {shown(gate)}, which is waived already; keep one of them.")
        elif gate is not None and reason is not None:
            found[gate] = Waiver(gate, reason)
    return tuple(found.values())


def _gate(table: Table) -> str | None:
    name = table.text("gate", required=True)
    if name is None or name in WAIVABLE:
        return name
    if name in _NEVER:
        table.mistake("gate", f"is {shown(name)}, which cannot be waived: {_NEVER[name]}.")
    else:
        said = nearest(name, WAIVABLE) or f"; these can be waived: {', '.join(WAIVABLE)}."
        table.mistake("gate", f"is {shown(name)}, which is no gate that is always on{said}")
    return None
