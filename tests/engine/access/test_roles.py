"""Who may do what: every method of the engine's door that changes something, asked for by every role.

The list of what changes something is not written here: it is what the door declares to be no look at what was. Who may
is written here once more, by hand: no declaration is loosened unnoticed. A new act must be put into ``LEAST``, or among
those that change nothing shared.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.access.acts import declared
from engine.api import Engine, PastEngine, open_engine
from engine.errors import Forbidden, LeverframeError, Refusal
from engine.housekeeping.records import CleanPlan
from engine.records import Role
from engine.release.records import MovePlan
from engine.schedule.book import ScheduleChanges
from tests import tiny
from tests.killing import let_go
from tests.ledger import rows_of
from tests.workspaces import copied

LEAST: dict[str, Role] = {
    "add": "operator", "remove": "admin", "retrain": "operator", "cancel": "operator", "look": "operator",
    "backtest": "operator",
    "acknowledge": "operator", "snooze": "operator", "report_soon": "operator", "send_report": "operator",
    "retry_outbox": "operator", "run_now": "operator", "pause_schedule": "operator", "resume_schedule": "operator",
    "edit_schedule": "operator", "plan_release": "operator", "plan_rollback": "operator", "move": "operator",
    "reject": "operator", "lift": "operator", "add_operator": "admin", "doctor": "operator", "clean": "operator",
    "restore": "operator", "empty_bin": "operator", "choose": "admin", "watch": "operator", "unwatch": "operator",
    "hold": "operator", "release_hold": "admin", "back_up": "operator",
    "allow": "admin", "withdraw": "admin", "set_policy": "admin", "add_address": "admin", "remove_address": "admin",
    "add_route": "admin", "remove_route": "admin", "choose_quiet_hours": "operator", "hand_over": "operator",
    "take_over": "operator",
}  # fmt: skip
# Asked for while it is done, for only a part of it takes the role: with ``mend``.
PARTLY = {"doctor"}
# What the refusal says that this person may not; each is a word that somebody asks an admin for.
MAY_NOT = {
    "add": "add projects", "remove": "remove projects", "retrain": "retrain", "cancel": "cancel runs",
    "look": "look at a version's health", "backtest": "backtest retraining",
    "acknowledge": "acknowledge alerts", "snooze": "snooze alerts",
    "report_soon": "make reports", "send_report": "send reports", "retry_outbox": "send mail again",
    "run_now": "retrain", "pause_schedule": "pause schedules", "resume_schedule": "resume schedules",
    "edit_schedule": "change schedules", "plan_release": "approve", "plan_rollback": "roll back", "move": "approve",
    "reject": "reject", "lift": "lift a bar", "add_operator": "add operators", "doctor": "mend the workspace",
    "clean": "clean up", "restore": "restore", "empty_bin": "empty the bin", "choose": "change settings",
    "watch": "watch folders", "unwatch": "watch folders", "hold": "place a legal hold",
    "release_hold": "release a legal hold", "back_up": "back up",
    "allow": "allow a project's steps to reach more", "withdraw": "withdraw what a project's steps were allowed",
    "set_policy": "change the policy", "add_address": "change operators' addresses",
    "remove_address": "change operators' addresses",
    "add_route": "change routes", "remove_route": "change routes", "choose_quiet_hours": "choose quiet hours",
    "hand_over": "hand over", "take_over": "take over",
}  # fmt: skip
# What changes nothing that others see: it looks, waits, works out, or is the engine's own work of every process.
OF_ANYBODY = {
    "as_of", "check", "wait", "plan_backtest", "plan_clean", "scan_disk", "dry_run_report", "start_scheduler",
    "keep_house", "pass_time", "scrub", "check_backup",
}  # fmt: skip
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOVE = MovePlan("tiny", "release", None, "tiny@1", 0, (), (), (), None)
CHANGES = ScheduleChanges(rule="0 4 * * *")
# Arguments by the name of the parameter; what a refused method never looks at may be anything of its kind.
GIVEN: dict[str, Any] = {
    "name": "tiny", "project": "tiny", "job": "retrain", "label": "tiny@1", "reason": "because", "run": 1, "alert": 1,
    "until": datetime(2100, 1, 1, tzinfo=UTC), "role": "admin", "mend": True, "item": 1, "setting": "keep_free",
    "value": "1GiB", "kind": "data", "words": "22:00-07:00", "route": 1, "to": "opal", "note": "all quiet",
    "operator": "opal", "address": "opal@example.org",
    "changes": CHANGES, "on_step": lambda step: None, "mail": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of ada, an admin, with the project tiny; opal is an operator, vic a viewer."""
    folder = tmp_path_factory.mktemp("roles")
    engine = open_engine(folder / "home", "ada", create=True)
    engine.add(tiny.make(folder / "tiny"))
    engine.add_operator("opal", "operator", "a colleague")
    engine.add_operator("vic", "viewer", "the business")
    engine.close()
    return let_go(folder / "home")


