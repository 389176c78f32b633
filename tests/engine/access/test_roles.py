"""Who may do what: every method of the engine's door that changes something, asked for by every role.

The list of what changes something is not written here: it is what the door declares to be no look at what was. Who may
is written here once more, by hand: no declaration is loosened unnoticed. A new act must be put into ``LEAST``, or among
those that change nothing shared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.access.acts import declared
from engine.access.proof import of_process
from engine.api import Engine, PastEngine, open_service
from engine.clock import stamp
from engine.errors import Forbidden, LeverframeError, Refusal
from engine.housekeeping.records import CleanPlan
from engine.records import Role
from engine.release.records import MovePlan
from engine.schedule.book import ScheduleChanges
from tests import tiny
from tests.builders.feedback import held_batch
from tests.builders.runs import done
from tests.killing import let_go
from tests.ledger import ledger_of, refused_rows, rows_of, writing
from tests.people import key_of, open_engine, with_article
from tests.workspaces import copied

LEAST: dict[str, Role] = {
    "add": "operator", "remove": "admin", "retrain": "operator", "cancel": "operator", "look": "operator",
    "backtest": "operator", "score": "operator", "acknowledge": "operator", "snooze": "operator",
    "report_soon": "operator", "send_report": "operator", "retry_outbox": "operator", "run_now": "operator",
    "pause_schedule": "operator", "resume_schedule": "operator", "edit_schedule": "operator",
    "plan_release": "operator", "plan_rollback": "operator", "move": "operator", "reject": "operator",
    "lift": "operator", "add_operator": "admin",
    "doctor": "operator", "clean": "operator", "restore": "operator", "empty_bin": "operator", "choose": "admin",
    "watch": "operator", "unwatch": "operator", "hold": "operator", "release_hold": "admin", "back_up": "operator",
    "export_audit": "auditor", "set_role": "admin", "set_project_role": "admin", "disable_operator": "admin",
    "enable_operator": "admin", "bind_key": "admin", "bind_account": "admin", "unbind": "admin",
    "start_scheduler": "operator", "allow": "admin", "withdraw": "admin", "set_policy": "admin",
    "break_glass": "admin", "add_address": "admin", "remove_address": "admin", "add_route": "admin",
    "remove_route": "admin", "choose_quiet_hours": "operator", "hand_over": "operator", "take_over": "operator",
    "comment": "viewer", "sealed_keys": "admin", "cancel_swap": "operator", "bundle": "operator",
    "write_data": "operator", "send": "operator", "take_in": "operator", "take_in_despite": "admin", "trust": "admin",
    "distrust": "admin", "make_token": "admin", "rotate_token": "admin", **dict.fromkeys((
        "where_else", "sent_on", "export", "look_into", "ask_for_newer", "give_feedback", "let_in_feedback", "learn",
        "throw_away_feedback", "freeze_learner", "unfreeze_learner", "revoke_token", "load_test", "plan_trial",
        "put_on_trial", "end_trial"), "operator"),
    "set_packages": "admin", "unset_package": "admin", "enforce_packages": "admin", "except_package": "admin",
}  # fmt: skip
# Asked for while it is done, for only a part of it takes the role: with ``mend``.
PARTLY = {"doctor"}
# What the refusal says that this person may not; each is a word that somebody asks an admin for.
MAY_NOT = {
    "add": "add projects", "remove": "remove projects", "retrain": "retrain", "cancel": "cancel runs",
    "look": "look at a version's health", "backtest": "backtest retraining", "score": "score files",
    "acknowledge": "acknowledge alerts", "snooze": "snooze alerts", "report_soon": "make reports",
    "send_report": "send reports", "retry_outbox": "send mail again", "run_now": "retrain",
    "pause_schedule": "pause schedules", "resume_schedule": "resume schedules", "edit_schedule": "change schedules",
    "plan_release": "approve", "plan_rollback": "roll back", "move": "approve", "reject": "reject",
    "lift": "lift a bar", "add_operator": "add operators", "doctor": "mend the workspace", "clean": "clean up",
    "restore": "restore", "empty_bin": "empty the bin", "choose": "change settings", "watch": "watch folders",
    "unwatch": "watch folders", "hold": "place a legal hold", "release_hold": "release a legal hold",
    "back_up": "back up", "export_audit": "export the trail", "set_role": "change roles",
    "set_project_role": "change roles", "disable_operator": "disable operators", "enable_operator": "disable operators",
    "bind_key": "bind keys and accounts", "bind_account": "bind keys and accounts", "unbind": "bind keys and accounts",
    "start_scheduler": "host the engine", "allow": "allow a project's steps to reach more",
    "withdraw": "withdraw what a project's steps were allowed", "set_policy": "change the policy",
    "break_glass": "break the glass", "hand_over": "hand over", "take_over": "take over", "export": "export versions",
    **dict.fromkeys(("add_address", "remove_address"), "change operators' addresses"),
    "add_route": "change routes", "remove_route": "change routes", "choose_quiet_hours": "choose quiet hours",
    "comment": "comment on candidates", "sealed_keys": "export keys", "cancel_swap": "cancel planned swaps",
    "bundle": "bundle versions", "write_data": "bundle versions", "send": "send versions", "trust": "trust keys",
    "take_in": "take versions in", "take_in_despite": "take versions in despite what is known of them",
    "distrust": "trust keys", **dict.fromkeys(("where_else", "sent_on"), "ask other workspaces"),
    "look_into": "look into bundles", "ask_for_newer": "ask for newer packages", "learn": "let learners learn",
    "give_feedback": "give feedback", "let_in_feedback": "let feedback in",
    "throw_away_feedback": "throw feedback away", "load_test": "test what a server can take",
    **dict.fromkeys(("freeze_learner", "unfreeze_learner"), "freeze learners"),
    **{f"{act}_token": f"{act} tokens" for act in ("make", "rotate", "revoke")}, "end_trial": "end trials",
    **dict.fromkeys(("plan_trial", "put_on_trial"), "put candidates on trial"),
    **dict.fromkeys([name for name in LEAST if "_package" in name], "change packages"),
}  # fmt: skip
# Those that are about one project, for which somebody may have a role besides; every other is of the workspace.
PER_PROJECT = {
    "remove", "retrain", "cancel", "look", "backtest", "score", "acknowledge", "snooze", "report_soon", "send_report",
    "run_now", "pause_schedule", "resume_schedule", "edit_schedule", "plan_release", "plan_rollback", "move", "reject",
    "lift", "hold", "release_hold", "withdraw", "set_project_role", "comment", "cancel_swap", "bundle", "write_data",
    "export", "give_feedback", "let_in_feedback", "throw_away_feedback", "freeze_learner", "unfreeze_learner", "learn",
    "make_token", "rotate_token", "revoke_token", "load_test", "send", "plan_trial", "put_on_trial", "end_trial",
}  # fmt: skip
# What changes nothing that others see: it looks, waits, works out, or is the engine's own work of every process.
OF_ANYBODY = {
    "as_of", "check", "wait", "plan_backtest", "plan_clean", "scan_disk", "dry_run_report", "keep_house", "pass_time",
    "scrub", "check_backup", "be_at", "who", "others", "bundle_key", "compare", "what_if", "packages_with_advisories",
}  # fmt: skip
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOVE = MovePlan("tiny", "release", None, "tiny@1", 0, (), (), (), None)
CHANGES = ScheduleChanges(rule="0 4 * * *")
# Arguments by the name of the parameter; what a refused method never looks at may be anything of its kind.
GIVEN: dict[str, Any] = {
    "name": "tiny", "project": "tiny", "job": "retrain", "label": "tiny@1", "reason": "because", "run": 1, "alert": 1,
    "until": datetime(2100, 1, 1, tzinfo=UTC), "role": "admin", "mend": True, "item": 1, "setting": "keep_free",
    "value": "1GiB", "kind": "data", "words": "22:00-07:00", "route": 1, "to": "opal", "note": "all quiet",
    "operator": "opal", "address": "opal@example.org", "lasts": timedelta(hours=1), "offset": 0, "confirmed": "tiny",
    "changes": CHANGES, "on_step": lambda step: None, "mail": None, "key": key_of("new").line, "account": "root",
    "now": NOON, "text": "wait", "source": Path("none.zip"), "host": "nowhere", "what": "tiny@1", "enforced": True,
    "constraints": "pandas<3", "package": "pandas", "file": Path("none.csv"), "batch": 1, "projects": ("tiny",),
    "scopes": ("score",), "token": "shop", "ends_at": datetime(2100, 1, 1, tzinfo=UTC), "overlap": timedelta(days=7),
    "output": "out.csv", "tell": lambda line: None, "share": 0.05,
}  # fmt: skip
# Who there is: a role for the workspace, and those for single projects.
PEOPLE: dict[str, tuple[Role, dict[str, Role]]] = {
    "vic": ("viewer", {}), "aude": ("auditor", {}), "opal": ("operator", {}), "ada": ("admin", {}),
    "ines": ("viewer", {"tiny": "auditor"}), "olga": ("viewer", {"tiny": "operator"}),
    "adam": ("viewer", {"tiny": "admin"}), "otto": ("viewer", {"other": "operator"}),
    "anna": ("auditor", {"tiny": "operator"}),
}  # fmt: skip
PROOFS = {name: of_process().words if name == "ada" else f"key {key_of(name).fingerprint}" for name in PEOPLE}
WRITTEN = ("audit", "folded")  # A refusal is written down, and nothing else.


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the people above, with the projects tiny and other, a run and an alert of tiny."""
    folder = tmp_path_factory.mktemp("roles")
    engine = open_engine(folder / "home", "ada", create=True)
    for name in ("tiny", "other"):
        engine.add(tiny.make(folder / name, name=name))
    for name, (role, projects) in PEOPLE.items():
        if name != "ada":
            engine.add_operator(name, role, "a colleague", keys=[key_of(name).line])
        for project, besides in projects.items():
            engine.set_project_role(name, project, besides, "theirs")
    engine.make_token("shop", ("tiny",), ("score",), engine.now() + timedelta(days=90), "the shop asks")
    with writing(engine) as db:
        db.execute("INSERT INTO incidents (project, opened_at) VALUES ('tiny', ?)", (stamp(NOON),))
        db.execute(
            "INSERT INTO alerts (incident, project, number, key, part, severity, why, act, since, raised_at, seen_at)"
            " VALUES (1, 'tiny', 1, 'disk', 'disk', 'watch', 'full', 'retrain it', ?1, ?1, ?1)", (stamp(NOON),)
        )  # fmt: skip
        held_batch(db, "tiny", NOON)
    assert done(engine, NOON) == 1
    engine.close()
    return let_go(folder / "home")


