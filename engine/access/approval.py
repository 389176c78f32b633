"""What the approval of a version takes: how many people, and whose eyes. Pure.

What is asked is what is in force (``projects.in_force``), never what the candidate brings along.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.records import Actor


@dataclass(frozen=True)
class Approval:
    """What is in force for those who approve, whatever the candidate says itself, and what was given so far."""

    needed: int
    four_eyes: bool
    requested_by: str
    given_by: tuple[str, ...]

    @property
    def missing_after_one(self) -> int:
        """How many more people are needed once one more has approved."""
        return max(0, self.needed - len(self.given_by) - 1)


def same_eyes(by: Actor, requested_by: str, *, four_eyes: bool) -> bool:
    """Whether ``by`` would decide on what they asked for themselves, where a second person is to."""
    return four_eyes and by.name == requested_by


def why_not_approve(label: str, approval: Approval, by: Actor) -> str | None:
    """Why ``by`` may not be one of those who approve ``label``, or None when they may."""
    if same_eyes(by, approval.requested_by, four_eyes=approval.four_eyes):
        return f"{by.name} asked for this retrain, and this project wants a second person to approve it."
    if by.name in approval.given_by:
        return f"{by.name} has approved {label} already; it waits for another person."
    return None
