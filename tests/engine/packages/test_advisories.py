"""Which versions an advisory is about, as OSV has it; and what becomes of files that are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Invalid, NotFound
from engine.packages.advisories import load


def affected(*events: dict[str, str], versions: tuple[str, ...] = (), kind: str = "ECOSYSTEM") -> dict[str, Any]:
    ranges = [{"type": kind, "events": list(events)}] if events else []
    return {"package": {"ecosystem": "PyPI", "name": "Some_Thing"}, "ranges": ranges, "versions": list(versions)}


OTHER = {"id": "X-2", "affected": []}
TWICE = affected({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3"})


@pytest.mark.parametrize(
    ("about", "version", "concerned"),
    [
        (TWICE, "1.4.9", True),
        (TWICE, "1.5", False),
        (TWICE, "1.9", False),
        (TWICE, "2.0", True),
        (TWICE, "2.3rc1", True),
        (TWICE, "2.3", False),
        (TWICE, "1.10", False),
        (affected({"introduced": "0"}), "99", True),
        (affected({"introduced": "1.0"}, {"last_affected": "1.2"}), "1.2", True),
        (affected({"introduced": "1.0"}, {"last_affected": "1.2"}), "1.2.1", False),
        (affected({"fixed": "2"}, {"introduced": "1"}), "1.5", True),
        (affected({"introduced": "0"}, kind="GIT"), "1.0", False),
        (affected(versions=("1.0", "1.1")), "1.1", True),
        (affected(versions=("1.0", "1.1")), "1.2", False),
        (affected(versions=("1.0", "no version")), "1.0.0", True),
        (affected(versions=("1.0.0",)), "1.0", True),
        (affected({"introduced": "0"}, {"limit": "2"}), "2", False),
        (affected({"introduced": "no version"}), "1.0", False),
        (TWICE, "no version", False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [["introduced"]]}]}, "1.0", False),
        ({"ranges": ["x"], "versions": None}, "1.0", False),
    ],
)
def test_a_version_is_concerned_where_it_is_listed_or_between_two_events(
    tmp_path: Path, about: dict[str, Any], version: str, concerned: bool
) -> None:
    (tmp_path / "all.json").write_text(json.dumps([advisory("X-1", "2026-01-02", about), OTHER]))
    assert load(tmp_path / "all.json").concerning("some-thing", version) == (("X-1",) if concerned else ())


def advisory(name: str, changed: str, about: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "modified": changed, "affected": [about], **more}


def test_a_folder_of_advisories_says_how_young_it_is_and_what_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    one = advisory("PYSEC-1", "2026-01-02T03:04:05Z", affected({"introduced": "0"}, {"fixed": "2"}))
    two = advisory("PYSEC-2", "2026-03-01T00:00:00Z", affected(versions=("1.0",)))
    gone = advisory("PYSEC-3", "2026-09-01T00:00:00Z", affected(versions=("1.0",)), withdrawn="2026-09-02T00:00:00Z")
    elsewhere = {**affected(versions=("1.0",)), "package": {"ecosystem": "npm", "name": "some-thing"}}
    npm = advisory("GHSA-4", "2026-02-01T00:00:00Z", elsewhere)
    (tmp_path / "a.json").write_text(json.dumps(one))
    (tmp_path / "deep" / "b.json").write_text(json.dumps([two, gone, npm]))
    (tmp_path / "c.json").write_text("{ no json")
    (tmp_path / "d.json").write_text("[" * 100_000)
    (tmp_path / "e.json").write_text(json.dumps({"id": "PYSEC-5", "affected": [3]}))
    found = load(tmp_path)
    assert found.concerning("some-thing", "1.0") == ("PYSEC-1", "PYSEC-2")
    assert found.concerning("some-thing", "1.9") == ("PYSEC-1",) and found.concerning("other", "1.0") == ()
    assert (found.count, found.newest, found.unread) == (3, datetime(2026, 3, 1, tzinfo=UTC), 3)


def test_the_answer_of_osv_itself_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text(json.dumps({"vulns": [advisory("PYSEC-1", "2026-01-02T03:04:05Z", TWICE)]}))
    assert load(file).concerning("some-thing", "2.1") == ("PYSEC-1",)


@pytest.mark.parametrize(
    "odd",
    [{"versions": 5}, {"ranges": 5}, {"ranges": [5]}, {"ranges": [{}]}, {"ranges": [{"events": 5}]},
     {"ranges": [{"events": ["introduced"]}]}],
)  # fmt: skip
def test_an_advisory_whose_versions_are_none_is_counted_as_not_read(odd: dict[str, Any], tmp_path: Path) -> None:
    """Never as one that concerns nobody, and it keeps nobody from being told of the others."""
    good = advisory("PYSEC-1", "2026-01-02T03:04:05Z", affected(versions=("1.0",)))
    (tmp_path / "a.json").write_text(json.dumps([advisory("PYSEC-2", "2026-01-02", affected() | odd), good]))
    found = load(tmp_path / "a.json")
    assert (found.concerning("some-thing", "1.0"), found.unread) == (("PYSEC-1",), 1)


def test_what_is_no_advisory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load(tmp_path / "absent.json")
    for content, said in (
        ("{}", "holds no advisory"), ("[]", "holds no"), ("x", "is no JSON"), ("3", "holds no"),
        ('{"vulns": 5}', "holds no"), ('{"vulns": null}', "holds no"),
    ):  # fmt: skip
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(Invalid, match=said):
            load(tmp_path / "a.json")


def elsewhere(ecosystem: str, name: str, *events: dict[str, str]) -> dict[str, Any]:
    return {**affected(*events), "package": {"ecosystem": ecosystem, "name": name}}


def test_each_ecosystem_has_its_names_and_the_order_of_its_versions(tmp_path: Path) -> None:
    told = [
        elsewhere("CRAN", "Matrix", {"introduced": "1.2-3"}, {"fixed": "1.2-10"}),
        elsewhere("Maven", "org.apache.commons:commons-lang3", {"introduced": "3.0"}, {"fixed": "3.18.0"}),
        elsewhere("Maven:https://example.org/maven", "a:b", {"introduced": "0"}, {"fixed": "2.0"}),
        elsewhere("PyPI", "matrix", {"introduced": "0"}),
    ]
    file = tmp_path / "all.json"
    file.write_text(json.dumps([advisory(f"A-{number}", "2026-01-02", each) for number, each in enumerate(told)]))
    found = load(file)
    assert found.concerning("r:matrix", "1.2-9") == ("A-0",) and found.concerning("r:matrix", "1.2.10") == ()
    assert found.concerning("matrix", "1.2.10") == ("A-3",), "a package of Python's that is called like one of R's"
    assert found.concerning("jvm:org.apache.commons:commons-lang3", "3.18.0-rc1") == ("A-1",)
    assert found.concerning("jvm:commons-lang3", "3.14.0") == ("A-1",), "of a group that nobody knows"
    assert found.concerning("jvm:elsewhere:commons-lang3", "3.14.0") == ()
    assert found.concerning("jvm:a:b", "2.0-alpha") == ("A-2",) and found.concerning("jvm:a:b", "2") == ()
    few = load(file, {"jvm:commons-lang3", "numpy"})
    assert set(few.by_package) == {"jvm:org.apache.commons:commons-lang3"} and few.count == 4


def test_a_range_that_cannot_be_read_is_said_and_the_rest_of_the_advisory_counts(tmp_path: Path) -> None:
    about = affected({"introduced": "0"}, {"fixed": "2004d-x"}, versions=("1.1",))
    (tmp_path / "a.json").write_text(json.dumps(advisory("A-1", "2026-01-02", about)))
    found = load(tmp_path)
    assert (found.concerning("some-thing", "1.1"), found.concerning("some-thing", "1.2")) == (("A-1",), ())
    assert (found.count, found.unread) == (1, 1)


def test_what_is_too_large_or_too_much_is_refused_and_nothing_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.json"
    with file.open("wb") as large:
        large.truncate(200 << 20)
    with pytest.raises(Invalid, match=r"larger than 32 MiB, which is too much to read at once; name a folder"):
        load(file)
    file.unlink()
    monkeypatch.setattr("engine.packages.advisories.MOST_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(json.dumps(advisory("A-1", "2026-01-02", TWICE)))
    with pytest.raises(Invalid, match="holds more than 2 files, and some would be passed over"):
        load(tmp_path)


@pytest.mark.parametrize(
    "record",
    [
        '{"id": "A-1", "modified": NaN, "affected": []}',
        '{"id": "A-1", "modified": "0001-01-01T00:00:00+23:59", "affected": []}',
        '{"id": "A-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [3]}]}',
        '{"id": "A-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "versions": 3}]}',
        '{"id": "A-1", "affected": {"package": 1}}',
        '{"affected": []}',
    ],
)
def test_a_record_that_is_none_is_counted_as_unread(tmp_path: Path, record: str) -> None:
    (tmp_path / "a.json").write_text(record)
    (tmp_path / "b.json").write_text(json.dumps(advisory("B-1", "2026-01-02", TWICE)))
    assert (load(tmp_path).count, load(tmp_path).unread) == (1, 1)


def test_names_of_advisories_reach_no_terminal_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(advisory("\x1b]0;x\x07PYSEC\u202e-1\ud800", "2026-01-02", TWICE)))
    assert load(file).concerning("some-thing", "1.0") == ("PYSEC-1",)
