"""What a fork server finds out once: no run that it forks finds it out again, and nothing that is broken keeps it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import json_records
from engine.environments import picture
from engine.environments.picture import PICTURE
from engine.errors import Damage
from engine.jobs import prepared
from engine.jobs.health import kept
from engine.monitoring.look_document import LookDocument, packed, unpacked
from engine.projects.manifest import reader
from engine.projects.manifest.reader import FILE
from engine.storage.stored_files import StoredFile
from engine.versions.document import damaged, load, save
from tests import tiny
from tests.builders.versions import candidate, release
from tests.ledger import store_of
from tests.people import open_engine
from tests.version_documents import WHOLE


def test_what_reads_records_and_what_they_were_made_by_are_found_out_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "environments" / "broken").mkdir(parents=True)
    (tmp_path / "environments" / "broken" / PICTURE).write_text("{")
    prepared.prepare(tmp_path)
    monkeypatch.setattr(json_records, "get_type_hints", lambda kind: pytest.fail("it was found out again"))
    monkeypatch.setattr(kept, "_sources", lambda: pytest.fail("they were read again"))
    assert unpacked(packed(LookDocument())) == LookDocument()
    assert kept.rules() == kept.rules()


def test_a_workspace_without_an_environment_is_prepared(tmp_path: Path) -> None:
    prepared.prepare(tmp_path)


def test_a_version_that_is_live_is_read_once_and_what_is_wrong_with_it_is_seen_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    tiny.make(tmp_path / "tiny")
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tmp_path / "tiny")
    manifest = (tmp_path / "tiny" / FILE).read_bytes()
    store = store_of(engine)
    stored = store.put_content(manifest)
    code = replace(WHOLE.code, files=(StoredFile(stored.digest, stored.size, stored.chunks, FILE, False),))
    digest = save(store, replace(WHOLE, code=code))
    release(engine, candidate(engine, at, digest=digest), None, 0, at)
    engine.close()
    prepared.prepare(tmp_path / "home")
    with monkeypatch.context() as patched:
        patched.setattr(json_records, "read", lambda *_: pytest.fail("it was read again"))
        patched.setattr(reader, "Mistakes", lambda *_: pytest.fail("it was read again"))
        assert load(store, digest).project == "tiny"
        for of_version in (True, False):  # as a look reads it, and as a retrain does
            assert reader.load_manifest(tmp_path / "tiny", of_version=of_version).name == "tiny"
    os.chmod(store.path(digest), 0o600)
    store.path(digest).write_bytes(b"{}")
    with pytest.raises(Damage):
        load(store, digest)
    assert damaged(store, digest)


def test_a_ledger_that_cannot_be_read_keeps_no_server_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_engine(tmp_path / "home", "ada", create=True).close()

    monkeypatch.setattr(prepared.registry, "names", lambda db: db.execute("SELECT name FROM of_another_age").fetchall())
    prepared.prepare(tmp_path / "home")


def test_of_environments_the_newest_are_watched_first(tmp_path: Path) -> None:
    for age, name in enumerate(("newest", "older", "oldest")):
        place = tmp_path / name / PICTURE
        place.parent.mkdir()
        place.write_text('{"entries": {}, "interpreter": {}}')
        os.utime(place, (1e9 - age, 1e9 - age))
    picture.remember(tmp_path)
    found = [each.root for each in picture.remembered_folders() if each.root.parent == tmp_path]
    assert [root.name for root in found] == ["newest", "older", "oldest"]
