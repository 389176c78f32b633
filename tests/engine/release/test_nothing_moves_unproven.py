"""A version that does not reproduce its own predictions goes live by no way, and nothing of the attempt is left."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Damage, Forbidden, Invalid, Refusal
from engine.release import swap
from engine.release.records import MovePlan
from engine.storage.ledger import Ledger
from engine.storage.stored_files import StoredFile
from engine.versions import document as documents
from engine.versions.records import VersionDocument
from tests import tiny
from tests.builders import projects
from tests.builders.versions import altered
from tests.ledger import ledger_of, reading, rows_of, store_of, writing
from tests.people import bound_caller_of, caller_of

pytestmark = pytest.mark.slow  # a history of four retrains, made once

Change = Callable[[pa.Table], pa.Table]
# How a plan is made, and the version that it makes live: each way by which one can become so.
WAYS: dict[str, tuple[Callable[[Engine], MovePlan], str]] = {
    "release": (lambda engine: engine.plan_release("tiny@4"), "tiny@4"),
    "rollback": (lambda engine: engine.plan_rollback("tiny"), "tiny@2"),
    "lifted rollback": (lambda engine: engine.plan_rollback("tiny", "tiny@1", lift=True), "tiny@1"),
}


def moved_a_little(column: str, by: float, row: int = 0) -> Change:
    def change(table: pa.Table) -> pa.Table:
        values = table.column(column).to_pylist()
        values[row] = values[row] + by if column != "prediction" else 1 - values[row]
        return table.set_column(table.column_names.index(column), column, pa.array(values))

    return change


DIFFERENT: dict[str, Change] = {
    "a score by a thousandth": moved_a_little("p_1", 1e-3),
    "a score by a millionth": moved_a_little("p_0", 1e-6),
    "the last score by a hundred millionth": moved_a_little("p_1", 1e-8, row=-1),
    "one decision": moved_a_little("prediction", 0, row=7),
    "a row less": lambda table: table.slice(1),
    "other columns": lambda table: table.rename_columns(["prediction", "p_1", "p_0"]),
}


def recorded_otherwise(engine: Engine, label: str, change: Change) -> None:
    """Let the version called ``label`` have recorded other predictions than it makes."""
    document = documents.of_version(store_of(engine), label, engine.version(label).digest)
    table = pa.parquet.read_table(pa.BufferReader(store_of(engine).read(document.golden.predictions)))
    written = io.BytesIO()
    pa.parquet.write_table(change(table), written)
    golden = replace(document.golden, predictions=store_of(engine).put_content(written.getvalue()))
    written_over(engine, label, replace(document, golden=golden))


def with_other(engine: Engine, files: tuple[StoredFile, ...], name: str, content: bytes) -> tuple[StoredFile, ...]:
    """``files``, the one called ``name`` with other content."""
    new = store_of(engine).put_content(content)
    other = {"digest": new.digest, "size": new.size, "chunks": new.chunks}
    return tuple(replace(each, **other) if each.path == name else each for each in files)  # type: ignore[arg-type]


def written_over(engine: Engine, label: str, document: VersionDocument) -> None:
    """Let the version called ``label`` be ``document``, as only somebody with the file in their hands can."""
    digest = documents.save(store_of(engine), document)
    with writing(engine) as db:
        guards = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'versions'")
        triggers = guards.fetchall()
        for trigger in triggers:
            db.execute(f"DROP TRIGGER {trigger['name']}")
        db.execute("UPDATE versions SET digest = ? WHERE project || '@' || number = ?", (digest, label))
        for trigger in triggers:
            db.execute(trigger["sql"])


def everything(engine: Engine) -> dict[str, Any]:
    """What a move would change: every table but that of the environments, which says when each was last found whole;
    where the live link leads, the release folders, what the proof left."""
    found: dict[str, Any] = {**rows_of(engine, but={"pictures"})}
    found["link"] = os.readlink(engine.home / "live" / "tiny")
    found["releases"] = sorted(os.listdir(engine.home / "releases" / "tiny"))
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("difference", DIFFERENT)
def test_a_version_that_does_not_reproduce_goes_live_by_no_way(releases: Engine, way: str, difference: str) -> None:
    plan, label = WAYS[way]
    recorded_otherwise(releases, label, DIFFERENT[difference])
    before, told = everything(releases), []
    with pytest.raises(Refusal, match=rf"{label} does not reproduce its own predictions: \d+ of \d+ golden rows") as no:
        releases.move(plan(releases), "newer data", told.append)
    assert everything(releases) == before
    assert [step.what for step in told] == ["code, data, schema, model and environment rebuilt from the store"]
    differ, of = str(no.value).split(": ")[1].split(" golden")[0].split(" of ")
    assert int(differ) == (int(of) if difference in ("a row less", "other columns") else 1)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_by_each_way_without_a_difference_goes_live_and_says_what_was_proven(
    releases: Engine, way: str
) -> None:
    plan, label = WAYS[way]
    before = everything(releases)
    shown = plan(releases)
    told: list[Any] = []
    moved = releases.move(shown, "  newer data ", told.append)
    assert moved.deployment is not None and moved.undo == "tiny@3"
    after = everything(releases)
    number = int(label[-1])
    assert len(after["deployments"]) == len(before["deployments"]) + 1
    kind = "release" if way == "release" else "rollback"
    newest = releases.swaps(project="tiny")[-1]
    assert (newest.number, newest.previous, newest.kind, newest.actor, newest.reason) == (
        number, 3, kind, "ada", "newer data",
    )  # fmt: skip
    assert newest == moved.deployment
    with reading(releases) as db:
        row = db.execute("SELECT * FROM deployments ORDER BY seq DESC LIMIT 1").fetchone()
    assert after["link"] == os.path.join("..", "releases", "tiny", row["release"])
    assert after["releases"] == [row["release"]]
    assert row["release"].startswith(f"{number}-{releases.version(label).digest[:12]}-")
    assert [step["what"] for step in json.loads(row["proof"])] == [
        "code, data, schema, model and environment rebuilt from the store", "200 of 200 golden rows equal",
    ]  # fmt: skip
    assert [step.what for step in told[2:]] == [f"live: {label}, written to the ledger and linked"]
    assert list(moved.steps) == told and all(step.seconds >= 0 for step in told)
    states = {v.label: v.state for v in releases.versions("tiny")}
    old = "retired" if way == "release" else "barred"
    assert states[label] == "live" and states["tiny@3"] == old
    assert ("is barred until someone lifts it" in moved.sentence) == (way != "release")
    assert releases.version(label).live_until is None and releases.version("tiny@3").live_until == newest.at
    assert states["tiny@4"] == ("live" if way == "release" else "expired")
    assert releases.verify_audit().ok
    assert [row.action for row in releases.audit(limit={"release": 2, "rollback": 1}.get(way, 2))][::-1] == {
        "release": ["approve", "release"], "rollback": ["rollback"], "lifted rollback": ["lift", "rollback"],
    }[way]  # fmt: skip
    assert releases.doctor(False) is not None


@pytest.mark.parametrize("way", WAYS)
def test_a_version_whose_code_now_says_otherwise_goes_live_by_no_way(releases: Engine, way: str) -> None:
    """The record is as it was; what is rebuilt decides otherwise about a few rows."""
    plan, label = WAYS[way]
    document = documents.of_version(store_of(releases), label, releases.version(label).digest)
    text = tiny.STEPS.replace("0.0001 * x", "0.0001 * x + 0.0002")
    files = with_other(releases, document.code.files, "steps.py", text.encode())
    written_over(releases, label, replace(document, code=replace(document.code, files=files)))
    before = everything(releases)
    with pytest.raises(Refusal, match="does not reproduce its own predictions: 200 of 200 golden rows differ"):
        releases.move(plan(releases), "newer data", lambda step: None)
    assert everything(releases) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_version_whose_score_step_fails_goes_live_by_no_way(releases: Engine, way: str) -> None:
    plan, label = WAYS[way]
    document = documents.of_version(store_of(releases), label, releases.version(label).digest)
    files = with_other(releases, document.model.files, "table.json", b"[]")
    written_over(releases, label, replace(document, model=replace(document.model, files=files)))
    before = everything(releases)
    with pytest.raises(Refusal, match=f"{label} cannot be proven: .*IndexError.* Nothing was changed."):
        releases.move(plan(releases), "newer data", lambda step: None)
    assert everything(releases) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", ["code", "model", "data", "golden inputs", "golden predictions", "lock", "document"])
def test_a_version_of_which_a_part_is_damaged_goes_live_by_no_way(releases: Engine, way: str, part: str) -> None:
    plan, label = WAYS[way]
    shown = plan(releases)
    digest = releases.version(label).digest
    document = documents.of_version(store_of(releases), label, digest)
    kept = {
        "document": (digest,), "lock": document.environment.lock.chunks, "golden inputs": document.golden.inputs.chunks,
        "golden predictions": document.golden.predictions.chunks,
    }.get(part) or documents.folders(document)[part][0].chunks  # fmt: skip
    for path in map(store_of(releases).path, kept):
        path.chmod(0o644)
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # another one, whatever it was
    before = everything(releases)
    said = f"{label} is damaged: .*no backup is known to restore that from; choose another version"
    with pytest.raises(Damage, match=said):
        releases.move(shown, "newer data", lambda step: None)
    assert everything(releases) == before


# The compare of compare-and-set


def test_of_two_who_were_shown_the_same_the_second_is_told_who_was_first(releases: Engine) -> None:
    first, second = releases.plan_rollback("tiny"), releases.plan_release("tiny@4")
    releases.move(first, "it was better", lambda step: None)
    before = everything(releases)
    with pytest.raises(Conflict, match='ada made tiny@2 live at .* UTC \\("it was better"\\) after this was shown'):
        releases.move(second, "newer data", lambda step: None)
    assert everything(releases) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_plan_whose_target_changed_meanwhile_moves_nothing(releases: Engine, way: str) -> None:
    plan, label = WAYS[way]
    shown = plan(releases)
    altered(releases, int(label[-1]), state="rejected")
    before = everything(releases)
    with pytest.raises(Conflict):
        releases.move(shown, "newer data", lambda step: None)
    assert everything(releases) == before


def test_what_changes_while_it_is_proven_is_seen_before_the_commit(releases: Engine, releases_ledger: Ledger) -> None:
    """Somebody rejects the candidate while its golden rows are scored."""
    bob = caller_of(releases_ledger, "bob")

    def reject(step: object) -> None:
        if releases.version("tiny@4").state == "candidate":
            swap.reject(releases_ledger, "tiny@4", "not this one", bob, clock.now())

    link, there = everything(releases)["link"], everything(releases)["releases"]
    with pytest.raises(Conflict, match="rejected"):
        releases.move(releases.plan_release("tiny@4"), "newer data", reject)
    after = everything(releases)
    assert (after["link"], after["releases"]) == (link, there)
    assert releases.status("tiny", clock.now()).live == "tiny@3"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", ["", " \t", "x" * 1001])
def test_nothing_moves_without_a_reason(releases: Engine, way: str, reason: str) -> None:
    before = everything(releases)
    with pytest.raises(Invalid):
        releases.move(WAYS[way][0](releases), reason, lambda step: None)
    assert everything(releases) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_viewer_moves_nothing_with_a_plan_that_somebody_else_was_shown(releases: Engine, way: str) -> None:
    plan = WAYS[way][0](releases)
    as_(releases, "eve")
    before = everything(releases)
    with pytest.raises(Forbidden):
        releases.move(plan, "newer data", lambda step: None)
    after = everything(releases)
    refused = [after.pop(table).pop() for table in ("audit", "folded")]
    assert all("eve" in str(row) and "refused" in str(row) for row in refused)
    assert after == {name: rows for name, rows in before.items() if name not in ("audit", "folded")}


# How many approve, and who


def asks(engine: Engine, **rules: Any) -> None:
    """What the project asks of those who approve."""
    with writing(engine) as db:
        projects.asks(db, approval=rules)


def as_(engine: Engine, name: str) -> Engine:
    with ledger_of(engine) as ledger:
        engine.caller = bound_caller_of(ledger, name)
    return engine


@pytest.mark.parametrize("needed", [2, 3])
def test_fewer_approvals_than_are_asked_for_move_nothing(releases: Engine, needed: int) -> None:
    asks(releases, approvals=needed)
    releases.add_operator("carl", "operator", "a colleague")
    people = ["ada", "bob", "carl"][:needed]
    link = everything(releases)["link"]
    for turn, name in enumerate(people[:-1]):
        plan = as_(releases, name).plan_release("tiny@4")
        left = needed - turn - 1
        assert any(f"{left} more approval{'s' if left > 1 else ''} will be needed" in s for s in plan.sentences)
        moved = releases.move(plan, "good", lambda step: None)
        assert moved.deployment is None and moved.undo is None
        assert f"{name}'s approval of tiny@4 is recorded; it waits for another person's" in moved.sentence
        assert everything(releases)["link"] == link
        assert everything(releases)["releases"] == [Path(link).name]
        assert releases.status("tiny", clock.now()).live == "tiny@3"
        with pytest.raises(Conflict, match=f"{name} has approved tiny@4 already"):
            releases.move(plan, "good again", lambda step: None)
    last = as_(releases, people[-1]).plan_release("tiny@4")
    assert not any("will be needed" in sentence for sentence in last.sentences)
    moved = releases.move(last, "good", lambda step: None)
    assert moved.deployment is not None and moved.deployment.actor == people[-1]
    assert releases.status("tiny", clock.now()).live == "tiny@4"


def test_an_approval_against_another_live_version_does_not_count(releases: Engine) -> None:
    asks(releases, approvals=2)
    releases.move(releases.plan_release("tiny@4"), "good", lambda step: None)
    asks(releases, approvals=1)
    releases.move(releases.plan_rollback("tiny"), "back", lambda step: None)
    altered(releases, 4, state="candidate", against=2)
    asks(releases, approvals=2)
    moved = as_(releases, "bob").move(releases.plan_release("tiny@4"), "good", lambda step: None)
    assert moved.deployment is None, "ada approved it against tiny@3"


def test_with_four_eyes_who_asked_for_the_retrain_does_not_approve_what_came_of_it(releases: Engine) -> None:
    asks(releases, four_eyes=True)
    plan = releases.plan_release("tiny@4")
    assert plan.refused is not None and "a second person" in plan.refused
    before = everything(releases)
    with pytest.raises(Conflict, match="ada asked for this retrain, and this project wants a second person"):
        releases.move(plan, "mine", lambda step: None)
    assert everything(releases) == before
    moved = as_(releases, "bob").move(releases.plan_release("tiny@4"), "good", lambda step: None)
    assert moved.deployment is not None


def test_a_candidate_that_is_too_old_moves_nothing(releases: Engine, releases_ledger: Ledger) -> None:
    plan = releases.plan_release("tiny@4")
    at = clock.now()
    altered(releases, 4, expires_at=clock.stamp(at))
    before = everything(releases)
    with pytest.raises(Conflict, match="tiny@4 expired"):
        releases.move(plan, "late", lambda step: None)
    assert everything(releases) == before
    swap.expire(releases_ledger, at - timedelta(microseconds=1))
    assert everything(releases) == before
    swap.expire(releases_ledger, at)
    assert releases.version("tiny@4").state == "expired"
    assert releases.version("tiny@4").reason == "nobody decided in time"


# Turning down, and lifting a bar


def test_only_a_candidate_is_turned_down_and_only_a_bar_is_lifted(releases: Engine) -> None:
    before = everything(releases)
    for label in ("tiny@1", "tiny@2", "tiny@3"):
        with pytest.raises(Conflict, match="only a candidate can be rejected"):
            releases.reject(label, "no")
    for label in ("tiny@2", "tiny@3", "tiny@4"):
        with pytest.raises(Refusal, match="@\\d is not barred; there is no bar to lift"):
            releases.lift(label, "yes")
    with pytest.raises(Refusal, match="is barred"):
        releases.move(releases.plan_rollback("tiny", "tiny@1"), "back", lambda step: None)
    assert everything(releases) == before
    assert releases.reject("tiny@4", "too weak").reason == "rejected by ada: too weak"
    assert releases.version("tiny@4").state == "rejected"
    assert releases.lift("tiny@1", "it was right").state == "retired"
    with reading(releases) as db:
        decided = db.execute("SELECT kind, number, live_seq, actor FROM decisions ORDER BY seq DESC LIMIT 2").fetchall()
    assert [tuple(row) for row in decided] == [("lift", 1, 3, "ada"), ("reject", 4, 3, "ada")]
    assert releases.verify_audit().ok


def test_what_was_decided_while_nothing_was_live_says_so(releases: Engine) -> None:
    with writing(releases) as db:
        db.execute("DROP TRIGGER deployments_no_delete")
        db.execute("DELETE FROM deployments")
    altered(releases, 3, state="retired")
    releases.reject("tiny@4", "too weak")
    with reading(releases) as db:
        decided = db.execute("SELECT kind, live_seq FROM decisions ORDER BY seq DESC LIMIT 1").fetchone()
    assert tuple(decided) == ("reject", 0)
