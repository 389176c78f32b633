"""What doctor says of the people of a workspace and of the account that owns its files."""

from __future__ import annotations

import os
import pwd
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.access import entering, findings
from engine.access.findings import TOLD, owner
from engine.access.proof import AccountProof
from engine.records import DoctorFinding, Operator
from engine.storage.workspace import Workspace
from tests.ledger import ledger_at, ledger_of, writing
from tests.people import key_of, open_engine

ADA, BOB = Operator("ada", "admin"), Operator("bob", "operator")
GONE = Operator("carl", "operator", disabled=True)
ME = os.geteuid()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(open_engine(tmp_path / "home", "ada", create=True)) as engine:
        engine.add_operator("bob", "operator", "new", keys=[key_of("bob").line])
    return tmp_path / "home"


def found(home: Path, what: str, *, later: timedelta = timedelta(0)) -> list[DoctorFinding]:
    with ledger_at(home) as ledger:
        told = findings.findings(Workspace(home), ledger, clock.now() + later)
        return [each for each in told if each.what == what]


def test_an_account_that_people_log_in_with_is_told_where_more_than_one_work(home: Path) -> None:
    said = owner(ME, (ADA, BOB), "/bin/bash")
    assert said.verdict == "watch"
    name = pwd.getpwuid(ME).pw_name
    assert f"the account {name}, which owns the files, is one that people log in with" in said.sentence
    assert "give the workspace an account that nobody logs in as" in said.sentence


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false"])
def test_one_that_nobody_logs_in_as_is_well(shell: str) -> None:
    assert owner(ME, (ADA, BOB), shell).verdict == "ok"
    assert "which nobody logs in as" in owner(ME, (ADA, BOB), shell).sentence


@pytest.mark.parametrize("people", [(ADA,), (ADA, GONE)])
def test_whoever_works_alone_is_not_troubled_with_it(people: tuple[Operator, ...]) -> None:
    assert owner(ME, people, "/bin/bash") == DoctorFinding(
        "owner", "ok", f"the files are those of the account {pwd.getpwuid(ME).pw_name}, and one person works here"
    )


def test_an_account_without_an_entry_is_told_by_its_number() -> None:
    assert "the account 4000000123, which owns" in owner(4_000_000_123, (ADA, BOB)).sentence


def test_doctor_asks_whose_the_files_are(home: Path) -> None:
    (said,) = found(home, "owner")
    assert pwd.getpwuid(ME).pw_name in said.sentence


def test_who_may_work_here_is_told_and_who_cannot_come_in(home: Path) -> None:
    assert [(each.verdict, each.sentence) for each in found(home, "operators")] == [
        ("ok", "2 may work here; admins: ada")
    ]
    with closing(open_engine(home, "ada")) as engine:
        engine.add_operator("eve", "viewer", "no key yet")
    (said,) = found(home, "operators")
    assert said.verdict == "watch" and "nothing proves who eve is, so they cannot come in" in said.sentence
    with closing(open_engine(home, "ada")) as engine:
        engine.disable_operator("eve", "needs none")
    assert [each.verdict for each in found(home, "operators")] == ["ok"]


def test_who_came_in_by_the_files_is_told_in_red_for_a_month(home: Path) -> None:
    there = AccountProof("root", 0, "m", "other")
    with closing(open_engine(home, "ada")) as engine, writing(engine) as db:
        entering.take_in(db, there, "bob", "all admins left", clock.now())
    said = [each for each in found(home, "operators") if each.verdict == "failing"]
    assert len(said) == 1
    assert "bob came in as an admin by the files of the workspace" in said[0].sentence
    assert "as the account root@other, saying 'all admins left'" in said[0].sentence
    assert not [e for e in found(home, "operators", later=TOLD + timedelta(days=1)) if e.verdict == "failing"]


def test_an_account_of_another_machine_is_told(home: Path) -> None:
    with closing(open_engine(home, "ada")) as engine, ledger_of(engine) as ledger, ledger.write() as db:
        entering.take_in(db, AccountProof("svc", 7, "m", "other"), "bob", "moved", clock.now())
    said = [each.sentence for each in found(home, "operators") if each.verdict == "watch"]
    assert said == ["the account svc@other of bob is of another machine and proves nobody here"]


def test_doctor_tells_all_of_it(home: Path) -> None:
    with closing(open_engine(home, "ada")) as engine:
        assert {"operators", "owner"} <= {each.what for each in engine.doctor(mend=False)}
