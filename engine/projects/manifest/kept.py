"""What is asked of a thousand kept manifests at once: two sections of each, and not the 0.8 ms that a whole one takes.

A manifest changes once in weeks and the first screen asks once a second, so what was read is remembered by its text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.vocabulary.gates import GateRule

if TYPE_CHECKING:
    from engine.projects.manifest.records import Manifest, ReportSpec

_MOST = 4096


@dataclass(frozen=True)
class Judged:
    """By what a project is judged: its metrics, the first of them the key metric, and its limits for their values."""

    metrics: tuple[str, ...] = ()
    limits: tuple[GateRule, ...] = ()


@dataclass(frozen=True)
class Readers:
    """Who reads of a project, in which words, and the time zone that they live by."""

    report: ReportSpec
    zone: str


@lru_cache(maxsize=_MOST)
def judged_in(text: str) -> Judged:
    """As the manifest has it, also where this Leverframe would not take it: a gate that is no table is passed over."""
    document: dict[str, Any] = json.loads(text)
    return Judged(
        tuple(str(name) for name in document.get("validation", {}).get("metrics", ())),
        tuple(
            GateRule(kind, gate.get("metric"), gate[kind])
            for gate in document.get("gates", ())
            if isinstance(gate, dict)
            for kind in ("at_least", "at_most")
            if isinstance(gate.get(kind), int | float)
        ),
    )


@lru_cache(maxsize=_MOST)
def readers_in(text: str) -> Readers:
    """Whom the report goes to, and when it is morning there."""
    from engine.projects.manifest.report import spec_of
    from engine.projects.manifest.schedule import zone_in

    document = json.loads(text)
    return Readers(spec_of(document), zone_in(document))


@lru_cache(maxsize=_MOST)
def manifest_in(text: str) -> Manifest:
    """The whole of it."""
    from engine.projects.manifest.reader import manifest_of

    return manifest_of(json.loads(text))