@pytest.fixture
def home(saved: Path, tmp_path: Path) -> Path:
    return copied(saved, tmp_path / "home")


def test_every_method_that_changes_something_says_who_may() -> None:
    people = {name: act for name, act in declared(Engine).items() if act.by != "service"}  # see test_admission.py
    acts = {name for name, act in people.items() if not act.in_past or act.least == "auditor"}
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


def called(engine: Engine, name: str, tmp_path: Path) -> Any:
    method: Callable[..., Any] = getattr(engine, name)
    asked = inspect.signature(method).parameters.values()
    return method(**{p.name: _given(name, p.name, tmp_path) for p in asked if p.default is inspect.Parameter.empty})


def _given(method: str, parameter: str, tmp_path: Path) -> Any:
    if parameter == "plan":
        return MOVE if method in ("move", "put_on_trial") else CleanPlan(NOON, (), (), 0)
    if parameter == "report":
        return SimpleNamespace(project="tiny")
    if parameter == "target":
        return tmp_path / "trail.jsonl"
    if parameter in ("path", "folder"):
        return tmp_path / "other"
    if (method, parameter) == ("add_operator", "name"):
        return "vic2"
    if parameter == "name" and method != "remove":
        return "vic"
    if parameter == "label" and method == "unbind":
        return key_of("vic").fingerprint
    return GIVEN[parameter]


