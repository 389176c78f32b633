"""The engine's part of the door over SSH: whom a key lets in, what is written down, and what they may name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from inspect import signature
from pathlib import Path

import pytest

from engine.access.acts import declared
from engine.access.proof import KeyProof
from engine.api import Engine, open_service
from engine.api import open_engine as open_by_proof
from engine.errors import Forbidden
from engine.records import AuditRow
from tests import tiny
from tests.people import key_of, open_engine

OPAL = KeyProof(key_of("opal").fingerprint, "192.0.2.7")


@pytest.fixture
def place(home: Path) -> Path:
    engine = open_engine(home, "ada", create=True)
    for name in ("opal", "alma"):
        engine.add_operator(name, "admin" if name == "alma" else "operator", "a colleague", keys=[key_of(name).line])
    engine.close()
    return home


@pytest.fixture
def service(place: Path) -> Iterator[Engine]:
    engine = open_service(place)
    yield engine
    engine.close()


@pytest.fixture
def remote(place: Path) -> Iterator[Engine]:
    """An admin who came over SSH."""
    engine = open_by_proof(place, proof=KeyProof(key_of("alma").fingerprint, "192.0.2.7"))
    yield engine
    engine.close()


def rows(home: Path) -> list[AuditRow]:
    engine = open_engine(home, "ada")
    found = engine.audit(limit=100)
    engine.close()
    return list(reversed(found))


def test_no_person_lets_anybody_in_or_writes_down_who_came_whatever_their_role(place: Path) -> None:
    mine = {name for name, act in declared(Engine).items() if act.by == "service"}
    assert mine == {"admit", "note_login", "note_logout", "note_turned_away"}
    for name in ("ada", "opal"):
        engine = open_engine(place, name)
        for act in sorted(mine):
            given = [None] * (len(signature(getattr(Engine, act)).parameters) - 1)
            with pytest.raises(Forbidden, match="no person's"):
                getattr(engine, act)(*given)
        engine.close()


def test_a_key_that_is_bound_lets_its_operator_in_and_is_no_mark_by_itself(service: Engine, place: Path) -> None:
    before = len(rows(place))
    assert service.admit(OPAL).name == "opal"
    with pytest.raises(Forbidden, match="bound to no operator"):
        service.admit(KeyProof("SHA256:none", "192.0.2.7"))
    assert len(rows(place)) == before


def test_whoever_is_disabled_is_not_let_in(service: Engine, place: Path) -> None:
    engine = open_engine(place, "ada")
    engine.disable_operator("opal", "left")
    engine.close()
    with pytest.raises(Forbidden, match="may not work here any more"):
        service.admit(OPAL)


def test_who_came_and_left_is_written_down_with_the_key_and_the_address(service: Engine, place: Path) -> None:
    opal = service.admit(OPAL)
    service.note_login(OPAL, opal)
    service.note_logout(OPAL, opal, 61.4)
    came, left = rows(place)[-2:]
    assert (came.actor, came.proof, came.action, came.details) == (
        "opal", f"key {OPAL.fingerprint}", "login", {"from": "192.0.2.7"},
    )  # fmt: skip
    assert (left.action, left.details) == ("logout", {"from": "192.0.2.7", "seconds": 61})


def test_who_did_not_get_in_is_written_down_once_for_all_that_came_together(service: Engine, place: Path) -> None:
    for count in (1, 2):
        service.note_turned_away("no key", "192.0.2.9", "too many at once", count)
    one, two = rows(place)[-2:]
    assert (one.actor, one.action, one.subject, one.reason) == ("the door", "turned-away", "no key", "too many at once")
    assert (one.details, two.details) == ({"from": "192.0.2.9"}, {"from": "192.0.2.9", "connections": 2})


def test_a_flood_of_refusals_is_a_few_rows_whatever_keys_it_comes_with(service: Engine, place: Path) -> None:
    before = len(rows(place))
    for number in range(100):
        service.note_turned_away(f"SHA256:{number}", "192.0.2.9", "The key is bound to no operator.")
    found = rows(place)[before:]
    assert len(found) == 5
    assert {(row.actor, row.action) for row in found} == {("the door", "turned-away")}


@pytest.mark.parametrize("name", ["exchange/../keys", "/etc", ".", "exchange", "exchange/link", "exchange/link/ssh"])
def test_whoever_comes_over_ssh_names_no_folder_but_those_of_exchange(
    remote: Engine, place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (place / "exchange").mkdir()
    (place / "exchange" / "link").symlink_to("/etc")
    monkeypatch.chdir(place)
    with pytest.raises(Forbidden, match="is not in it"):
        remote.add(Path(name))
    with pytest.raises(Forbidden, match="is not in it"):
        remote.check(Path(name), print)
    last = rows(place)[-1]
    assert (last.actor, last.action, last.details["act"]) == ("alma", "refused", "check")


def test_a_folder_of_exchange_is_looked_at_also_where_that_is_a_link(
    remote: Engine, place: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere" / "flights").mkdir(parents=True)
    (place / "exchange").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match=r"leverframe\.toml") as told:
        remote.add(place / "exchange" / "flights")
    assert not isinstance(told.value, Forbidden)


def unheld(folder: Path) -> Path:
    """A project whose steps nothing is to hold, and of which each leaves a mark beside it."""
    steps = tiny.STEPS.replace("def given", f"open({str(folder.with_suffix('.mark'))!r}, 'w').close()\ndef given", 1)
    tiny.unhold(tiny.make(folder, steps=steps))
    return folder


@pytest.mark.parametrize("known", [False, True])
def test_over_ssh_no_steps_begin_in_a_check_that_ask_for_more_than_an_admin_allowed(place: Path, known: bool) -> None:
    folder = place / "exchange" / "tiny"
    if known:  # Whoever can write in its folder asks for more than when it was added.
        tiny.make(folder)
        with closing(open_engine(place, "ada")) as engine:
            engine.add(folder)
        tiny.replace(folder, "leverframe.toml", "[schedule]", '[environment]\npass = ["HOME"]\n\n[schedule]')
    else:
        unheld(folder)
    with closing(open_by_proof(place, proof=OPAL)) as opal:
        found = opal.check(folder, lambda _: None)
    assert found[-1].verdict == "failing"
    assert "Over SSH an admin alone vouches for that" in found[-1].sentence
    assert "extract" not in {each.what for each in found}
    assert not folder.with_suffix(".mark").exists()


def test_over_ssh_an_operator_adds_no_project_that_asks_for_more_than_the_rule_gives(
    remote: Engine, place: Path
) -> None:
    folder = unheld(place / "exchange" / "tiny")
    with closing(open_by_proof(place, proof=OPAL)) as opal:
        with pytest.raises(Forbidden, match="to be held by nothing .* Over SSH an admin alone vouches"):
            opal.add(folder)
        assert opal.projects() == ()
    last = rows(place)[-1]
    assert (last.actor, last.action, last.details["act"]) == ("opal", "refused", "add")
    remote.add(folder)
    assert rows(place)[-1].details["allows"] == ['to be held by nothing ("a test")']


def test_over_ssh_an_operator_adds_a_project_that_asks_for_nothing_more(place: Path) -> None:
    folder = tiny.make(place / "exchange" / "tiny")
    with closing(open_by_proof(place, proof=OPAL)) as opal:
        opal.add(folder)
        assert {each.verdict for each in opal.check(folder, lambda _: None)} == {"ok"}


def test_no_other_file_of_the_machine_is_read_written_or_watched(remote: Engine, place: Path, tmp_path: Path) -> None:
    inside = place / "exchange" / "x"
    for attempt in (
        lambda: remote.export_audit(inside),
        lambda: remote.back_up(inside),
        lambda: remote.check_backup(inside),
        lambda: remote.check_backup(None, inside),
        lambda: remote.watch(inside, "data", "because"),
        lambda: remote.unwatch(inside, "because"),
        lambda: remote.write_kept_report("tiny", 1, inside),
        lambda: remote.choose("backup_to", str(inside), "because"),
    ):
        with pytest.raises(Forbidden, match="no file of the machine can be named"):
            attempt()
    assert not inside.exists()


@pytest.mark.parametrize("name", ["ada", "alma"])
def test_an_admin_at_the_machine_itself_names_any_file_and_folder(place: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "data").mkdir()
    with closing(open_engine(place, name)) as engine:  # By the account, or by a key that came from nowhere else.
        assert isinstance(engine.caller.proof, KeyProof) == (name == "alma")
        engine.choose("backup_to", str(tmp_path / "backups"), "because")
        engine.watch(tmp_path / "data", "data", "because")
        assert engine.export_audit(tmp_path / "trail.jsonl").ok
        assert "backup_to" in {each.name for each in engine.settings() if each.value == str(tmp_path / "backups")}
        with pytest.raises(Exception, match=r"leverframe\.toml") as told:
            engine.add(tmp_path / "data")
        assert not isinstance(told.value, Forbidden)
        assert not [row for row in engine.audit() if row.action == "refused"]


def test_what_names_no_file_is_theirs_like_anybodys(remote: Engine) -> None:
    remote.choose("keep_free", "2GiB", "because")
    assert remote.verify_audit().ok
    with (remote.home / "out").open("w") as file:
        assert remote.export_audit(file).ok


def test_an_earlier_moment_has_no_other_files(remote: Engine, place: Path) -> None:
    then = remote.as_of(remote.now())
    with pytest.raises(Forbidden, match="no file of the machine can be named"):
        then.export_audit(place / "exchange" / "x")
    then.close()
