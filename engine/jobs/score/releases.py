"""Under which release something was scored. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.jobs.score.records import Release, Scoring


def in_force(found: Sequence[Release], scoring: Scoring) -> Release | None:
    """The release under which ``scoring`` was begun; None where its version was not live then."""
    return next(
        (
            each
            for each in found
            if each.deployment.at <= scoring.at and (each.until is None or scoring.at < each.until)
        ),
        None,
    )
