"""What is said while a version goes live and comes back."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from engine import clock
from engine.api import Engine
from engine.schedule.records import EngineState
from tests.cli.conftest import History
from tests.people import open_engine


def test_every_step_of_the_story_went_well_and_said_nothing_on_standard_error(history: History) -> None:
    assert {name: (told.code, told.err) for name, told in history.said.items()} == dict.fromkeys(history.said, (0, ""))


def test_init_names_the_first_admin_and_a_second_one_changes_nothing(history: History) -> None:
    assert "ada is its first admin" in history.said["init"].out
    again = history.said["init again"].json
    assert (again["made"], again["home"]) == (False, str(history.home))


def test_add_says_what_comes_next_as_it_must_be_typed(history: History) -> None:
    assert f"leverframe --home {history.home} retrain tiny --wait" in history.said["add"].out


def test_check_tells_each_thing_as_it_is_found(history: History) -> None:
    said = history.said["check"].out
    for what in ("manifest", "code", "environment", "extract", "data", "train", "score", "predictions"):
        assert f"\n{what}" in f"\n{said}"
    assert said.endswith("All is well; nothing was kept of this check.\n")


def test_a_watched_retrain_shows_its_phases_as_lines_and_what_it_made(history: History) -> None:
    lines = history.said["retrain"].out.splitlines()
    assert lines[0] == "Run 1: retrain of tiny"
    phases = [line[6:].partition(" ")[0] for line in lines if "%  " in line]
    # Which, is luck: a phase that is over between two looks has no line.
    assert phases
    assert len(phases) == len(set(phases))
    assert any("made tiny@1" in line for line in lines)
    assert f"leverframe --home {history.home} show tiny@1" in lines[-1]
    assert "\r" not in history.said["retrain"].out


def test_approve_shows_the_plan_then_each_step_of_the_proof_then_what_takes_it_back(history: History) -> None:
    said = history.said["approve"].out
    parts = ("Make tiny@1 live", "rebuilt from the store", "golden rows equal", "tiny@1 is live.", "nothing to go back")
    places = [said.index(part) for part in parts]
    assert places == sorted(places)
    moved = history.said["approve 2"].json
    assert (moved["from"], moved["to"], moved["undo"]) == ("tiny@1", "tiny@2", "tiny@1")
    assert moved["live"]["approved_by"] == "ada"
    assert [set(step) for step in moved["proof"]] == [{"what", "seconds"}] * 3


def test_a_preview_says_what_comes_back_and_what_does_not(history: History) -> None:
    said = history.said["preview"].out
    assert said.index("Comes back") < said.index("Does not come back") < said.index("Nothing was done. Do it:")
    assert f"leverframe --home {history.home} rollback tiny --from tiny@2 --to tiny@1 --reason" in said


def test_after_a_rollback_the_way_forward_again_is_named(history: History) -> None:
    said = history.said["rollback"].out
    assert "rollback tiny --from tiny@1 --to tiny@2 --lift --reason" in said


def test_what_is_barred_is_refused_with_the_engines_sentence(history: History) -> None:
    for words in (("approve", "tiny@2"), ("rollback", "tiny", "--to", "tiny@2")):
        told = history(*words, "--reason", "again")
        assert (told.code, told.out) == (1, "")
        assert "tiny@2 is barred" in told.err
        assert told.err.count("\n") == 1


def test_a_preview_that_is_refused_says_why(history: History) -> None:
    told = history("rollback", "tiny", "--to", "tiny@2", "--preview")
    assert told.code == 1
    assert "lift the bar first" in told.err
    document = history("rollback", "tiny", "--to", "tiny@2", "--preview", "--json")
    assert document.code == 0
    assert "lift the bar first" in document.json["refused"]


@pytest.mark.parametrize(
    ("running", "here", "told"),
    [
        (False, False, "No engine runs now, and without one it does not go live: start 'leverframe engine' by then."),
        (True, True, "This console is the engine now: leave it open until then, or start 'leverframe engine'."),
        (True, False, None),
    ],
)
def test_who_plans_a_swap_is_told_what_it_needs_beside_its_time(
    history: History, monkeypatch: pytest.MonkeyPatch, running: bool, here: bool, told: str | None
) -> None:
    state = EngineState(running, here, "box", 1, None, 1)
    monkeypatch.setattr(Engine, "engine_state", lambda engine: state)
    with closing(open_engine(history.home, "ada")) as engine:
        later = engine.plan_release("tiny@3", clock.now() + timedelta(hours=1)).sentences
        assert later[-1] == told or (told is None and "engine" not in later[-1])
        assert told not in engine.plan_release("tiny@3").sentences
