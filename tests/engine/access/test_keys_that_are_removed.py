"""A key or an account that is removed proves nobody any more, in a console that is open with it too."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.access import acts
from engine.errors import Forbidden, ShutOut
from tests.people import key_of, open_engine


def test_whoever_is_in_with_a_key_that_is_removed_does_nothing_more(tmp_path: Path) -> None:
    label = key_of("bob").fingerprint
    with closing(open_engine(tmp_path / "home", "ada", create=True)) as ada:
        ada.add_operator("bob", "admin", "new", keys=[key_of("bob").line, key_of("bob's other").line])
        with closing(open_engine(tmp_path / "home", "bob")) as bob:
            assert bob.projects() == () and bob.why_not("add_operator") is None
            ada.unbind("bob", label, "stolen")
            gone = f"The key {label} proves bob no more: an admin removed it."
            for act in (bob.projects, bob.settings, lambda: bob.unbind("ada", "ada@here", "revenge")):
                with pytest.raises(ShutOut, match=gone):
                    act()
            assert gone in (bob.why_not("add_operator") or "")
            ada.add_operator("carl", "viewer", "found it", keys=[key_of("bob").line])
            with pytest.raises(ShutOut, match=gone):  # What proves somebody else does not prove bob either.
                bob.projects()
            with pytest.raises(ShutOut, match=gone):
                bob.diff("tiny@1", "tiny@2")
            refused = [row for row in ada.audit() if row.action == "refused"]
            assert refused[0].subject == "tiny", "the project, which one may have a role for"
            assert all((row.actor, row.proof) == ("bob", f"key {label}") for row in refused)
            ada.unbind("carl", label, "his after all")
            ada.bind_key("bob", key_of("bob").line, "found again")
            assert bob.projects() == ()


def test_at_an_earlier_moment_too(tmp_path: Path) -> None:
    with closing(open_engine(tmp_path / "home", "ada", create=True)) as ada:
        ada.add_operator("bob", "viewer", "new", keys=[key_of("bob").line])
        with closing(open_engine(tmp_path / "home", "bob")) as bob, closing(bob.as_of(ada.now())) as then:
            assert then.projects() == ()
            ada.unbind("bob", key_of("bob").fingerprint, "stolen")
            with pytest.raises(ShutOut, match="proves bob no more"):
                then.projects()


def test_who_is_refused_inside_an_act_that_the_door_let_them_begin_is_in_the_trail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two admins who disable each other at once: the door lets both begin."""
    with closing(open_engine(tmp_path / "home", "ada", create=True)) as ada:
        ada.add_operator("bob", "admin", "new", keys=[key_of("bob").line])
        with closing(open_engine(tmp_path / "home", "bob")) as bob:
            let_in, began = acts.enough, []

            def then_disabled(*held: Any, **named: Any) -> bool:
                if not began:
                    began.append("bob")
                    ada.disable_operator("bob", "first")
                return let_in(*held, **named)

            monkeypatch.setattr(acts, "enough", then_disabled)
            with pytest.raises(Forbidden, match="bob is no admin any more"):
                bob.disable_operator("ada", "second")
        last, before = ada.audit(limit=2)
        assert (last.action, last.actor, last.details) == ("refused", "bob", {"act": "disable_operator"})
        assert before.action == "disable-operator", "once"
