"""A version's document is read into records and written back to the very bytes that its digest is of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from engine.audit.chain import canonical
from engine.bundles.contents import files_of
from engine.errors import Damage
from engine.scoring.parity import EXACT
from engine.storage.objects import ObjectStore, Stored
from engine.storage.stored_files import StoredBlock, StoredFile
from engine.versions.diff import changes
from engine.versions.document import damaged, digest_of_files, folders, load, of_version, save, stored_files, written
from engine.versions.parity import Group, Parity, WorstRow
from engine.versions.records import (
    BothDecisions,
    DecisionCounts,
    DrawnHoldout,
    MetricValues,
    ScorerSection,
    SegmentValues,
)
from tests.version_documents import CODE, DATA, JUDGED, WHOLE

FILE = StoredFile("a" * 64, 10, ("b" * 64, "c" * 64), "steps.py", True)
BLOCK = StoredBlock("d" * 64, 20, ("d" * 64,), "part-00001.parquet", False, 512)
COUNTS = DecisionCounts(1, 2, 3, 4)
FULL = replace(
    WHOLE,
    code=replace(CODE, revision="f00d", dirty=True, changed=("a.py",), patch=Stored("e" * 64, 1, ()), files=(FILE,)),
    data=replace(DATA, files=(BLOCK,), boundary=None, cut=DrawnHoldout(("id",), 0.2, {"0": 0.21})),
    model=replace(WHOLE.model, files=(FILE,)),
    settings={"train": {"run": "m:train", "own": [1, 2.0, None, {"b": 1, "a": 2}]}},
    metrics=replace(
        JUDGED,
        metrics={"roc_auc": MetricValues(value=0.7, low=0.6, high=0.8, n=20, live=0.69, comparison="same")},
        segments=(SegmentValues("place", "A", 9, "roc_auc", 0.7, None, None, None, None, "first", 0.6, 0.8),),
        decisions=BothDecisions(COUNTS, None),
        constant_features=(),
    ),
)
# What older Leverframes did not write yet, the newest first; see the log of ``jobs/retrain/package``.
UNWRITTEN = (
    ("data", "boundary"), ("data", "cut"), ("data", "types"), ("lineage", "sandbox"),
    ("metrics", "constant_features"), ("metrics", "decisions"),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    (tmp_path / "objects").mkdir()
    return ObjectStore(tmp_path / "objects")


def put(store: ObjectStore, document: Any) -> str:
    return store.put(canonical(document).encode())


def test_a_document_keeps_its_digest_through_read_and_write(store: ObjectStore) -> None:
    digest = save(store, FULL)
    found = load(store, digest)
    assert found == FULL and save(store, found) == digest
    assert json.dumps(written(found)) == json.dumps(json.loads(store.get(digest))), "the same keys in the same order"


def test_what_is_written_is_what_it_always_was(store: ObjectStore) -> None:
    """The digest that the same document had as a dictionary: what changes it makes other versions of all there are."""
    assert save(store, FULL) == "b6a6b2be514bd4592cf64d473178f696b15d19633e90269abf1089a317e8aae6"


@pytest.mark.parametrize("age", range(1, len(UNWRITTEN) + 1))
def test_a_document_of_before_keeps_its_digest_and_reads_as_one_that_says_nothing(store: ObjectStore, age: int) -> None:
    document = written(FULL)
    for section, name in UNWRITTEN[:age]:
        del document[section][name]
    digest = put(store, document)
    found = load(store, digest)
    assert save(store, found) == digest
    assert found.data.types is None or age < 3
    assert found.metrics.decisions is None or age < 6
    assert found.lineage.sandbox == {}


def test_what_a_document_of_before_does_not_say_can_be_said_of_it(store: ObjectStore) -> None:
    document = written(FULL)
    del document["data"]["types"]
    found = load(store, put(store, document))
    assert load(store, save(store, replace(found, data=replace(found.data, types={})))).data.types == {}


def test_keys_of_a_newer_leverframe_are_kept_wherever_they_stand(store: ObjectStore) -> None:
    document = written(FULL)
    document["signature"] = {"by": "ada"}
    document["code"]["licence"] = "CC0"
    document["code"]["files"][0]["owner"] = 7
    document["metrics"]["metrics"]["roc_auc"]["p"] = 0.05
    digest = put(store, document)
    found = load(store, digest)
    assert save(store, found) == digest
    moved = load(store, save(store, replace(found, project="other")))
    assert written(moved) == document | {"project": "other"}


def test_a_kind_of_environment_is_written_only_where_it_is_not_python(store: ObjectStore) -> None:
    assert "kind" not in written(FULL)["environment"] and load(store, save(store, FULL)).environment.kind == "python"
    other = replace(FULL, environment=replace(FULL.environment, kind="r"))
    found = load(store, save(store, other))
    assert found.environment.kind == "r" and written(found)["environment"]["kind"] == "r"


def test_what_a_version_is_scored_by_is_kept_with_its_evidence_and_its_files_are_the_version_s(
    store: ObjectStore,
) -> None:
    group = Group(3, 0.0, 0)
    parity = Parity(
        True, (), "the label and 2 probabilities", 20, 20, 0.0, 0.0, None, 0, 0.0, 0, group, group, group,
        (WorstRow(7, "1 (p_1 0.6)", "1 (p_1 0.6)", 1e-16, ("gaps",)),), EXACT,
    )  # fmt: skip
    tables = replace(FILE, path="numbers.bin", executable=False)
    compiled = replace(FULL, scorer=ScorerSection("compiled", "", (tables,), parity))
    found = load(store, save(store, compiled))
    assert found == compiled and "scorer" not in written(FULL)
    assert ("compiled/numbers.bin", tables) in stored_files(found) and folders(found)["compiled"] == (tables,)
    assert "compiled" not in folders(FULL)
    assert [each.name for each in files_of(found) if each.name not in {one.name for one in files_of(FULL)}] == [
        "compiled/numbers.bin"
    ]
    (change,) = [each for each in changes(FULL, found) if each.what == "scorer"]
    assert change.summary == "a process of its own → compiled tables"
    assert not any(each.what == "scorer" for each in changes(found, found))


@pytest.mark.parametrize(
    ("section", "sentence", "asked"),
    [
        (ScorerSection(), "a process of its own", False),
        (ScorerSection(why="it is a rule"), "a process of its own: it is a rule", True),
        (ScorerSection("compiled"), "compiled tables", True),
    ],
)
def test_what_it_is_scored_by_is_one_line(section: ScorerSection, sentence: str, asked: bool) -> None:
    assert (section.sentence, section.asked) == (sentence, asked)


def without(*place: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for each in place[:-1]:
            document = document[each]
        del document[place[-1]]

    return change


def other(value: Any, *place: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for each in place[:-1]:
            document = document[each]
        document[place[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("code"), "cannot be read: it is missing at code\\."),
        (without("golden", "inputs"), "it is missing at golden\\.inputs\\."),
        (without("data", "files", 0, "rows"), "it is missing at data\\.files\\.rows\\."),
        (other([], "code"), "an object was expected at code"),
        (other({}, "code", "files"), "a list was expected at code\\.files"),
        (other("many", "data", "rows"), "a whole number was expected at data\\.rows"),
        (other(True, "data", "rows"), "a whole number was expected at data\\.rows"),
        (other(0.5, "lineage", "as_of"), "a text was expected at lineage\\.as_of"),
        (other(None, "project"), "a text was expected at project"),
        (other(1, "code", "dirty"), "yes or no was expected at code\\.dirty"),
        (other("0.7", "metrics", "metrics", "roc_auc", "n"), "a whole number was expected at metrics\\.metrics\\.roc"),
        (other("0.7", "golden", "tolerance"), "a number was expected at golden\\.tolerance"),
        (other(2, "format"), "has format 2; this Leverframe reads 1"),
    ],
)
def test_a_document_that_is_not_what_it_should_be_is_damage_that_says_where(
    store: ObjectStore, change: Callable[[Any], None], said: str
) -> None:
    document = written(FULL)
    change(document)
    digest = put(store, document)
    with pytest.raises(Damage, match=f"The version {digest[:12]} {said}" if "format" in said else said):
        load(store, digest)
    with pytest.raises(Damage, match="tiny@3 is damaged: the version .* choose another version"):
        of_version(store, "tiny@3", digest)
    assert len(damaged(store, digest)) == 1


@pytest.mark.parametrize("content", [b"[]", b"7", b"null", b"no JSON"])
def test_what_is_no_document_at_all_is_damage(store: ObjectStore, content: bytes) -> None:
    with pytest.raises(Damage, match="has format None|is no JSON document"):
        load(store, store.put(content))


def test_every_file_of_a_document_is_named_with_what_it_is_for() -> None:
    assert [what for what, _ in stored_files(FULL)] == [
        "code/steps.py", "model/steps.py", "data/part-00001.parquet", "code patch", "environment lock",
        "golden inputs", "golden predictions",
    ]  # fmt: skip


def test_the_digest_of_files_changes_with_their_order() -> None:
    assert digest_of_files((FILE, BLOCK)) != digest_of_files((BLOCK, FILE))


def test_a_metric_with_its_name_says_all_that_its_values_say() -> None:
    values = MetricValues(
        value=0.0, low=1.0, high=2.0, n=3, live=4.0, difference=5.0, difference_low=6.0, difference_high=7.0,
        comparison="better", live_low=9.0, live_high=10.0,
    )  # fmt: skip
    named = values.called("brier")
    assert named.name == "brier"
    assert {each.name: getattr(named, each.name) for each in fields(values)} == vars(values)
