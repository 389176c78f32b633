"""Who may do what: every method of the engine's door that changes something, asked for by every role.

The list of what changes something is not written here: it is every method that an engine of an earlier moment refuses.
A new one must be put into ``LEAST``, with the least role that may do it, or among those that change nothing shared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.api import Engine, open_engine
from engine.errors import Forbidden, LeverframeError
from engine.housekeeping.records import CleanPlan
from engine.people import operators
from engine.records import MovePlan, Operator, Role
from engine.rewind.past_engine import READINGS
from engine.schedule.book import ScheduleChanges
from tests import tiny

LEAST: dict[str, Role] = {
    "add": "operator", "remove": "admin", "retrain": "operator", "cancel": "operator", "look": "operator",
    "acknowledge": "operator", "snooze": "operator", "report_soon": "operator", "send_report": "operator",
    "retry_outbox": "operator", "run_now": "operator", "pause_schedule": "operator", "resume_schedule": "operator",
    "edit_schedule": "operator", "plan_release": "operator", "plan_rollback": "operator", "move": "operator",
    "reject": "operator", "lift": "operator", "add_operator": "admin", "doctor": "operator", "clean": "operator",
    "restore": "operator", "empty_bin": "operator", "choose": "admin", "watch": "operator", "unwatch": "operator",
    "hold": "operator", "release_hold": "admin", "back_up": "operator",
    "allow": "admin", "withdraw": "admin",
}  # fmt: skip
# What the refusal says that this person may not; each is a word that somebody asks an admin for.
MAY_NOT = {
    "add": "add projects", "remove": "remove projects", "retrain": "retrain", "cancel": "cancel runs",
    "look": "look at a version's health", "acknowledge": "acknowledge alerts", "snooze": "snooze alerts",
    "report_soon": "make reports", "send_report": "send reports", "retry_outbox": "send mail again",
    "run_now": "retrain", "pause_schedule": "pause schedules", "resume_schedule": "resume schedules",
    "edit_schedule": "change schedules", "plan_release": "approve", "plan_rollback": "roll back", "move": "approve",
    "reject": "reject", "lift": "lift a bar", "add_operator": "add operators", "doctor": "mend the workspace",
    "clean": "clean up", "restore": "restore", "empty_bin": "empty the bin", "choose": "change settings",
    "watch": "watch folders", "unwatch": "watch folders", "hold": "place a legal hold",
    "release_hold": "release a legal hold", "back_up": "back up",
    "allow": "allow a project's steps to reach more", "withdraw": "withdraw what a project's steps were allowed",
}  # fmt: skip
# What changes nothing that others see: it looks, waits, works out, or is the engine's own work of every process.
OF_ANYBODY = {
    "as_of", "check", "wait", "plan_clean", "scan_disk", "dry_run_report", "start_clockwork", "keep_house",
    "pass_time", "scrub", "check_backup",
}  # fmt: skip
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOVE = MovePlan("tiny", "release", None, "tiny@1", 0, (), (), (), None)
CHANGES = ScheduleChanges(rule="0 4 * * *")
# Arguments by the name of the parameter; what a refused method never looks at may be anything of its kind.
GIVEN: dict[str, Any] = {
    "name": "tiny", "project": "tiny", "job": "retrain", "label": "tiny@1", "reason": "because", "run": 1, "alert": 1,
    "until": datetime(2100, 1, 1, tzinfo=UTC), "role": "admin", "mend": True, "item": 1, "setting": "keep_free",
    "value": "1GiB", "kind": "data", "changes": CHANGES, "on_step": lambda step: None, "mail": None,
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace of ada, an admin, with the project tiny; opal is an operator, vic a viewer."""
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    engine.add_operator("opal", "operator", "a colleague")
    engine.add_operator("vic", "viewer", "the business")
    engine.close()
    return tmp_path / "home"


def acts() -> list[str]:
    public = (name for name in dir(Engine) if not name.startswith("_") and callable(getattr(Engine, name)))
    return [name for name in public if name not in READINGS]


def test_every_method_that_changes_something_says_who_may() -> None:
    assert set(acts()) == set(LEAST) | OF_ANYBODY, "say in LEAST which role a new act needs"


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


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the ledger."""
    with engine._ledger.read() as db:
        names = [r["name"] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [tuple(row) for row in db.execute(f"SELECT * FROM {name}")] for name in names}


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
        before, there = rows(engine), files(engine.home)
        with pytest.raises(Forbidden) as refused:
            called(engine, name, tmp_path)
        role = {"vic": "a viewer", "opal": "an operator"}[person]
        told = f"{person} is {role} and may not {MAY_NOT[name]}; ask somebody who is {LEAST[name]}."
        assert str(refused.value) == told
        assert rows(engine) == before
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


@pytest.mark.parametrize(
    ("role", "wanted", "may"),
    [
        ("viewer", "viewer", True), ("viewer", "operator", False), ("viewer", "admin", False),
        ("operator", "viewer", True), ("operator", "operator", True), ("operator", "admin", False),
        ("admin", "viewer", True), ("admin", "operator", True), ("admin", "admin", True),
    ],
)  # fmt: skip
def test_a_role_may_what_it_and_every_smaller_one_may(role: Role, wanted: Role, may: bool) -> None:
    person = Operator("pat", role, "pat@box")
    if may:
        operators.require(person, wanted, "do it")
        return
    with pytest.raises(Forbidden, match=f"pat is an? {role} and may not do it; ask somebody who is {wanted}"):
        operators.require(person, wanted, "do it")


def test_a_rollback_is_refused_by_its_own_name(as_one: Callable[[str], Engine]) -> None:
    with pytest.raises(Forbidden, match="vic is a viewer and may not roll back; ask somebody who is operator"):
        as_one("vic").move(replace(MOVE, kind="rollback"), "because", lambda step: None)


def test_what_a_person_may_is_what_the_ledger_says_and_not_what_they_say(as_one: Callable[[str], Engine]) -> None:
    """Roles are read when the workspace is opened, from the table that only an admin adds to."""
    engine = as_one("vic")
    assert engine.operator.role == "viewer"
    with pytest.raises(LeverframeError, match="knows no operator 'eve'"):
        as_one("eve")
    assert replace(engine.operator, role="admin") not in engine.operators()
