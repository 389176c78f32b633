"""The [[waivers]] of a manifest: a gate that is always on, and the reason why what it finds is borne."""

from __future__ import annotations

from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, nearest, shown
from engine.projects.manifest.records import Waiver
from engine.vocabulary.gates import NEVER_WAIVED, WAIVABLE


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
    if name in NEVER_WAIVED:
        table.mistake("gate", f"is {shown(name)}, which cannot be waived: {NEVER_WAIVED[name]}.")
    else:
        said = nearest(name, WAIVABLE) or f"; these can be waived: {', '.join(WAIVABLE)}."
        table.mistake("gate", f"is {shown(name)}, which is no gate that is always on{said}")
    return None
