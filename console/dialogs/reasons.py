"""The dialogs that ask for nothing but a reason: what each says before it does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.acting.commands import Command, Lift, Reject
from console.acting.disk_commands import EmptyBin, Restore
from console.acting.run_commands import Allow, Cancel, Pause, Resume
from console.dialogs.dialog import ReasonDialog
from console.dialogs.remarks import RemarksDialog
from console.dialogs.typed import TypedDialog
from engine.access.confirmation import word_of_workspace
from engine.housekeeping.records import BinItem
from engine.records import Run
from engine.schedule.records import Schedule


def _asks(title: str, verb: str, said: str, make: Callable[[str], Command]) -> ReasonDialog:
    return ReasonDialog(title, said.split("\n"), verb, make)


def rejecting(label: str) -> ReasonDialog:
    """Turn a candidate down."""
    said = (
        f"{label} is turned down and cannot be approved any more; a new retrain makes a new candidate.",
        "What is live stays live. The version is kept, and your reason is shown on the next card.",
    )
    return RemarksDialog("REJECT", label, said, "reject it", Reject)


def lifting(label: str) -> ReasonDialog:
    """Lift the bar of a version that was rolled back from."""
    said = (
        f"{label} was rolled back from, so nobody can make it live by accident. Without its bar it can be rolled back "
        "to again, after the same proof as any version.\nNothing goes live now."
    )
    return _asks(f"LIFT THE BAR OF {label}", "lift the bar", said, lambda reason: Lift(label, reason))


def cancelling(run: Run) -> ReasonDialog:
    """End a run."""
    said = (
        f"Run {run.id}, a {run.job} of {run.project}, is ended with everything it started. Its log is kept.\n"
        "No version comes of it; what is live stays live."
    )
    return _asks(f"CANCEL RUN {run.id}", "cancel it", said, lambda reason: Cancel(run.id, reason))


def allowing(run: Run, asks: Sequence[str]) -> ReasonDialog:
    """Let a project's steps reach what a run was stopped for."""
    said = (
        f"leverframe.toml asks for more than anybody allowed the steps of {run.project}:\n"
        + "".join(f"· {each}\n" for each in asks)
        + "From the next run on they have that, before anybody has approved what comes of it. Nothing runs now; "
        "only an admin may say so."
    )
    return _asks(f"ALLOW WHAT RUN {run.id} ASKS FOR", "allow it", said, lambda reason: Allow(run.id, reason))


def pausing(schedule: Schedule) -> ReasonDialog:
    """Let a schedule start nothing for a while."""
    project, job = schedule.project, schedule.job
    said = (
        f"The {job} schedule of {project} starts nothing until somebody resumes it; each due time in between is "
        "recorded as skipped.\nWhat runs now goes on, and r still starts one by hand."
    )
    return _asks(f"PAUSE {project} {job}", "pause it", said, lambda reason: Pause(project, job, reason))


def resuming(schedule: Schedule) -> ReasonDialog:
    """Let a paused schedule act again."""
    project, job = schedule.project, schedule.job
    said = f"The {job} schedule of {project} acts again from now on; nothing of the time it was paused is made up for."
    return _asks(f"RESUME {project} {job}", "resume it", said, lambda reason: Resume(project, job, reason))


def restoring(item: BinItem) -> ReasonDialog:
    """Put something back from the bin."""
    said = f"{item.what} is put back where it was; nothing else is touched."
    return _asks("RESTORE FROM THE BIN", "restore it", said, lambda reason: Restore(item.id, item.what, reason))


def emptying(home: str) -> ReasonDialog:
    """Remove what is in the bin of the workspace at ``home`` for good."""
    said = (
        "Everything in the bin is removed for good. This cannot be taken back.",
        "What is live, what can be rolled back to and what waits is not in the bin.",
    )
    word, which = word_of_workspace(home), "the name of this workspace's folder"
    return TypedDialog("EMPTY THE BIN", said, "remove it for good", word, which, EmptyBin)
