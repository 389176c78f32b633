"""What holds a project's steps on this machine, in words for ``check``, ``doctor`` and the decision card. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.json_records import read
from engine.projects.manifest.records import SandboxSpec
from engine.records import DoctorFinding
from engine.text import plain

WHAT = "sandbox"


@dataclass(frozen=True)
class StepHold:
    """What held a step. ``landlock``: its version, 0 without; ``calls``: whether calls of the system were filtered;
    ``alone``: whether it had a namespace of processes and places to listen of its own; ``group``: limits by cgroup."""

    landlock: int
    calls: bool
    alone: bool
    group: bool


def weakest(each: Sequence[StepHold | None]) -> StepHold | None:
    """What held all of some steps; None when of one it is not known."""
    known = [held for held in each if held is not None]
    if not known or len(known) < len(each):
        return None
    return StepHold(
        landlock=min(held.landlock for held in known),
        calls=all(held.calls for held in known),
        alone=all(held.alone for held in known),
        group=all(held.group for held in known),
    )


def gaps(held: StepHold, *, network: bool = True) -> tuple[str, ...]:
    """What a step can do here although it shall not, each as the end of "a step can …"."""
    found = []
    if held.landlock == 0:
        found.append("read, change and delete all that this account may (Linux 5.13 with Landlock would refuse it)")
    elif held.landlock < 3:
        found.append("empty files of this account (Linux 6.2 would refuse it)")
    if held.landlock < 6 and not held.alone:
        found.append("send signals to this account's other processes (Linux 6.12 would refuse it)")
    # Landlock has no word for sockets with a path; they are hidden where a step has a namespace of its own.
    listening = [] if held.alone else ["agents, managers of services and others that listen on a socket with a path"]
    listening += ["whoever listens on an abstract socket (Linux 6.12 would refuse it)"] if held.landlock < 6 else []
    if listening and held.landlock:
        found.append(f"ask {', and '.join(listening)} to do something as this account")
    if not held.calls:
        found.append("change modes and times of this account's files (told apart on x86_64 and aarch64 only)")
        if not network:
            what = "use the network but for TCP" if held.landlock >= 4 else "use the network"
            found.append(f"{what}, which [sandbox] forbids")
    return tuple(found)


def allowed(spec: SandboxSpec) -> str:
    """What the steps of a project may beyond the rule: ``network; reads /data/flights``."""
    reads = f"reads {', '.join(plain(path, 200) for path in spec.read)} too" if spec.read else "reads nothing else"
    return f"{reads}, {'may use the network' if spec.network else 'has no network'}"


def finding(spec: SandboxSpec, held: StepHold | None) -> DoctorFinding:
    """How the steps of a project are held: well, with gaps (watch), not known, or not at all by its own wish."""
    if spec.off is not None:
        said = (
            f"off: nothing holds the steps, they may do all that this account may; the reason given: {plain(spec.off)}"
        )
        return DoctorFinding(WHAT, "failing", said)
    if held is None:
        return DoctorFinding(WHAT, "watch", f"{allowed(spec)}; what held the steps of this version was not recorded")
    missing = gaps(held, network=spec.network)
    if held.landlock == 0:
        return DoctorFinding(WHAT, "watch", f"nothing holds the steps here: a step can {'; and '.join(missing)}")
    if missing:
        return DoctorFinding(WHAT, "watch", f"{allowed(spec)}; but a step can {'; and '.join(missing)}")
    return DoctorFinding(WHAT, "ok", f"held by the system; {allowed(spec)}")


def machine(held: StepHold) -> DoctorFinding:
    """What this machine can hold, for ``doctor``."""
    missing = gaps(held)
    if held.landlock == 0:
        return DoctorFinding(WHAT, "watch", f"this system cannot hold steps: a step can {'; and '.join(missing)}")
    parts = [f"Landlock {held.landlock}"]
    parts += [word for word, there in (("a filter of calls", held.calls), ("a namespace", held.alone)) if there]
    parts.append("limits by cgroup" if held.group else "limits by looking, as no cgroup is delegated")
    by = ", ".join(parts)
    if missing:
        return DoctorFinding(WHAT, "watch", f"steps are held by {by}; but a step can {'; and '.join(missing)}")
    return DoctorFinding(WHAT, "ok", f"steps are held by {by}; docs/trust.md says what no such thing can prevent")


def document(each: Sequence[StepHold | None]) -> dict[str, Any]:
    """What a version keeps of how the steps that made it were held."""
    held = weakest(each)
    return asdict(held) if held is not None else {}


def recorded(kept: Mapping[str, Any]) -> StepHold | None:
    """What a version says of it; None for one that was made before that was kept. Raises Damage."""
    return read(StepHold, kept, "How the steps of the version were held") if kept else None
