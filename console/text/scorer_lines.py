"""What a version is scored by, whole: each form that was tried, with the evidence, and why not where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.text.export_lines import parity_lines
from console.text.lines import EMPTY, SENTENCE, Line, Span, line, wrapped
from engine.text import plain

if TYPE_CHECKING:
    from engine.versions.parity import Parity
    from engine.versions.records import ScorerSection

_FORMS = {"compiled": "compiled tables", "split": "tables behind its first steps", "onnx": "ONNX"}


def scorer_lines(section: ScorerSection, width: int) -> list[Line]:
    """All of it, under a head of its own; nothing where nobody asked when the version was made."""
    if not section.asked:
        return []
    lines: list[Line] = [line(Span("SCORED BY", "head"), " ", section.words)]
    if section.split is not None:
        made = f"{section.split.named} and makes {len(section.split.columns):,} columns"
        lines += wrapped(f"its process does {made}, from which the tables answer", width, tone="dim")
    for each in section.tried:
        lines += _form(_FORMS[each.maker], each.why, each.parity, width)
    last = section.maker if section.maker != "process" else "onnx" if section.tried else "compiled"
    lines += _form(_FORMS[last], section.why, section.parity, width)
    if section.one_pass is not None:
        lines += wrapped(f"its process: {section.one_pass.sentence}", width, tone="dim")
    return lines


def _form(name: str, why: str, parity: Parity | None, width: int) -> list[Line]:
    said = f"{name}: not used, {plain(why, SENTENCE)}" if why else f"{name}: used"
    lines = wrapped(said, width, tone="watch" if parity is not None and why else "dim" if why else "ok")
    if parity is None:
        return lines
    return [*lines, EMPTY, *parity_lines(parity, width, what=name.upper()), EMPTY]