def files(home: Path) -> set[str]:
    """What lies in the workspace, but for the ledger's own files and locks."""
    found = (path.relative_to(home) for path in home.rglob("*"))
    return {str(path) for path in found if not path.parts[0].startswith(("ledger", "locks"))}


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


def roles(person: str, name: str) -> list[Role]:
    """What somebody is where ``name`` is done to tiny."""
    workspace, projects = PEOPLE[person]
    return [workspace, *(role for project, role in projects.items() if project == "tiny" and name in PER_PROJECT)]


def may(person: str, name: str) -> bool:
    """By hand once more: an auditor exports and does nothing else, everybody may what those before them may."""
    ladder: list[Role] = ["viewer", "operator", "admin"]
    held = roles(person, name)
    if LEAST[name] == "auditor":
        return held != ["viewer"] and set(held) != {"viewer"}
    highest = max((ladder.index(role) for role in held if role != "auditor"), default=-1)
    return highest >= ladder.index(LEAST[name])


@pytest.mark.parametrize("name", sorted(LEAST))
def test_who_has_too_small_a_role_is_refused_nothing_is_done_and_the_trail_says_so(
    name: str, as_one: Callable[[str], Engine], tmp_path: Path
) -> None:
    for person in PEOPLE:
        if may(person, name):
            continue
        engine = as_one(person)
        before, there = rows_of(engine, WRITTEN), files(engine.home)
        with ledger_of(engine) as ledger:
            refused_before = len(refused_rows(ledger))
        with pytest.raises(Forbidden) as refused:
            called(engine, name, tmp_path)
        are = " and ".join(dict.fromkeys(map(with_article, roles(person, name))))
        told = f"{person} is {are} and may not {MAY_NOT[name]}; ask somebody who is {with_article(LEAST[name])}."
        assert str(refused.value) == told
        assert rows_of(engine, WRITTEN) == before
        assert files(engine.home) == there
        with ledger_of(engine) as ledger:
            (row,) = refused_rows(ledger)[refused_before:]
        project = {"project": "tiny"} if name in PER_PROJECT else {}
        act = "mend the workspace" if name == "doctor" else name
        assert row == (person, PROOFS[person], project.get("project", "workspace"), {"act": act, **project})


