"""The JSON of bundles, trust, imports, exports, rehearsals and the package list: its keys, which scripts rely on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.cli import bundle_documents, documents, export_documents, package_documents
from engine.bundles.sending import Sent
from engine.exports.records import Export
from engine.packages.matrix import PackageCell, PackageLine, PackageMatrix
from engine.packages.rules import CommonList
from engine.packages.what_if import Change, Outcome
from engine.records import Rehearsal
from engine.versions.parity import Group, Parity
from tests.cli.calling import Told, call
from tests.cli.conftest import History
from tests.cli.test_documents_keep_their_keys import TIME, keys_of

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
STAGE, FOUND = {"name", "found", "why", "via"}, {
    "version", "state", "why", "made_at", "live_from", "live_until", "origin",
}  # fmt: skip
ORIGIN = {"source", "key", "at", "by", "same_ground", "despite", "approved_by", "stations"}
TRUSTED = {"name", "key", "line", "at", "by", "reason"}


@pytest.fixture
def sender(history: History, tmp_path: Path) -> Callable[..., Told]:
    """A copy of the workspace with a history, whose trail may grow."""
    home = tmp_path / "sender"
    shutil.copytree(history.home, home, symlinks=True, ignore=shutil.ignore_patterns("locks", "keys"))
    (home / "locks").mkdir()
    return lambda *words: call("--home", home, "--operator", "ada", *words)


@pytest.fixture
def receiver(tmp_path: Path) -> Callable[..., Told]:
    home = tmp_path / "receiver"
    assert call("--home", home, "--operator", "tom", "init").code == 0
    return lambda *words: call("--home", home, "--operator", "tom", *words)


def done(told: Told) -> Any:
    assert (told.code, told.err) == (0, ""), told.err
    assert told.out.isascii()
    return told.json


def test_a_bundle_is_written_trusted_taken_in_and_found(
    sender: Callable[..., Told], receiver: Callable[..., Told], tmp_path: Path
) -> None:
    file = tmp_path / "tiny-1.zip"
    made = done(sender("bundle", "tiny@1", "-o", file, "--json"))
    assert keys_of(made) >= {"version", "digest", "place", "bytes", "files", "bundle", "key", "absent", "changes"}
    assert (made["version"], made["place"]) == ("tiny@1", str(file))
    less = done(sender("bundle", "tiny@1", "-o", tmp_path / "less.zip", "--without-data", "--json"))
    assert [keys_of(each) for each in less["absent"]] == [{"what", "why", "files"}]
    apart = done(sender("bundle", "tiny@1", "--data-to", tmp_path / "data", "--json"))
    assert keys_of(apart) >= {"version", "place", "files"}

    own = done(sender("trust", "--json"))
    assert keys_of(own) >= {"own", "trusted"} and own["trusted"] == []
    assert keys_of(own["own"]) >= {"key", "line"}
    added = done(receiver("trust", "add", "development", own["own"]["line"], "--reason", "known", "--json"))
    assert keys_of(added) >= TRUSTED and TIME.fullmatch(added["at"]) and added["key"] == made["key"]
    assert [keys_of(each) >= TRUSTED for each in done(receiver("trust", "--json"))["trusted"]] == [True]

    found = done(receiver("import", file, "--json"))
    assert keys_of(found) >= {"version", "sentence", "origin", "notes", "waits"}
    assert (found["version"], found["waits"]) == ("tiny@1", True) and keys_of(found["origin"]) >= ORIGIN
    again = done(receiver("import", file, "--json"))
    assert (again["version"], again["origin"], again["waits"]) == (None, None, False)

    where = done(receiver("where", "tiny@1", "--here", "--json"))
    assert keys_of(where) >= {"version", "stages", "workspace", "sent_to"} and where["sent_to"] == []
    (stage,) = where["stages"]
    assert keys_of(stage) == STAGE and [keys_of(each) for each in stage["found"]] == [FOUND]
    gone = done(receiver("trust", "remove", "development", "--reason", "over", "--json"))
    assert gone == {"name": "development", "trusted": False}


def test_the_package_list(sender: Callable[..., Told]) -> None:
    found = done(sender("packages", "--json"))
    assert keys_of(found) >= {"list", "packages", "left_out", "newest_at", "advisories"}
    assert keys_of(found["list"]) >= {"constraints", "enforced", "exceptions", "at", "by", "reason"}
    kept = done(sender("packages", "set", "pandas<3", "--reason", "so", "--json"))
    assert kept["constraints"] == {"pandas": "<3"} and TIME.fullmatch(kept["at"])
    given = done(
        sender("packages", "except", "tiny", "pandas", "--until", "2099-01-01", "--reason", "so", "--json")
    )
    assert keys_of(given) >= {"project", "package", "until", "at", "by", "reason"}


def test_the_lines_of_the_matrix_and_what_would_come_of_a_raise() -> None:
    line = PackageLine("pandas", "<3", (PackageCell("tiny", "tiny@1", True, "2.2.3", "keeps"),), "3.0.0")
    found = package_documents.matrix(PackageMatrix(CommonList(), ("tiny",), (line,), {}))
    (row,) = found["packages"]
    assert keys_of(row) >= {"package", "listed", "differs", "newest", "versions"}
    assert keys_of(row["versions"][0]) >= {
        "project", "version", "live", "has", "standing", "why", "outdated", "advisories",
    }  # fmt: skip
    came = package_documents.outcome(Outcome("tiny", "tiny@1", True, "", (Change("numpy", "1", "2"),)))
    assert keys_of(came) >= {"project", "version", "resolves", "why", "changes"}
    assert came["changes"] == [{"package": "numpy", "from": "1", "to": "2"}]


def test_a_rehearsal_an_export_and_a_version_that_was_sent(history: History) -> None:
    assert all("rehearsed" in each for each in done(history("versions", "tiny", "--json")))
    told = documents.rehearsal(Rehearsal(AT, 6.2, "failed", "a wheel is gone", 4))
    assert told is not None and keys_of(told) >= {"at", "seconds", "outcome", "why", "run"}
    assert documents.rehearsal(None) is None

    nothing = Group(0, None, None)
    parity = Parity(True, (), "labels", 5, 5, 0.0, 0.0, None, 0, 0.0, 0, None, nothing, nothing, ())
    export = Export(1, "tiny", 2, "sql", "duckdb", "d", "/x", parity, False, "", "so", "ada", AT, "live")
    found = export_documents.export(export)
    assert keys_of(found) >= {
        "id", "version", "state", "kind", "dialect", "digest", "folder", "holds", "forced", "used_by", "reason", "by",
        "at", "parity",
    }  # fmt: skip
    assert keys_of(found["parity"]) >= {
        "holds", "why", "compared", "rows", "holdout_rows", "largest", "mean", "spread", "changed", "changed_share",
        "unanswered", "boundary", "gaps", "unseen", "worst", "thresholds", "measured_by",
    }  # fmt: skip
    assert done(history("exports", "--json")) == []

    sent = bundle_documents.sent(Sent("tiny@1", "test", "tiny@7", "It waits.", 12))
    assert keys_of(sent) >= {"version", "host", "there", "sentence", "bytes"}
