"""What a version is scored by in this workspace: what its document names, or a process of its own where this Leverframe
lacks what that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.records import DoctorFinding
from engine.scoring.onnx_scorer import LACKING, runtime

if TYPE_CHECKING:
    from engine.versions.records import ScorerSection


def said_here(section: ScorerSection) -> str:
    """The section in one line, with what is otherwise here."""
    if section.maker != "onnx" or runtime():
        return section.sentence
    return f"{section.sentence}; here a process of its own answers, for {LACKING}"


def finding(label: str, section: ScorerSection) -> DoctorFinding | None:
    """Told of a live version only where it answers otherwise here than its document says."""
    if section.maker != "onnx" or runtime():
        return None
    said = f"it answers as ONNX elsewhere, and here by a process of its own, which takes longer: {LACKING}"
    return DoctorFinding(f"scorer {label}", "watch", said)