@pytest.mark.parametrize("name", sorted(LEAST))
def test_every_role_that_is_enough_is_enough(name: str, home: Path, tmp_path: Path) -> None:
    """What else is wrong with the call is told, but not that this person may not."""
    for number, person in enumerate(each for each in PEOPLE if may(each, name)):
        with closing(open_engine(copied(home, tmp_path / f"home{number}"), person)) as engine:
            try:
                called(engine, name, tmp_path)
            except Forbidden as forbidden:
                raise AssertionError(f"{person}: {forbidden}") from None
            except (LeverframeError, AttributeError, OSError):
                continue


def test_what_is_about_one_project_is_written_here() -> None:
    """By the arguments that are given above: of a run and an alert the ledger says whose they are."""
    found = {name for name in LEAST if (of := declared(Engine)[name].of) and of != "path"}
    assert found == PER_PROJECT


def test_a_role_for_one_project_is_none_for_another(as_one: Callable[[str], Engine]) -> None:
    engine = as_one("otto")  # an operator of other, a viewer elsewhere
    for act in (
        lambda: engine.retrain("tiny"), lambda: engine.cancel(1, "because"), lambda: engine.acknowledge(1, "because"),
        lambda: engine.reject("tiny@1", "because"), lambda: engine.move(MOVE, "because", lambda step: None),
        lambda: engine.retrain("nothing"), lambda: engine.cancel(99, "because"),
        lambda: engine.reject("other/../tiny@1", "because"),
    ):  # fmt: skip
        with pytest.raises(Forbidden, match="otto is a viewer and may not"):
            act()
    engine.pause_schedule("other", "retrain", "because")


