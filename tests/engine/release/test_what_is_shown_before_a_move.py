"""The card and the plans: what an operator is shown before a decision, on a workspace with a history."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Damage, Forbidden, NotFound, Refusal
from engine.records import Version
from engine.release import card as cards
from engine.release import history, plan
from engine.release import live_folder as projection
from engine.release.following import follow_ledger
from engine.storage.ledger import Ledger
from engine.storage.stored_files import StoredFile
from engine.versions import document as documents
from engine.versions.records import LockedPackage
from tests import tiny
from tests.builders.versions import altered
from tests.engine.release.conftest import WEEK
from tests.ledger import reading, store_of, workspace_of, writing
from tests.people import bound_caller_of
from tests.version_documents import CODE, DATA, WHOLE

pytestmark = pytest.mark.slow  # a history of four retrains, made once
REBUILT = "It is rebuilt and tried first; unless it predicts what it did when it was made, nothing changes."
BARRED = "tiny@3 is barred afterwards: nobody makes it live again by accident."
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_plan_of_a_release(releases: Engine) -> None:
    shown = releases.plan_release("tiny@4")
    assert (shown.project, shown.kind, shown.source, shown.target, shown.live_seq, shown.refused, shown.lifts) == (
        "tiny", "release", "tiny@3", "tiny@4", 3, None, False,
    )  # fmt: skip
    assert shown.sentences == (
        "Make tiny@4 live instead of tiny@3.", releases.version("tiny@4").sentence, REBUILT,
        "tiny@3 stays in the store and can be rolled back to at any time.",
    )  # fmt: skip
    document = documents.of_version(store_of(releases), "tiny@4", releases.version("tiny@4").digest)
    assert shown.restores == (
        "model, 1 file", f"code {str(document.code.revision)[:8]}",
        f"data, {document.data.rows:,} rows up to {str(document.data.until)[:10]}", "data schema, 5 columns",
        f"no packages, Python {document.environment.python}", "settings, schedule",
    )  # fmt: skip
    assert shown.does_not_restore == ()


def test_the_plan_of_a_first_release(releases: Engine) -> None:
    with writing(releases) as db:
        db.execute("DROP TRIGGER deployments_no_delete")
        db.execute("DELETE FROM deployments")
    altered(releases, 3, state="retired")
    altered(releases, 4, against=None)
    shown = releases.plan_release("tiny@4")
    assert (shown.source, shown.live_seq, shown.refused) == (None, 0, None)
    assert shown.sentences == (
        "Make tiny@4 live; nothing is live yet.", releases.version("tiny@4").sentence, REBUILT,
    )  # fmt: skip
    assert releases.card("tiny@4", clock.now()).live_seq == 0
    assert releases.card("tiny@4", clock.now()).live is None
    back = releases.plan_rollback("tiny", "tiny@2")
    assert back.refused == "Nothing is live, so there is nothing to roll back from."
    assert back.live_seq == 0 and back.source is None
    assert back.does_not_restore[0] == "predictions already used"
    moved = releases.move(shown, "the first", lambda step: None)
    assert moved.deployment is not None and (moved.deployment.previous, moved.undo) == (None, None)


def test_what_a_version_holds_is_told_with_what_is_not_committed() -> None:
    file, package = StoredFile("3" * 64, 1, (), "a", False), LockedPackage("a", "1")
    document = replace(
        WHOLE,
        code=replace(CODE, dirty=True),
        data=replace(DATA, rows=1200),
        environment=replace(WHOLE.environment, packages=(package, package, package), python="3.11"),
        model=replace(WHOLE.model, files=(file, file)),
        schema={"columns": [1]},
    )
    assert plan.contents(document) == (
        "model, 2 files", "code that no commit holds", "data, 1,200 rows", "data schema, 1 columns",
        "packages, 3 at their locked versions, Python 3.11", "settings, schedule",
    )  # fmt: skip


def test_the_plan_of_a_rollback_goes_to_what_was_live_last(releases: Engine) -> None:
    altered(releases, 2, live_from="2026-11-10T08:00:00.000000Z", live_until="2026-11-13T09:00:00.000000Z")
    shown = releases.plan_rollback("tiny")
    assert (shown.project, shown.kind, shown.source, shown.target, shown.live_seq, shown.refused, shown.lifts) == (
        "tiny", "rollback", "tiny@3", "tiny@2", 3, None, False,
    )  # fmt: skip
    metric = releases.version("tiny@2").metric
    assert metric is not None and metric.value is not None
    since = releases.version("tiny@3").live_from
    assert since is not None
    when = f"{since:%d %b %Y %H:%M} UTC"
    first, *rest = shown.sentences
    assert first.startswith("From tiny@3, live for ") and first.endswith(f" (since {when})")
    assert rest == [
        f"to tiny@2, which ran 3 days (until 13 Nov 2026 09:00 UTC), roc_auc {metric.value:.3g} when it was made.",
        REBUILT, BARRED,
    ]  # fmt: skip
    assert shown.does_not_restore[0] == f"predictions already used since {when}"
    assert "the next retrain takes it as it stands there" in shown.does_not_restore[1]
    assert shown.lately is None


def test_who_rolls_back_what_was_rolled_back_a_moment_ago_is_told_so_first(releases: Engine) -> None:
    """Of two people at three in the morning the second may mean the version that the first has left already."""
    releases.move(releases.plan_rollback("tiny"), "the page is on fire", lambda step: None)
    shown = releases.plan_rollback("tiny", "tiny@3", lift=False)
    assert shown.lately is not None
    assert shown.warning == f"{shown.lately} Go on only if that was not enough."
    assert re.fullmatch(
        r'ada rolled tiny back to tiny@2 \d\.\d s ago \("the page is on fire"\)\.', shown.lately
    )
    undo = releases.plan_rollback("tiny", "tiny@3", lift=True)
    assert (undo.lifts, undo.lately) == (True, None), "whoever takes it back has seen it"


def test_the_plan_of_a_rollback_that_lifts_a_bar(releases: Engine) -> None:
    barred = releases.plan_rollback("tiny", "tiny@1")
    assert barred.refused == "tiny@1 is barred (it was wrong); lift the bar first, with a reason."
    assert not barred.lifts and not any("its bar is lifted" in sentence for sentence in barred.sentences)
    lifts = releases.plan_rollback("tiny", "tiny@1", lift=True)
    assert lifts.refused is None and lifts.lifts
    assert "tiny@1 is barred (it was wrong); its bar is lifted, with your reason." in lifts.sentences
    other = releases.plan_rollback("tiny", "tiny@2", lift=True)
    assert not other.lifts and not any("its bar is lifted" in sentence for sentence in other.sentences)


def test_a_plan_that_cannot_be_is_refused_with_its_reason(releases: Engine) -> None:
    assert "is live already" in str(releases.plan_rollback("tiny", "tiny@3").refused)
    assert "was never live" in str(releases.plan_rollback("tiny", "tiny@4").refused)
    assert "go back to it with a rollback" in str(releases.plan_release("tiny@2").refused)
    with pytest.raises(NotFound):
        releases.plan_release("tiny@9")
    with pytest.raises(NotFound):
        releases.plan_rollback("other")
    altered(releases, 1, state="rejected")
    lifts = "not barred; 'leverframe rollback tiny --to tiny@2 --lift' goes to tiny@2"
    for state, said in (("barred", lifts), ("rejected", r"tiny has no earlier live version to go back to\.")):
        altered(releases, 2, state=state)
        with pytest.raises(NotFound, match=said):
            releases.plan_rollback("tiny")
    releases.add(tiny.make(releases.home.parent / f"other{clock.now():%f}", name="other"))
    with pytest.raises(Refusal, match="tiny@2 is not a version of other"):
        releases.plan_rollback("other", "tiny@2")


@pytest.mark.parametrize("name", ["release", "rollback"])
def test_a_viewer_is_shown_no_plan(releases: Engine, releases_ledger: Ledger, name: str) -> None:
    releases.caller = bound_caller_of(releases_ledger, "eve")
    with pytest.raises(Forbidden, match="may not approve" if name == "release" else "may not roll back"):
        releases.plan_release("tiny@4") if name == "release" else releases.plan_rollback("tiny")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"), (1, "1 second"), (1.4, "1 second"), (1.6, "2 seconds"), (119, "119 seconds"),
        (120, "2 minutes"), (7199, "120 minutes"), (7200, "2 hours"), (172_799, "48 hours"), (172_800, "2 days"),
        (864_000, "10 days"),
    ],
)  # fmt: skip
def test_a_span_is_told_in_the_unit_that_matters(seconds: float, said: str) -> None:
    assert plan.how_long(NOON, NOON + timedelta(seconds=seconds)) == said


def version(**otherwise: Any) -> Version:
    whole = Version(
        project="tiny", number=2, digest="d", state="retired", made_at=NOON, as_of=NOON, run=1, verdict="pass",
        comparison="first", sentence="s", against=None, metric=None, live_from=NOON, live_until=NOON + WEEK,
        reason=None,
    )  # fmt: skip
    return replace(whole, **otherwise)


def test_a_rollback_is_told_as_far_as_it_is_known() -> None:
    to, away = version(), version(number=3, live_from=NOON + WEEK)
    told = plan.rollback_sentences(away, to, NOON + 2 * WEEK, lifts=False)
    assert told[:2] == (
        "From tiny@3, live for 7 days (since 01 Dec 2026 12:00 UTC)",
        "to tiny@2, which ran 7 days (until 01 Dec 2026 12:00 UTC).",
    )  # fmt: skip
    assert plan.rollback_sentences(None, version(live_until=None), NOON, lifts=False) == (REBUILT,)
    assert plan.rollback_sentences(None, version(live_from=None), NOON, lifts=False) == (REBUILT,)
    unknown = plan.rollback_sentences(version(number=3, live_from=None), version(live_from=None), NOON, lifts=False)
    assert unknown == (REBUILT, BARRED)


# The card


def test_the_card_of_a_candidate(releases: Engine) -> None:
    shown = releases.card("tiny@4", clock.now())
    document = documents.of_version(store_of(releases), "tiny@4", shown.version.digest)
    assert (shown.version.label, shown.live, shown.live_seq, shown.blocked) == ("tiny@4", "tiny@3", 3, None)
    assert shown.expires_at is not None and shown.expires_at > clock.now()
    assert shown.made_by == f"run {shown.version.run}, asked for by ada"
    assert {m.name: m.value for m in shown.metrics} == {
        name: found.value for name, found in document.metrics.metrics.items()
    }
    assert shown.gates == document.gates
    assert [(s.column, s.value, s.n, s.verdict) for s in shown.segments] == [
        (s.column, s.value, s.n, s.verdict) for s in document.metrics.segments
    ]
    assert shown.changed_decisions == document.metrics.changed_decisions
    assert any(change.what == "data" for change in shown.changes)
    assert shown.last_rejected is None


def test_the_card_says_why_it_cannot_be_approved_and_why_the_last_was_rejected(releases: Engine) -> None:
    with writing(releases) as db:
        for number, kind, actor, reason in ((1, "reject", "ada", "old"), (2, "reject", "bob", "weak"),
                                            (3, "approve", "bob", "good"), (4, "reject", "eve", "now")):  # fmt: skip
            db.execute(
                "INSERT INTO decisions (at, actor, kind, project, number, live_seq, reason, audit)"
                " VALUES ('2026-11-20T08:00:00.000000Z', ?, ?, 'tiny', ?, 0, ?, 1)",
                (actor, kind, number, reason),
            )
    altered(releases, 4, expires_at=None)
    shown = releases.card("tiny@4", clock.now())
    assert shown.last_rejected == 'tiny@2 on 20 Nov by bob: "weak"'
    assert shown.expires_at is None and shown.blocked is None
    altered(releases, 4, expires_at="2026-11-20T08:00:00.000000Z")
    assert "expired on 20 Nov 2026" in str(releases.card("tiny@4", clock.now()).blocked)
    assert releases.card("tiny@1", clock.now()).last_rejected is None


def test_the_card_of_a_first_version_compares_with_nothing(releases: Engine) -> None:
    assert releases.card("tiny@1", clock.now()).changes == ()


def test_a_card_whose_other_side_is_damaged_is_shown_all_the_same(releases: Engine) -> None:
    path = store_of(releases).path(releases.version("tiny@3").digest)
    path.chmod(0o644)
    path.write_bytes(b"rubbish")
    (change,) = releases.card("tiny@4", clock.now()).changes
    assert change.what == "changes" and "they cannot be told: tiny@3 is damaged" in change.summary
    with pytest.raises(Damage, match="tiny@3 is damaged"):
        releases.card("tiny@3", clock.now())


def test_commits_between_two_versions_are_told(releases: Engine, first: datetime) -> None:
    project = releases.home.parent / "tiny"
    before = documents.of_version(store_of(releases), "tiny@3", releases.version("tiny@3").digest)
    (project / "notes.txt").write_text("an idea")
    tiny.commit(project, "a better \x1b[31midea")
    run = releases.wait(releases.retrain("tiny", as_of=first + 3 * WEEK + timedelta(days=1)).id, lambda r: None)
    assert run.version is not None, run.why
    with reading(releases) as db:
        told, same = (
            [line for change in cards.difference(db, store_of(releases), *pair) for line in change.details]
            for pair in (("tiny@3", run.version), ("tiny@2", "tiny@3"))
        )
    tiny.git(project, "reset", "-q", "--hard", str(before.code.revision))
    assert any("Ada: a better" in line and "\x1b" not in line for line in told), told
    assert not any("Ada:" in line for line in same)


# What was live when


def test_what_was_live_at_a_moment(releases: Engine) -> None:
    first, second, third = releases.swaps(project="tiny")
    tick = timedelta(microseconds=1)

    def at(moment: datetime, project: str | None = None) -> list[int]:
        return [each.number for each in releases.at(moment, project)]

    assert at(first.at - tick) == [] and at(first.at) == [1] and at(second.at - tick) == [1]
    assert at(second.at, "tiny") == [2] and at(clock.now()) == [3]
    assert (first.previous, second.previous, third.previous) == (None, 1, 2)
    assert (first.project, first.kind, first.actor, first.reason, first.seq) == (
        "tiny", "release", "ada", "newer data", 1,
    )  # fmt: skip
    assert releases.swaps(first.at) == (second, third)
    assert releases.swaps() == releases.swaps(first.at - tick, "tiny") == (first, second, third)
    assert releases.swaps(project="other") == () and releases.swaps(third.at) == ()
    with pytest.raises(NotFound):
        releases.at(clock.now(), "other")


def test_what_a_removed_project_had_live_is_still_told(releases: Engine) -> None:
    releases.remove("tiny", "it is over", "tiny")
    assert [each.number for each in releases.at(clock.now())] == [3]


# The live folder


def complaints(engine: Engine) -> list[str]:
    with reading(engine) as db:
        row = history.live_deployment(db, "tiny")
    assert row is not None
    digest = engine.version(f"tiny@{row['number']}").digest
    return projection.complaints(workspace_of(engine), store_of(engine), "tiny", row["release"], digest)


def release_of(engine: Engine) -> str:
    with reading(engine) as db:
        return history.releases(db)["tiny"]


def writable(folder: Path) -> Path:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)
    return folder


def test_a_live_folder_that_was_touched_is_told_file_by_file_and_repaired(releases: Engine) -> None:
    assert complaints(releases) == []
    live = writable((releases.home / "live" / "tiny").resolve())
    (live / "code" / "steps.py").write_text("changed")
    (live / "model" / "table.json").unlink()
    (live / "model" / "more.json").write_text("{}")
    (live / "schema.json").write_text("{}")
    assert complaints(releases) == [
        "code/steps.py was changed", "model/table.json is gone", "model/more.json does not belong there",
        "schema.json was changed",
    ]  # fmt: skip
    (live / "schema.json").write_text("no json")
    assert complaints(releases)[-1] == "schema.json is gone or damaged"
    (live / "schema.json").unlink()
    assert complaints(releases)[-1] == "schema.json is gone or damaged"
    (live / "environment").unlink()
    assert complaints(releases)[-1].startswith("its environment is not ")
    release = release_of(releases)
    projection.repair(workspace_of(releases), store_of(releases), "tiny", release, releases.version("tiny@3").digest)
    assert complaints(releases) == []
    assert [path.name for path in (releases.home / "releases" / "tiny").iterdir()] == [release]


def test_a_link_that_leads_elsewhere_is_told_and_put_back(releases: Engine, releases_ledger: Ledger) -> None:
    release, link = release_of(releases), releases.home / "live" / "tiny"
    assert projection.pointed_at(workspace_of(releases), "tiny") == release
    assert projection.pointed_at(workspace_of(releases), "other") is None
    assert follow_ledger(workspace_of(releases), releases_ledger, clock.now()) == []
    link.unlink()
    assert complaints(releases) == [f"live/tiny leads to nothing, the ledger says {release}"]
    link.symlink_to("../releases/tiny/9-else")
    assert complaints(releases) == [f"live/tiny leads to 9-else, the ledger says {release}"]
    assert follow_ledger(workspace_of(releases), releases_ledger, clock.now()) == ["tiny"]
    assert complaints(releases) == []
    shutil.rmtree(writable(releases.home / "releases" / "tiny" / release))
    assert complaints(releases) == [f"the release folder {release} is gone"]
    link.unlink()
    nothing = follow_ledger(workspace_of(releases), releases_ledger, clock.now())
    assert nothing == [], "what is gone is left to doctor"
    projection.repair(workspace_of(releases), store_of(releases), "tiny", release, releases.version("tiny@3").digest)
    assert complaints(releases) == []


def test_release_folders_that_nothing_leads_to_are_tidied_away(releases: Engine) -> None:
    release = release_of(releases)
    (releases.home / "releases" / "tiny" / "8-old").mkdir()
    (releases.home / "releases" / "tiny" / "a file").write_text("of somebody else")
    projection.tidy(workspace_of(releases), "tiny", {release})
    left = {path.name for path in (releases.home / "releases" / "tiny").iterdir()}
    assert left == {release, "a file"}, "what is no folder is none of ours, and no reason to fail"
    projection.tidy(workspace_of(releases), "no-such-project", set())


def test_a_release_folder_says_what_it_is(releases: Engine) -> None:
    live = (releases.home / "live" / "tiny").resolve()
    digest = releases.version("tiny@3").digest
    document = documents.load(store_of(releases), digest)
    assert json.loads((live / "version.json").read_text()) == {**documents.written(document), "digest": digest}
    assert json.loads((live / "schema.json").read_text()) == document.schema
    assert (live / "environment" / "bin" / "python").exists()
    assert (live / "environment").readlink().is_absolute() is False
    assert (live / "requirements.lock").exists()
    assert sorted(path.name for path in live.iterdir()) == [
        "code", "data", "environment", "model", "requirements.lock", "schema.json", "version.json",
    ]  # fmt: skip


def test_a_rollback_that_is_meant_from_another_version_than_is_live_is_refused(releases: Engine) -> None:
    def planned(**meant: Any) -> str:
        return releases.plan_rollback("tiny", **meant).target

    assert planned(meant="tiny@3") == planned(seen=False) == "tiny@2"
    with pytest.raises(Conflict, match="tiny@3 is live, not tiny@4; nothing was changed"):
        planned(meant="tiny@4")
    releases.move(releases.plan_rollback("tiny"), "back", lambda step: None)
    altered(releases, 1, state="retired")
    with pytest.raises(Conflict, match="ada rolled tiny back to tiny@2 .* ago"):
        planned(seen=False)
    assert planned(meant="tiny@2") == "tiny@1"
