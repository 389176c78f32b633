"""What may run beside a live version, and why not. Pure: records in, a sentence or None out.

- A trial runs beside something that is live and answers requests.
- A shadow may be any version that waits for a decision, also one that failed its gates: it answers nobody.
- A canary answers people. It is what could be approved at this moment, by one who could approve it: a candidate that
  passed its gates, judged against what is live, and in no freeze. Raising its share takes the same; cutting and ending
  it is always possible.
- There is one trial a project. A shadow becomes a canary of the same candidate, and no other way round.
- A request for the live version must hold what the candidate asks for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import Invalid
from engine.records import Version
from engine.scoring.trials import Kind, Trial
from engine.text import plain

SMALLEST = 0.0001
_NAMED = 5
_SHARE = re.compile(r"\d{0,3}(\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: that ``version`` runs beside ``live`` with that share.

    ``removed``: its project was. ``served``: the live version answers requests. ``keys``: the project's key columns.
    ``under_way``: the trial of the project that there is.
    """

    version: Version
    kind: Kind
    share: float
    live: str | None
    removed: bool
    served: bool
    keys: Sequence[str]
    under_way: Trial | None


def why_not(wanted: Wanted, not_approved: str | None, columns: str | None) -> str | None:
    """Why it cannot run beside what is live, or have that share; None where it can.

    ``not_approved``: why whoever asks may not approve the version now; ``columns``: why requests do not fit it.
    """
    label, project = wanted.version.label, wanted.version.project
    if wanted.removed:
        return f"{project} was removed; 'leverframe add' adds it again, then {label} can run beside what is live."
    if (bad := share_problem(wanted.kind, wanted.share)) is not None:
        return bad
    if wanted.live is None:
        return f"Nothing is live of {project}, so {label} has nothing to run beside; approve it instead."
    if not wanted.served:
        return (
            f"{project} answers no requests (its live version says nothing of [serve] realtime), so {label} has "
            "nothing to run beside; write 'realtime = true' there, then retrain and approve what comes of it first."
        )
    if (running := _under_way(wanted)) is not None:
        return running
    return _of_version(wanted, not_approved) or columns


def share_problem(kind: Kind, share: float) -> str | None:
    """Why a trial of that kind cannot have that share."""
    if not SMALLEST <= share <= 1:
        return f"A share is from {SMALLEST:.2%} to 100 %, not {share:.6g}; say one such as 5%."
    if kind == "canary" and share >= 1:
        return "A canary answers a share of the keys; to have a version answer all of them, approve it."
    return None


def _under_way(wanted: Wanted) -> str | None:
    found = wanted.under_way
    if found is None:
        return None
    end = f"'leverframe end-trial {found.project}' ends that, then try again."
    if found.label != wanted.version.label:
        return f"{sentence(found)} already, and a project has one trial at a time; {end}"
    if found.kind == "canary" and wanted.kind == "shadow":
        return f"{sentence(found)}; {end}"
    if found.kind == wanted.kind and found.share == wanted.share:
        return f"{sentence(found)} already; nothing was changed."
    return None


def _of_version(wanted: Wanted, not_approved: str | None) -> str | None:
    version, found = wanted.version, wanted.under_way
    if version.cleaned_at is not None:
        return f"The content of {version.label} was cleaned up on {version.cleaned_at:%d %b %Y}; choose another."
    if wanted.kind == "shadow":
        if version.state in ("candidate", "failed"):
            return None
        only = "only a candidate, or what failed its gates, can be a shadow"
        return f"{version.label} is {version.state}; {only}; retrain makes one."
    if version.state == "failed":
        return (
            f"{version.label} did not pass its gates, so it answers nobody: {version.sentence.rstrip('.')}. As a "
            f"shadow it may run ('leverframe shadow {version.label}')."
        )
    if version.state != "candidate":
        return f"{version.label} is {version.state}; only a candidate can be a canary; retrain makes one."
    if not wanted.keys:
        return (
            f"{version.project} names no key columns ([data] key), so there is no share of keys that {version.label} "
            "could answer; name them and retrain."
        )
    cut = found is not None and found.kind == "canary" and wanted.share < found.share
    return None if cut else not_approved


def columns_missing(
    label: str, live: str, wanted: Mapping[str, str], sent: Mapping[str, str], outputs: Collection[str] = ()
) -> str | None:
    """Why a request for ``live`` does not hold what ``label`` asks for: columns by name, each with its type."""
    lacking = [name for name in wanted if name not in sent]
    other = [
        f"{plain(name, 60)} ({kind} instead of {sent[name]})"
        for name, kind in wanted.items()
        if name in sent and not _fits(sent[name], kind)
    ]
    if lacking:
        named = ", ".join(plain(name, 60) for name in lacking[:_NAMED])
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        return f"{label} asks for {named}{more}, which requests for {live} do not hold; approve it, or retrain without."
    if other:
        return f"{label} takes {', '.join(other[:_NAMED])} than {live} does, so requests do not fit it; approve it."
    return None


def _fits(sent: str, wanted: str) -> bool:
    return sent == wanted or (sent == "integer" and wanted == "number")


def share_words(share: float) -> str:
    """``5 %``; as many digits as it takes."""
    return f"{100 * share:.6g} %"


def sentence(trial: Trial) -> str:
    """``flights@3 answers 5 % of the keys beside what is live``."""
    if trial.kind == "canary":
        return f"{trial.label} answers {share_words(trial.share)} of the keys beside what is live"
    return f"{trial.label} runs as a shadow beside what is live, on {share_words(trial.share)} of the requests"


def share_of(words: str) -> float:
    """``5%``, ``5 %`` or ``0.05`` as a share. Raises Invalid."""
    text = words.strip()
    number = text.removesuffix("%").strip()
    try:
        value = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1 or not _SHARE.fullmatch(number):
        raise Invalid(f"'{plain(words, 40)}' is no share; write one such as 5% or 0.05.")
    return value
