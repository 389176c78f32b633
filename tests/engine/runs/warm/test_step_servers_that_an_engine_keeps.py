"""When an engine starts a step server, how many it keeps, which makes room, and what becomes of notes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.runs import capacity
from engine.runs.warm import step_request, step_servers
from engine.runs.warm.step_servers import KEPT_SECONDS, MOST_ALIKE, MOST_NOTES, RESTED_SECONDS
from engine.runs.warm.wanted_server import Wanted, folder_of, read_secret, wanted
from tests.engine.runs.step_workshop import until
from tests.engine.runs.warm.served_project import ServedProject, needs_landlock, processes, served_project

pytestmark = needs_landlock


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ServedProject]:
    with served_project(tmp_path / "served") as found:
        yield found


def asks(project: ServedProject, threads: int = 1, times: int = 1, modules: tuple[str, ...] = ("json",)) -> str:
    """Somebody asks so often in vain; the name of what was asked for."""
    manifest = project.with_limits(threads=threads)
    asked = wanted(manifest, project.environment, project.lock, modules)
    secret = read_secret(project.home)
    assert asked is not None and secret is not None
    for _ in range(times):
        with open(os.devnull) as nothing:
            box = {"network": True, "read": []}
            assert step_request.ask(project.home, asked, box, nothing.fileno()) is None
    return asked.name(secret)


def admitted(project: ServedProject, count: int) -> list[str]:
    def all_there() -> list[str]:
        project.engine.look()
        return [one.name for one in project.engine.kept if one.admitted]

    return until(lambda: names if len(names := all_there()) >= count else [])


def test_none_is_started_for_a_step_alone(project: ServedProject) -> None:
    asks(project)
    project.engine.look()
    assert project.engine.kept == []
    name = asks(project)
    project.engine.look()
    assert [one.name.rpartition(".")[0] for one in project.engine.kept] == [name]
    asks(project, times=4)
    project.engine.look()
    assert len(project.engine.kept) == 1 or project.engine.kept[0].admitted  # Not while one is loading.


def test_of_those_that_are_alike_there_are_few(project: ServedProject) -> None:
    name = asks(project, times=2)
    admitted(project, 1)
    asked = project.engine.kept[0].wanted
    for count in range(MOST_ALIKE + 1):  # As where each is busy.
        for _ in range(2):
            step_request.note(project.home, name, asked)
        project.engine.look()
        admitted(project, min(count + 2, MOST_ALIKE))
    assert len({one.name for one in project.engine.kept}) == len(project.engine.kept) == MOST_ALIKE


def test_the_one_that_was_asked_least_lately_makes_room_once_it_has_rested(
    project: ServedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_servers, "MOST", 2)
    late = project.moment = clock.now()
    for threads in (1, 2):
        asks(project, threads, times=2)
        admitted(project, threads)
    first, second = project.engine.kept
    os.utime(folder_of(project.home) / f"{second.name}.socket", (late.timestamp() - 30, late.timestamp() - 30))
    third = asks(project, 3, times=2)
    project.engine.look()
    assert project.engine.kept == [first, second]  # They were asked a moment ago.
    project.moment = late + timedelta(seconds=RESTED_SECONDS - 20)
    project.engine.look()
    assert [one.name.rpartition(".")[0] for one in project.engine.kept][1] == third
    assert project.engine.kept[0] is first and project.engine.leaving == [second]
    until(lambda: project.engine.look() or not project.engine.leaving)  # type: ignore[func-returns-value]
    assert not (project.home / "cache" / "steps" / second.name).exists()


def test_without_memory_there_is_none(project: ServedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_servers, "LEAST_FREE", 1 << 30)
    monkeypatch.setattr(capacity, "free_memory", lambda: 8 << 30)
    asks(project, times=2)
    admitted(project, 1)
    monkeypatch.setattr(capacity, "free_memory", lambda: 100 << 20)
    project.engine.look()
    assert project.engine.kept == []
    asks(project, times=2)
    monkeypatch.setattr(capacity, "free_memory", lambda: 900 << 20)
    project.engine.look()
    assert project.engine.kept == []
    monkeypatch.setattr(capacity, "free_memory", lambda: 8 << 30)
    project.engine.look()
    assert len(project.engine.kept) == 1


def test_a_flood_of_different_wishes_is_bounded_and_keeps_no_other_from_its_server(project: ServedProject) -> None:
    folder = folder_of(project.home)
    for number in range(step_request.MOST_NOTES):
        asks(project, modules=(f"module{number}", "json"))
    assert len(os.listdir(folder)) <= step_request.MOST_NOTES + 2
    project.engine.look()
    assert len(os.listdir(folder)) <= 2 * MOST_NOTES + 1
    name = asks(project, times=2)
    project.engine.look()
    assert [one.name.rpartition(".")[0] for one in project.engine.kept] == [name]


def test_notes_are_forgotten_after_a_week(project: ServedProject) -> None:
    asks(project)
    project.engine.look()
    assert len(list(folder_of(project.home).glob("*.asked"))) == 1
    project.moment = clock.now() + timedelta(seconds=KEPT_SECONDS + 1)
    project.engine.look()
    assert [path.name for path in folder_of(project.home).iterdir()] == ["secret"]


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b"\xff", b'{"kind": "r"}'])
def test_a_note_that_makes_no_sense_starts_nothing(project: ServedProject, note: bytes) -> None:
    name = asks(project, times=2)
    (folder_of(project.home) / f"{name}.wanted").write_bytes(note)
    project.engine.look()
    assert project.engine.kept == []
    asks(project, times=2)
    admitted(project, 1)


def test_who_has_other_variables_than_the_engine_gets_no_server(
    project: ServedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest = project.manifest.__class__(**{
        **vars(project.manifest),
        "environment": project.manifest.environment.__class__(warm=True, variables=("WAREHOUSE",)),
    })  # fmt: skip
    monkeypatch.setenv("WAREHOUSE", "postgres://secret-of-one")
    asks(project, times=2)
    said = [path.read_text() for path in folder_of(project.home).glob("*.wanted")]
    assert len(said) == 1 and "secret-of-one" not in said[0] and "WAREHOUSE" in json.loads(said[0])["passed"]
    monkeypatch.setenv("WAREHOUSE", "postgres://secret-of-another")
    project.engine.look()
    assert project.engine.kept == []


def test_what_may_be_spoken_to_is_the_account_s_alone(project: ServedProject) -> None:
    one = project.serve()
    folder = folder_of(project.home)
    modes = {path.name.removeprefix(f"{one.name}."): path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {modes[name] for name in ("socket", "key", "secret")} == {0o600}
    home = project.home / "cache" / "steps" / one.name
    assert {path.stat().st_mode & 0o777 for path in (home, home / "work", home / "own")} == {0o700}
    shown = Path(f"/proc/{processes(one)['watcher']}/cmdline").read_bytes()
    assert (folder / f"{one.name}.key").read_bytes() not in shown


def test_a_folder_that_is_open_is_shut_when_an_engine_begins(project: ServedProject) -> None:
    folder_of(project.home).chmod(0o777)
    project.engine.__class__(project.home, project.home / "environments")
    assert folder_of(project.home).stat().st_mode & 0o777 == 0o700


def test_the_server_is_given_the_variables_of_a_step_but_for_its_own(project: ServedProject) -> None:
    asked = wanted(project.manifest, project.environment, project.lock, ("json",))
    assert isinstance(asked, Wanted)
    given = asked.variables()
    assert given["PATH"].split(os.pathsep)[0] == str(project.environment.path / "bin")
    assert given["VIRTUAL_ENV"] == str(project.environment.path) and not {"HOME", "TMPDIR"} & {*given}
