"""The manifest's ``[health]``, how a live version is watched, and ``[[triggers]]``, what else starts a retrain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import isfinite
from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, shown
from engine.projects.manifest.records import HealthSpec, TriggerSpec

MOST_EDGES = 20
FALLING_BEHIND = ("propose", "roll back")
TRIGGERS = ("new-data", "drift", "performance")
_MINUTE, _YEAR = timedelta(minutes=1), timedelta(days=366)


def health(table: Table) -> HealthSpec:
    """How long a stretch is looked at, and for how long a version is held against the one before it."""
    table.only("window", "bake", "falling_behind", "slices", "bins")
    return HealthSpec(
        window=table.duration("window", timedelta(hours=1), _YEAR),
        bake=table.duration("bake", _MINUTE, _YEAR) or HealthSpec().bake,
        falling_behind=table.choice("falling_behind", FALLING_BEHIND) or HealthSpec().falling_behind,
        slices=table.texts("slices", most=100) or (),
        bins=_bins(table.table("bins")) if "bins" in table else {},
    )


def _bins(table: Table) -> dict[str, tuple[float, ...]]:
    """``distance = [500, 1000]``: below 500, from 500, from 1000 on."""
    found: dict[str, tuple[float, ...]] = {}
    for column, edges in table.values.items():
        numbers = isinstance(edges, list) and all(type(edge) in (int, float) for edge in edges)
        if not numbers or not are_edges(edges):
            table.mistake(column, f"is {shown(edges)}; it must be a list of rising numbers, at most {MOST_EDGES}.")
        else:
            found[column] = tuple(float(edge) for edge in edges)
    return found


def are_edges(numbers: Sequence[float]) -> bool:
    """Whether ranges can be cut at ``numbers``: they rise, each is finite, and they are not too many."""
    rising = all(map(isfinite, numbers)) and list(numbers) == sorted(set(numbers))
    return rising and 1 <= len(numbers) <= MOST_EDGES


def triggers(page: Mistakes, values: Any) -> tuple[TriggerSpec, ...]:
    """Every trigger that could be read; one of each kind."""
    if not isinstance(values, list):
        page.mistake(("triggers",), f"is {shown(values)}; each trigger begins with a line [[triggers]].")
        return ()
    found: dict[str, TriggerSpec] = {}
    for index, value in enumerate(values[:100]):
        spec = _trigger(Table(page, ("triggers", index), value))
        if spec is not None and spec.on in found:
            page.mistake(("triggers", index), f"is a second one on {spec.on}; keep one of them.")
        elif spec is not None:
            found[spec.on] = spec
    return tuple(found.values())


def _trigger(table: Table) -> TriggerSpec | None:
    table.only("on", "rows", "cool_down")
    on = table.choice("on", TRIGGERS)
    rows = table.whole("rows", 1, 10**12)
    cool_down = table.duration("cool_down", _MINUTE, _YEAR) or TriggerSpec("").cool_down
    if on is None:
        if "on" not in table:
            table.mistake("on", f"is missing; it is one of {', '.join(TRIGGERS)}.")
        return None
    if on == "new-data" and "rows" not in table:
        table.mistake("rows", "is missing; it says after how many new rows a retrain is worth its while.")
        return None
    if on != "new-data" and "rows" in table:
        table.mistake("rows", f"has no meaning beside {on}; leave it out.")
    return TriggerSpec(on, rows, cool_down)