@pytest.fixture
def home(saved: Path, tmp_path: Path) -> Path:
    return copied(saved, tmp_path / "home")


def test_every_method_that_changes_something_says_who_may() -> None:
    acts = {name for name, act in declared(Engine).items() if not act.in_past}
    assert acts == set(LEAST) | OF_ANYBODY, "say in LEAST which role a new act needs"


def test_the_door_declares_the_roles_that_are_written_here() -> None:
    for name, act in declared(Engine).items():
        assert act.least == ("viewer" if name in PARTLY else LEAST.get(name, "viewer")), name


def test_what_is_declared_of_an_act_is_whole() -> None:
    for name, act in declared(Engine).items():
        given = inspect.signature(getattr(Engine, name)).parameters
        assert act.name == name and act.what and act.what[0].islower(), name
        assert not act.of or act.of in given, name
        assert not act.kind or act.kind.partition(".")[0] in given, name
        assert bool(act.kind) == bool(act.kinds), name
        assert act.changes or not act.dangerous, name


def test_the_engine_of_an_earlier_moment_has_the_same_acts() -> None:
    assert declared(PastEngine) == declared(Engine)


def test_nobody_but_the_door_asks_for_a_role() -> None:
    """Where a room asked too, the two could come to say different things."""
    asks = re.compile(r"^\s*(acts\.)?require\(", re.M)
    found = {path.as_posix(): len(asks.findall(path.read_text("utf-8"))) for path in Path("engine").rglob("*.py")}
    assert {name: count for name, count in found.items() if count} == {"engine/api.py": len(PARTLY)}


def called(engine: Engine, name: str, tmp_path: Path) -> Any:
    method: Callable[..., Any] = getattr(engine, name)
    words: dict[str, Any] = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.default is inspect.Parameter.empty:
            words[parameter.name] = _given(name, parameter.name, tmp_path)
    return method(**words)


def _given(method: str, parameter: str, tmp_path: Path) -> Any:
    if parameter == "plan":
        return MOVE if method == "move" else CleanPlan(NOON, (), (), 0)
    if parameter == "report":
        return None
    if parameter in ("path", "folder"):
        return tmp_path / "other"
    if (method, parameter) == ("add_operator", "name"):
        return "vic2"
    return GIVEN[parameter]


def files(home: Path) -> set[str]:
    """What lies in the workspace, but for the ledger's own files and locks."""
    return {
        str(path.relative_to(home))
        for path in home.rglob("*")
        if not path.relative_to(home).parts[0].startswith(("ledger", "locks"))
    }