def test_a_plan_that_names_another_project_than_its_target_moves_nothing(as_one: Callable[[str], Engine]) -> None:
    engine = as_one("otto")
    before = rows_of(engine, WRITTEN)
    with pytest.raises(LeverframeError, match="tiny@1 is no version of other"):
        engine.move(replace(MOVE, project="other"), "because", lambda step: None)
    assert rows_of(engine, WRITTEN) == before


@pytest.mark.parametrize("name", [*sorted(LEAST), "overview", "card", "audit", "operators"])
def test_who_is_disabled_while_connected_does_nothing_more_and_is_told_why(
    name: str, as_one: Callable[[str], Engine], tmp_path: Path
) -> None:
    opal, ada = as_one("opal"), as_one("ada")
    assert opal.why_not("retrain") is None
    ada.disable_operator("opal", "left the company")
    before = rows_of(ada, WRITTEN)
    with pytest.raises(Forbidden, match="opal may not work here any more; an admin disabled them"):
        called(opal, name, tmp_path)
    assert rows_of(ada, WRITTEN) == before
    why = "opal may not work here any more; an admin disabled them, and 'leverframe audit' tells an admin why."
    assert opal.why_not("retrain") == opal.why_not("overview") == why


def test_what_the_ledger_says_counts_at_the_next_act_and_at_an_earlier_moment_too(
    as_one: Callable[[str], Engine],
) -> None:
    opal, ada = as_one("opal"), as_one("ada")
    with closing(opal.as_of(opal.now())) as then:
        ada.set_role("opal", "viewer", "for now")
        with pytest.raises(Forbidden, match="opal is a viewer and may not retrain"):
            opal.retrain("tiny")
        assert opal.operator.role == "viewer" == then.operator.role
        assert then.overview(then.now()).projects
        ada.disable_operator("opal", "left")
        with pytest.raises(Forbidden, match="opal may not work here any more"):
            then.overview(then.now())
    ada.enable_operator("opal", "back")
    ada.set_project_role("opal", "tiny", "operator", "theirs")
    opal.pause_schedule("tiny", "retrain", "because")


def test_a_service_does_the_engine_s_work_and_nothing_else(home: Path, tmp_path: Path) -> None:
    with closing(open_service(home)) as service:
        before = rows_of(service, WRITTEN)
        for name in set(LEAST) - {"start_scheduler"}:
            if name in PARTLY:
                continue
            with pytest.raises(Forbidden, match="the engine does its own work and decides nothing; .* is for people"):
                called(service, name, tmp_path)
        assert rows_of(service, WRITTEN) == before
        service.start_scheduler(patience=0.1).stop()


def test_a_rollback_is_refused_by_its_own_name(as_one: Callable[[str], Engine]) -> None:
    with pytest.raises(Forbidden, match="vic is a viewer and may not roll back; ask somebody who is an operator"):
        as_one("vic").move(replace(MOVE, kind="rollback"), "because", lambda step: None)


@pytest.mark.parametrize("job", ["retrain", "health", "report"])
def test_what_is_run_by_hand_is_refused_as_what_it_is(as_one: Callable[[str], Engine], job: str) -> None:
    said = {"retrain": "retrain", "health": "look at a version's health", "report": "make reports"}[job]
    with pytest.raises(Forbidden, match=f"vic is a viewer and may not {said}; ask somebody who is an operator"):
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
        for name in {*LEAST, *OF_ANYBODY} - {"export_audit"}:  # the one that is possible then
            with pytest.raises(Refusal, match=r"^This is how things stood on .*; go back to now to act\.$"):
                getattr(then, name)("whatever", 1)  # before anybody looks at what was given
        assert rows_of(engine) == before and files(engine.home) == there


def test_what_a_person_may_is_what_the_ledger_says_and_not_what_they_say(as_one: Callable[[str], Engine]) -> None:
    engine = as_one("vic")
    engine.caller = replace(engine.caller, operator=replace(engine.operator, role="admin"))
    with pytest.raises(Forbidden, match="vic is a viewer and may not change settings"):
        engine.choose("keep_free", "1GiB", "because")
    with pytest.raises(Forbidden, match=r"The key SHA256:\S+ is bound to no operator of this workspace"):
        as_one("eve")
