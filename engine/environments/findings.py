"""What ``doctor`` says of environments: those that stand here, and what the projects lack on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from engine.environments import programs
from engine.environments.kind import KINDS
from engine.environments.records import StandingEnvironment, Supply
from engine.errors import LeverframeError, Refusal
from engine.projects.manifest.reader import load_manifest
from engine.records import DoctorFinding


def lacking(project: str, folder: Path) -> Iterator[DoctorFinding]:
    """What this machine has not of what the project in ``folder`` asks for, so that its next run would end at once; a
    manifest that cannot be read is ``check``'s affair."""
    try:
        spec = load_manifest(folder).environment
        missing = KINDS[spec.kind].lacks(spec)
    except Refusal:
        return
    if missing:
        yield DoctorFinding(f"environment of {project}", "failing", "; ".join(missing))


def standing_environments(
    place: Path, users: Mapping[str, list[str]], supply: Callable[[str], Supply], *, mend: bool
) -> list[DoctorFinding]:
    """Every environment in the folder ``place``, compared as before a run. ``users``: whose it is, by its name;
    ``supply``: what versions keep of one, by the digest of its lock."""
    findings = []
    for each in (each for kind in KINDS.values() for each in kind.standing(place)):
        of = ", ".join(users.get(each.name, ["no run yet"]))
        what = f"environment {each.name} ({of})"
        if each.pictured and not each.differences:
            findings.append(DoctorFinding(what, "ok", "as it was built from its lock"))
            continue
        said = "; ".join(each.differences) or "an earlier Leverframe built it and took no picture of it"
        if mend:
            findings.append(_mended(place, each, supply, what, said))
        elif each.pictured:
            advice = "runs refuse it. 'leverframe doctor --fix' builds it anew"
            if each.lock is not None and programs.differences(each.lock.programs):
                advice = "runs refuse it until that is there again"  # No build brings what is the machine's.
            findings.append(DoctorFinding(what, "failing", f"{said}; {advice}"))
        else:
            advice = "the next run that needs it builds it anew, 'leverframe doctor --fix' does so now"
            findings.append(DoctorFinding(what, "watch", f"{said}; {advice}"))
    return findings


def _mended(
    place: Path, found: StandingEnvironment, supply: Callable[[str], Supply], what: str, said: str
) -> DoctorFinding:
    if not found.pictured and found.lock is None:
        return DoctorFinding(
            what, "watch", f"{said}, and its lock cannot be read; the next run that needs it builds it anew"
        )
    try:
        done = KINDS[found.kind].mend(found, place, supply(found.lock.digest if found.lock else ""))
    except LeverframeError as error:
        return DoctorFinding(what, "failing", f"{said}. It could not be built anew: {str(error).rstrip('.')}")
    return DoctorFinding(what, "ok", f"{said}. It was {done}", mended=True)
