"""A workspace of four people in which candidates are approved without being proven: nothing of them is in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.access import addresses, operators
from engine.access.entering import found_workspace
from engine.access.proof import AccountProof
from engine.projects import in_force, policy
from engine.projects.source.records import CodeAuthor
from engine.records import Metric
from engine.release import remarks, swap
from engine.release.plan import refusal_to_release
from engine.release.proof import Steps
from engine.release.records import MovePlan
from engine.runs import queue
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.builders import projects
from tests.callers import caller

FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)
MANIFEST = {"project": {"name": "tiny", "owner": "cyd"}}
HOUR = timedelta(hours=1)


def by(name: str, address: str | None = None, *, wrote: bool = True) -> CodeAuthor:
    return CodeAuthor(name.title(), address or f"{name}@example.org", wrote)


def four_people(tmp_path: Path) -> Iterator[Ledger]:
    """ada is an admin; bob, cyd, who owns tiny, and dan are operators; each but dan has an address."""
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    early = FRIDAY - timedelta(days=3)
    with ledger.write() as db:
        found_workspace(db, "ada", caller("ada").proof, early)
        projects.listed(db, "tiny", MANIFEST, early)
    for name in ("bob", "cyd", "dan"):
        way = AccountProof(name, 1000, "tests", "box")
        operators.add(ledger, caller(), name, "operator", "a colleague", early, accounts=[way])
    for name in ("ada", "bob", "cyd"):
        addresses.add(ledger, name, f"{name}@example.org", "who commits", caller(), early)
    yield ledger
    ledger.close()


def candidate(
    ledger: Ledger,
    *authors: CodeAuthor,
    asked_for_by: str = "dan",
    made: datetime = FRIDAY - HOUR,
    against: int | None = None,
) -> str:
    run = queue.enqueue(ledger, "tiny", caller(asked_for_by), made, made, {})
    with ledger.write() as db:
        number = catalog.register(
            db, project="tiny", digest=f"{run}", made_at=made, as_of=made, run=run, verdict="pass", comparison="first",
            sentence="it is so", against=against, metric=Metric("roc_auc", 0.7, 0.6, 0.8, 10), data_until=made,
            expires_at=made + timedelta(days=14), authors=json.dumps([asdict(each) for each in authors]),
        )  # fmt: skip
        queue.finish(db, run, "succeeded", made, version=f"tiny@{number}")
    return f"tiny@{number}"


def ask(ledger: Ledger, name: str, value: str, at: datetime = FRIDAY - HOUR) -> None:
    policy.choose(ledger, name, value, caller(), "the auditor", at)


def refusal(ledger: Ledger, label: str, who: str, now: datetime = FRIDAY) -> str | None:
    with ledger.read() as db:
        return refusal_to_release(db, label, caller(who), now)


def plan(ledger: Ledger, label: str) -> MovePlan:
    """As somebody is shown it now."""
    with ledger.read() as db:
        holds, said = in_force.approval(db, "tiny"), remarks.of_version(db, catalog.find(db, label))
    return MovePlan("tiny", "release", None, label, 0, (), (), (), None, policy=holds, remarks=said)


def approve(ledger: Ledger, shown: MovePlan, who: str, now: datetime = FRIDAY) -> bool:
    """Whether it is live by that."""
    steps, operator = Steps(lambda step: None), caller(who)
    return swap.commit(ledger, shown, MANIFEST, f"r-{who}", steps, "good", operator, now) is not None