@pytest.fixture(autouse=True)
def _a_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is set up nobody may send, whatever their role; nothing listens at this one."""
    monkeypatch.setenv("LEVERFRAME_SMTP_HOST", "127.0.0.1:1")
    monkeypatch.setenv("LEVERFRAME_SMTP_FROM", "leverframe@example.org")


@pytest.fixture
def as_one(home: Path) -> Iterator[Callable[[str], Engine]]:
    opened = []

    def one(name: str) -> Engine:
        opened.append(open_engine(home, name))
        return opened[-1]

    yield one
    for engine in opened:
        engine.close()


@pytest.mark.parametrize("name", sorted(LEAST))
def test_who_has_too_small_a_role_is_refused_and_nothing_is_written(
    name: str, as_one: Callable[[str], Engine], tmp_path: Path
) -> None:
    too_small = {"operator": ["vic"], "admin": ["vic", "opal"]}[LEAST[name]]
    for person in too_small:
        engine = as_one(person)
        before, there = rows_of(engine), files(engine.home)
        with pytest.raises(Forbidden) as refused:
            called(engine, name, tmp_path)
        role = {"vic": "a viewer", "opal": "an operator"}[person]
        told = f"{person} is {role} and may not {MAY_NOT[name]}; ask somebody who is {LEAST[name]}."
        assert str(refused.value) == told
        assert rows_of(engine) == before
        assert files(engine.home) == there


@pytest.mark.parametrize("name", sorted(LEAST))
def test_the_least_role_is_enough(name: str, as_one: Callable[[str], Engine], tmp_path: Path) -> None:
    """What else is wrong with the call is told, but not that this person may not."""
    engine = as_one({"operator": "opal", "admin": "ada"}[LEAST[name]])
    try:
        called(engine, name, tmp_path)
    except Forbidden as forbidden:
        raise AssertionError(str(forbidden)) from None
    except (LeverframeError, AttributeError, OSError):
        return


def test_a_rollback_is_refused_by_its_own_name(as_one: Callable[[str], Engine]) -> None:
    with pytest.raises(Forbidden, match="vic is a viewer and may not roll back; ask somebody who is operator"):
        as_one("vic").move(replace(MOVE, kind="rollback"), "because", lambda step: None)


@pytest.mark.parametrize("job", ["retrain", "health", "report"])
def test_what_is_run_by_hand_is_refused_as_what_it_is(as_one: Callable[[str], Engine], job: str) -> None:
    said = {"retrain": "retrain", "health": "look at a version's health", "report": "make reports"}[job]
    with pytest.raises(Forbidden, match=f"vic is a viewer and may not {said}; ask somebody who is operator"):
        as_one("vic").run_now("tiny", job)


def test_a_viewer_looks_at_what_is_wrong_and_mends_nothing(as_one: Callable[[str], Engine]) -> None:
    assert as_one("vic").doctor(mend=False)
    with pytest.raises(Forbidden, match="vic is a viewer and may not mend the workspace"):
        as_one("vic").doctor(mend=True)


@pytest.mark.parametrize("person", ["vic", "ada"])
def test_at_an_earlier_moment_every_act_is_refused_whatever_the_role(
    as_one: Callable[[str], Engine], person: str
) -> None:
    engine = as_one(person)
    with closing(engine.as_of(engine.now())) as then:
        before, there = rows_of(engine), files(engine.home)
        for name in [*LEAST, *OF_ANYBODY]:
            with pytest.raises(Refusal, match=r"^This is how things stood on .*; go back to now to act\.$"):
                getattr(then, name)("whatever", 1)  # before anybody looks at what was given
        assert rows_of(engine) == before and files(engine.home) == there


def test_what_a_person_may_is_what_the_ledger_says_and_not_what_they_say(as_one: Callable[[str], Engine]) -> None:
    """Roles are read when the workspace is opened, from the table that only an admin adds to."""
    engine = as_one("vic")
    assert engine.operator.role == "viewer"
    with pytest.raises(LeverframeError, match="knows no operator 'eve'"):
        as_one("eve")
    assert replace(engine.operator, role="admin") not in engine.operators()
