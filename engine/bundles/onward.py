"""Where a version is, from host to host: each answer names the hosts that it was sent on to, and these are asked next.

- A host is asked once, by its name; a workspace that answers under a second name is told as that and not gone on from.
  So a loop ends.
- What answers is whoever this operator's own ssh reaches, with their key: a name that a stranger tells opens nothing.
- No more than ``MOST_HOSTS`` hosts are asked, and none more than ``DEEPEST`` steps from here; what is left out is told.
- One that does not answer is told, and keeps nobody from asking the next.

What asks is an argument. Those of one step are asked beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engine.bundles.whereabouts import Stage, Whereabouts
from engine.errors import LeverframeError
from engine.text import plain

MOST_HOSTS, DEEPEST, AT_ONCE = 30, 5, 8


@dataclass(frozen=True)
class Answer:
    """What a host said. ``workspace``: the first digest of its trail, None of an older Leverframe; ``sent_to``: the
    hosts that it was sent to from there, as they are called there."""

    found: tuple[Whereabouts, ...]
    workspace: str | None = None
    sent_to: tuple[str, ...] = ()


Asking = Callable[[str], Answer]


def everywhere(first: Iterable[str], own: str, asking: Asking) -> tuple[Stage, ...]:
    """What each host says, those that are asked first before those that they tell of. ``own``: this workspace."""
    stages: list[Stage] = []
    workspaces = {own: "this workspace"}
    level: list[tuple[str, str | None]] = [(host, None) for host in dict.fromkeys(first)]
    named: set[str] = {host for host, _ in level}
    for _ in range(DEEPEST):
        room = MOST_HOSTS - len(stages)
        if not level or room <= 0:
            break
        now, level = level[:room], level[room:]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda each: _asked(each[0], asking), now))
        for (host, via), answer in zip(now, answers, strict=True):
            stage, onward = _stage(host, via, answer, workspaces)
            stages.append(stage)
            level += [(each, host) for each in dict.fromkeys(onward) if each not in named]
            named.update(onward)
    return (*stages, *_left(level))


def _asked(host: str, asking: Asking) -> Answer | str:
    try:
        return asking(host)
    except LeverframeError as error:
        return str(error)


def _stage(
    host: str, via: str | None, answer: Answer | str, workspaces: dict[str, str]
) -> tuple[Stage, tuple[str, ...]]:
    """The row of it, and whom it tells of. ``workspaces``: those that have answered, with their names; it grows."""
    shown, told_by = plain(host, 80), plain(via, 80) if via is not None else None
    if isinstance(answer, str):
        return Stage(shown, (), answer, told_by), ()
    if answer.workspace is not None and answer.workspace in workspaces:
        return Stage(shown, (), f"it is {workspaces[answer.workspace]} under another name", told_by), ()
    if answer.workspace is not None:
        workspaces[answer.workspace] = shown
    return Stage(shown, answer.found, None, told_by), answer.sent_to


def _left(level: list[tuple[str, str | None]]) -> tuple[Stage, ...]:
    """The hosts that were told of and not asked, in one row."""
    if not level:
        return ()
    shown = plain(level[0][0], 80)
    more = f" and {len(level) - 1:,} more were" if len(level) > 1 else " was"
    return (Stage(shown, (), f"it{more} not asked: no more than {MOST_HOSTS} are, and none more than {DEEPEST} steps "
                  "from here; ask it itself"),)  # fmt: skip
