"""What a project's steps may reach beyond the rule that holds every step: paths, the network, variables, a cluster.

A candidate's steps run before anybody has approved it, so what they may reach is not for the candidate to say.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.projects.manifest.records import SandboxSpec
from engine.projects.manifest.sandbox import spec_of
from engine.text import plain


@dataclass(frozen=True)
class Reach:
    """What a manifest asks for: its ``[sandbox]``, the ``variables`` that are passed on, the ``scheduler`` of a
    cluster that gets its code."""

    sandbox: SandboxSpec
    variables: tuple[str, ...]
    scheduler: str | None

    def document(self) -> dict[str, Any]:
        """The parts of a manifest that say this, for ``reach_of``."""
        sandbox = {"read": list(self.sandbox.read), "network": self.sandbox.network}
        if self.sandbox.off is not None:
            sandbox["off"] = self.sandbox.off
        asked: dict[str, Any] = {"sandbox": sandbox, "environment": {"pass": list(self.variables)}}
        return asked if self.scheduler is None else {**asked, "compute": {"scheduler": self.scheduler}}


def reach_of(manifest: Mapping[str, Any]) -> Reach:
    """What the ``manifest`` asks for, which was read before."""
    passed = (manifest.get("environment") or {}).get("pass") or ()
    scheduler = (manifest.get("compute") or {}).get("scheduler")
    return Reach(spec_of(manifest), tuple(passed), scheduler)


RULE = Reach(SandboxSpec(), (), None)
"""What a manifest gives that says nothing of it."""


def beyond_the_rule(asked: Reach) -> tuple[str, ...]:
    """What of ``asked`` is more than a manifest gives that says nothing of it, in words."""
    return beyond(asked, RULE)


def unvouched(what: tuple[str, ...]) -> str:
    """Why somebody who came over SSH and is no admin gets no steps to begin that ask for ``what``."""
    return (
        f"Its steps ask for more than anybody allowed: {'; '.join(what)}. Over SSH an admin alone vouches for that; "
        "ask one, or take it out of leverframe.toml."
    )


def beyond(asked: Reach, given: Reach, real: Callable[[str], str] = os.path.realpath) -> tuple[str, ...]:
    """What of ``asked`` is more than ``given``, in words; () where all of it is given.

    ``real``: where a path leads to, since that is what is opened to a step: a link in a folder that may be read can
    lead out of it.
    """
    found = []
    before, after = given.sandbox, asked.sandbox
    if after.off is not None and before.off is None:
        found.append(f'to be held by nothing ("{plain(after.off, 300)}")')
    if before.off is None:
        open_to = [real(path) for path in before.read]
        found += [
            f"to read {plain(path, 200)}"
            for path in after.read
            if not any(_within(real(path), folder) for folder in open_to)
        ]
        if after.network and not before.network:
            found.append("to use the network")
    found += [f"the variable {plain(name, 100)}" for name in asked.variables if name not in given.variables]
    if asked.scheduler is not None and asked.scheduler != given.scheduler:
        found.append(f"to send its code to the cluster at {plain(asked.scheduler, 200)}")
    return tuple(found)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
