"""Whether a version may come in, and what is said of it then. Pure: what is known of it here and there goes in.

- A version that is here already is not taken in twice; only where it grew old undecided it is offered anew.
- One that did not pass its gates where it was made is not offered anywhere.
- One that is barred here does not come in beside itself: its bar is lifted, as that of any other version.
- One that was rejected here, is barred or rejected where it comes from, or was made before one that is barred here,
  comes in only where an admin takes it in despite that, with a reason.
- What it was judged against there says something here only where the very same version is live here; where another is,
  it is judged here (``judging``). What fails here is not offered; what cannot be told is for whoever decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import moment
from engine.records import Comparison, Version

if TYPE_CHECKING:
    from engine.versions.judged_here import JudgedHere
    from engine.versions.origins import Origin, Station
    from engine.versions.records import Judgement


@dataclass(frozen=True)
class Known:
    """A version of the project that is here, with where it came from if it was not made here."""

    version: Version
    origin: Origin | None

    @property
    def first_made(self) -> datetime:
        """When it was made, wherever that was."""
        return moment(self.origin.stations[0].made_at) if self.origin is not None else self.version.made_at


def already(known: Sequence[Known], digest: str) -> str | None:
    """What is to be done with the version that is here and is this one, as a sentence; None where none is, or it is to
    be offered anew."""
    live = next((each.version.label for each in known if each.version.state == "live"), None)
    same = [each.version for each in known if each.version.digest == digest]
    for version in sorted(same, key=lambda each: each.state == "expired"):
        label, project = version.label, version.project
        said = {
            "candidate": f"waits for a decision: leverframe approve {label} --reason '…'",
            "live": "is live",
            "retired": f"was live before: leverframe rollback {project} --to {label} --reason '…' goes back to it",
            "failed": f"did not pass its gates: {version.sentence}",
        }.get(version.state)
        if version.state == "failed" and version.against != live:
            continue  # What it did not pass against is not what is live by now.
        if said is not None and version.cleaned_at is None:
            return f"It is here already as {label}, which {said.rstrip('.')}."
    return None


def barred_here(known: Sequence[Known], digest: str) -> str | None:
    """The bar that is on this very version here, and the way on, as a sentence; None where there is none."""
    for each in known:
        version = each.version
        if version.digest == digest and version.state == "barred":
            return (
                f"It is here already as {version.label}, which is barred: {version.reason}. Lift that with 'leverframe "
                f"lift {version.label} --reason …', and go back to it."
            )
    return None


def against_it(known: Sequence[Known], digest: str, stations: Sequence[Station]) -> str | None:
    """What speaks against it here or there, so that only an admin takes it in, as a sentence; None: nothing does."""
    for each in known:
        version = each.version
        if version.digest == digest and version.state == "rejected":
            return f"it is here already as {version.label}, which was {version.reason}."
    for station in reversed(stations):
        if station.state in ("barred", "rejected"):
            return f"{station.label} is {station.state} where it comes from: {station.why}."
    barred = [each for each in known if each.version.state == "barred"]
    newest = max(barred, key=lambda each: each.first_made, default=None)
    if newest is not None and moment(stations[0].made_at) < newest.first_made:
        made = f"{moment(stations[0].made_at):%d %b %Y %H:%M} UTC"
        return (
            f"it was made on {made}, before {newest.version.label} which is barred here "
            f"({newest.version.reason}), and is older than what was turned away."
        )
    return None


@dataclass(frozen=True)
class Standing:
    """How a version that came in stands to what is live here. ``same_ground``: as it did where it was judged."""

    comparison: Comparison
    sentence: str
    same_ground: bool


def standing(
    judged: Judgement, source: str, there: str | None, same: bool, found: JudgedHere | None
) -> Standing:
    """``there``: the label of what it was judged against at ``source``; ``same``: that is the very version that is live
    here, or nothing is live in both; ``found``: what it was found to be here, where another is live."""
    if same:
        return Standing(judged.comparison, judged.sentence, True)
    if found is not None:
        here = found.answer.judgement
        return Standing(here.comparison, here.sentence, False)
    said = f"Judged at {source}, against {f'what is {there} there' if there else 'nothing'}, and nothing is live here: "
    return Standing("first", said + judged.sentence, False)
