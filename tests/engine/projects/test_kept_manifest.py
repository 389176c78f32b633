"""A manifest that the ledger keeps was checked once, perhaps by another Leverframe: it is read back all the same."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.clock import now
from engine.errors import Invalid, NotFound
from engine.projects import registry
from engine.projects.manifest.kept import judged_in, manifest_in, readers_in
from engine.projects.manifest.reader import load_manifest, parse_manifest
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.vocabulary.gates import GateRule
from tests.callers import caller
from tests.engine.projects.manifests import DESIGN, SMALL


@pytest.mark.parametrize("text", [DESIGN, SMALL])
def test_what_was_just_checked_reads_back_as_it_was(text: str) -> None:
    checked = parse_manifest(text)
    kept = manifest_in(json.dumps(checked.document))
    lines = [rule.line for rule in checked.gates]
    assert all(lines), "where a gate stands in the file is the one thing that is not kept"
    without = tuple(GateRule(rule.kind, rule.metric, rule.limit) for rule in checked.gates)
    assert kept.gates == without
    assert {**vars(kept), "gates": ()} == {**vars(checked), "gates": ()}


@pytest.mark.parametrize("section", sorted(parse_manifest(DESIGN).document))
def test_a_key_more_anywhere_changes_nothing_that_is_read(section: str) -> None:
    document = parse_manifest(DESIGN).document
    more = deepcopy(document)
    (more[section][0] if isinstance(more[section], list) else more[section])["of_tomorrow"] = [1, {"a": None}]
    more["of_tomorrow"] = {"key": 1}
    kept, found = manifest_in(json.dumps(document)), manifest_in(json.dumps(more))
    assert {**vars(found), "document": 0} == {**vars(kept), "document": 0}
    assert judged_in(json.dumps(more)) == judged_in(json.dumps(document))
    assert readers_in(json.dumps(more)) == readers_in(json.dumps(document))


def every_key_less(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for section, values in document.items():
        found.append((section, {name: value for name, value in document.items() if name != section}))
        if isinstance(values, dict):
            for key in values:
                found.append((f"{section}.{key}", {**document, section: {k: v for k, v in values.items() if k != key}}))
    return found


@pytest.mark.parametrize(
    ("less", "document"), [pytest.param(*each, id=each[0]) for each in every_key_less(parse_manifest(DESIGN).document)]
)
def test_where_a_key_is_missing_its_default_holds_and_all_else_is_read(less: str, document: dict[str, Any]) -> None:
    whole, found = manifest_in(json.dumps(parse_manifest(DESIGN).document)), manifest_in(json.dumps(document))
    section = less.partition(".")[0]
    follows = {"gates": ("gates",), "schedule": ("schedule", "zone"), "project": ("name", "title", "owner")}
    touched = {*follows.get(section, (section,)), "document"}
    assert {k: v for k, v in vars(found).items() if k not in touched} == {
        k: v for k, v in vars(whole).items() if k not in touched
    }
    judged_in(json.dumps(document)), readers_in(json.dumps(document))


def test_what_nobody_read_when_a_version_was_made_does_not_keep_it_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "leverframe.toml").write_text(f"{SMALL}\n[serve]\nrealtime = 1\nport = 8485\n")
    with pytest.raises(Invalid, match="2 mistakes"):
        load_manifest(tmp_path)
    found = load_manifest(tmp_path, of_version=True)
    assert found.document["serve"] == {"realtime": 1, "port": 8485}
    assert {**vars(found), "document": 0} == {**vars(parse_manifest(SMALL)), "document": 0}
    (tmp_path / "leverframe.toml").write_text(f"{SMALL}\n[serv]\nrealtime = true\n")
    with pytest.raises(Invalid, match="did you mean 'serve'"):
        load_manifest(tmp_path, of_version=True)


@pytest.mark.parametrize("file", ["release/proof.py", "scoring/unpacked.py"])
def test_whoever_takes_a_version_out_of_the_store_reads_its_manifest_as_one_of_a_version(file: str) -> None:
    text = (Path(__file__).resolve().parents[3] / "engine" / file).read_text()
    assert re.findall(r"load_manifest\((?!.*of_version=True\))", text) == []


def test_what_is_read_of_an_empty_one_is_what_holds_for_who_says_nothing() -> None:
    found = manifest_in("{}")
    assert (found.train.retries, found.train.retry_after) == (0, timedelta(minutes=1))
    assert (found.zone, found.report.to, found.sends_mail, found.triggers) == ("UTC", (), False, ())
    assert judged_in("{}") == judged_in('{"validation": {}, "gates": ["none", {"metric": "roc_auc"}]}')


def test_addresses_and_gates_that_an_older_one_let_pass_are_left_out() -> None:
    document = parse_manifest(DESIGN).document
    document["report"]["to"] = ["nobody", "a@example.org"]
    document["gates"] = ["a word", {"metric": "roc_auc", "at_least": 0.6}, {"metric": "brier", "at_most": "much"}]
    kept = json.dumps(document)
    assert manifest_in(kept).report.to == readers_in(kept).report.to == ("a@example.org",)
    assert manifest_in(kept).gates == judged_in(kept).limits == (GateRule("at_least", "roc_auc", 0.6),)


def test_the_registry_hands_out_what_is_in_force_of_projects_that_were_removed_too(home: Path, tmp_path: Path) -> None:
    ledger, ada = Ledger(workspaces.create(home).ledger, locks=home / "locks"), caller()
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "leverframe.toml").write_text(SMALL)
    registry.add(ledger, tmp_path / "small", ada, now())
    with ledger.read() as db:
        assert registry.names(db) == registry.names(db, "small") == ("small",)
    registry.remove(ledger, "small", "not wanted", "small", ada, now())
    with ledger.read() as db:
        manifest = registry.manifest(db, "small")
        assert (manifest.name, manifest.zone) == ("small", "UTC")
        assert registry.judged(db, ["small"])["small"].metrics == manifest.validation.metrics
        assert registry.judged(db, ["nobody"]) == registry.readers(db, []) == {}
        assert registry.folder(db, "small") == tmp_path / "small"
        assert registry.names(db) == () and registry.names(db, removed=True) == ("small",)
        with pytest.raises(NotFound):
            registry.manifest(db, "nobody")
    ledger.close()
