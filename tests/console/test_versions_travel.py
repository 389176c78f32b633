"""By key a version leaves and comes in: bundled, sent, looked into, taken in, and looked for elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from console.acting.travel_commands import WriteBundle
from engine.errors import Conflict, Refusal
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import FakeEngine
from tests.console.travel_records import LOOK, SILENT, THERE

Console = Callable[..., None]
BOTH = pytest.mark.parametrize("size", [WIDE, NARROW])


async def writes(desk: Desk, text: str) -> None:
    """Write ``text`` into the field that has the keys, in place of what stands there."""
    field = desk.app.screen.focused
    assert isinstance(field, Input)
    field.value = text
    await desk.settled()


def in_one(desk: Desk) -> str:
    """What stands on the screen, as one line of words."""
    return " ".join(desk.text.replace("│", " ").split())


@BOTH
def test_a_version_is_bundled_to_the_file_that_is_written_there(
    console: Console, engine: FakeEngine, tmp_path: Path, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "b")
        await desk.see("BUNDLE flights@11")
        assert desk.app.screen.query(Input).first().value == str(Path.cwd() / "flights-11.zip")
        await writes(desk, str(tmp_path / "x.zip"))
        await desk.press("tab", "backspace", "backspace", "backspace", "n", "o", "enter")
        await desk.see("is written to")
        assert "41 files, 4.8 MiB, signed by SHA256:own." in in_one(desk)
        assert "· without packages: each is in the lock with its digest, and is fetched there" in in_one(desk)
        await desk.press("enter")
        await desk.see("LIFE")

    console(story, size)
    assert engine.done == [("bundle", "flights@11", tmp_path / "x.zip", False, False)]


def test_the_outcome_is_told_to_whoever_has_left_the_dialog(console: Console, engine: FakeEngine) -> None:
    bundle, written = engine.bundle, []

    def slowly(*given: Any, **named: Any) -> Any:
        engine.pace.wait()
        written.append(given)
        return bundle(*given, **named)

    engine.bundle = slowly  # type: ignore[method-assign]
    engine.pace.clear()

    async def story(desk: Desk) -> None:
        await desk.press("4", "b", "enter")
        await desk.see("Esc leave it running")
        await desk.press("escape")
        await desk.press("b", "enter")
        await desk.see("Wait: flights@11 is being bundled.")
        await desk.press("escape", "q")
        assert "Wait: flights@11 is being bundled." in desk.said
        engine.pace.set()
        await desk.until(lambda: "is written to" in desk.said)
        assert "without packages: each is in the lock" in desk.said

    console(story)
    assert len(written) == 1


def test_what_is_written_wrongly_is_said_and_nothing_is_done(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "b", "tab", "x", "enter")
        await desk.see("For 'with its data' write yes or no.")
        await desk.press("escape", "s", "enter")
        await desk.see("Write something for 'host'.")

    console(story)
    assert engine.done == []


def test_a_refusal_is_the_engines_own_and_what_was_written_stands_there_again(
    console: Console, engine: FakeEngine
) -> None:
    engine.refuse = Refusal("/srv/x.zip is there already; name a file that is not, or move that one away.")

    async def story(desk: Desk) -> None:
        await desk.press("4", "b")
        await writes(desk, "/srv/x.zip")
        await desk.press("enter")
        await desk.see("■ /srv/x.zip is there already; name a file that is not")
        field = desk.app.screen.query(Input).first()
        assert field.value == "/srv/x.zip" and field.has_focus and "with its data" in desk.text

    console(story)
    assert engine.done == []


def test_a_version_is_sent_from_its_card(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "enter", "s")
        await desk.see("SEND flights@11")
        await writes(desk, "test.example.org")
        await desk.press("enter")
        await desk.see("waits for a decision here.")
        assert "sent to test.example.org. There: flights@3 is taken in and waits" in in_one(desk)

    console(story, NARROW)
    assert engine.done == [("send", "flights@11", "test.example.org", True, False)]


@BOTH
def test_a_bundle_is_looked_into_before_it_is_taken_in(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "plus")
        await writes(desk, "/srv/flights-31.zip")
        await desk.press("enter")
        await desk.see("flights@31, approved there by mia")
        assert "development SHA256:dev" in desk.text and "✓ A trusted key signed it" in desk.text
        assert engine.done == []
        await desk.press("enter")
        await desk.see("flights@12 is taken in and waits for a decision here.")
        assert "✓ 41 files verified, each by its digest, 0.4 s" in desk.text
        assert "It is flights@31 of development, approved there by mia; made by run 77 for mia." in in_one(desk)

    console(story, size)
    assert engine.done == [("take in", Path("/srv/flights-31.zip"), None)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": None, "refused": "Nobody here trusts the key that signed it."}, "■ Nobody here trusts the key"),
        ({"refused": "It is here already as flights@8, which is barred: weak."}, "■ It is here already as flights@8"),
        ({"already": "It is here already as flights@9, which is live."}, "= It is here already as flights@9"),
    ],
)
def test_what_cannot_come_in_is_told_and_enter_does_nothing(
    console: Console, engine: FakeEngine, change: dict[str, Any], said: str
) -> None:
    engine.look_now = replace(LOOK, **change)

    async def story(desk: Desk) -> None:
        await desk.press("4", "plus", "x", "enter")
        await desk.see(said)
        await desk.press("enter", "enter")
        await desk.see("It cannot be taken in as things stand; Enter looks again")
        assert ("ssh-ed25519 AAAADEV" in desk.text) == (engine.look_now.source is None)

    console(story)
    assert engine.done == []


def test_what_speaks_against_it_and_data_that_did_not_travel_are_asked_for(
    console: Console, engine: FakeEngine
) -> None:
    engine.look_now = replace(LOOK, despite="It was rejected here as flights@10.", brings_data=False)

    async def story(desk: Desk) -> None:
        await desk.press("4", "plus", "x", "enter")
        await desk.see("▲ It was rejected here as flights@10. Only an admin takes it in")
        await desk.see("Its data did not travel: write the folder that has it")
        await desk.press("tab", "d", "enter")
        await desk.see("Something speaks against it: an admin says in the last field why")
        await desk.press("tab", "o", "k", "enter")
        await desk.see("flights@12 is taken in")

    console(story)
    assert engine.done == [("take in despite", Path.cwd() / "x", "ok", Path.cwd() / "d")]


@pytest.mark.parametrize(("by_reference", "asked"), [(True, False), (False, True)])
def test_data_that_travels_by_reference_is_not_asked_for(
    console: Console, engine: FakeEngine, by_reference: bool, asked: bool
) -> None:
    engine.look_now = replace(LOOK, brings_data=False, by_reference=by_reference)

    async def story(desk: Desk) -> None:
        await desk.press("4", "plus", "x", "enter")
        await desk.see("Enter take it in")
        assert ("Its data did not travel" in desk.text) == asked
        await desk.press("enter")
        await desk.see("flights@12 is taken in")

    console(story)


def test_a_version_that_is_here_without_its_data_gets_it(console: Console, engine: FakeEngine) -> None:
    engine.look_now = replace(LOOK, already="It is here already as flights@9, which is live.", lacking=True)

    async def story(desk: Desk) -> None:
        await desk.press("4", "plus", "x", "enter")
        await desk.see("It is here without its data, and gets it when")
        await desk.see("Enter bring its data")
        await desk.press("enter")
        await desk.see("waits for a decision here")

    console(story)
    assert [each[0] for each in engine.done] == ["take in"]


def test_another_file_is_looked_into_anew_and_a_bundle_that_changed_is_not_taken_in(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "plus")
        await writes(desk, "/x")
        await desk.press("enter")
        await desk.see("Enter take it in")
        await desk.press("y")
        await desk.see("Enter look into it")
        assert "flights@31" not in desk.text
        await desk.press("enter")
        await desk.see("Enter take it in")
        engine.look_now = replace(LOOK, digest="e" * 64)
        await desk.press("enter")
        await desk.see("is another bundle than the one that you looked into; nothing was changed")
        await desk.see("Enter look into it")

    console(story)
    assert engine.done == []


def test_a_file_that_is_no_bundle_is_told_by_the_engine(console: Console, engine: FakeEngine) -> None:
    def refuse(source: Path) -> Any:
        raise Refusal("/srv is no file; name the one that 'leverframe bundle' wrote.")

    engine.look_into = refuse  # type: ignore[method-assign]

    async def story(desk: Desk) -> None:
        await desk.press("4", "plus", "x", "enter")
        await desk.see("■ /srv is no file; name the one that 'leverframe bundle' wrote.")
        assert "Enter look into it" in desk.text

    console(story)


def test_whoever_may_not_is_told_why_and_who_may_only_look_asks_nobody(console: Console, engine: FakeEngine) -> None:
    acts = ("bundle", "send", "take_in", "where_else", "export", "trust", "distrust")
    engine.forbids = {act: f"vic is a viewer and may not {act}." for act in acts}

    async def story(desk: Desk) -> None:
        await desk.press("4")
        for key, act in (("b", "bundle"), ("s", "send"), ("plus", "take_in")):
            await desk.press(key)
            assert desk.said.endswith(engine.forbids[act])
        await desk.press("W")
        await desk.see("candidate")
        assert "test.example.org" not in desk.text
        await desk.press("a")
        assert desk.said.endswith(engine.forbids["where_else"])
        await desk.press("escape", "e", "plus")
        assert desk.said.endswith(engine.forbids["export"])
        await desk.press("9", *["down"] * 9, "enter", "plus", "minus")
        assert desk.said.endswith(engine.forbids["distrust"])

    console(story)
    assert engine.done == []


def test_over_ssh_no_key_asks_for_a_file_of_the_machine(console: Console, engine: FakeEngine) -> None:
    engine.no_file = "Over SSH no file of the machine can be named."

    async def story(desk: Desk) -> None:
        for keys in (("4", "b"), ("4", "plus"), ("4", "enter", "b"), ("9", *["down"] * 10, "enter", "plus")):
            await desk.press(*keys)
            assert desk.said.endswith(engine.no_file or "")
            assert not desk.app.screen.is_modal

    console(story)


@BOTH
def test_what_came_in_says_from_where_and_whose_keys_are_trusted_is_a_list(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 10, "enter")
        await desk.see("flights@31 of development")
        await desk.press("escape", "up", "enter")
        await desk.see("SHA256:dev")
        await desk.press("o")
        await desk.see("ssh-ed25519 AAAAOWN")
        await desk.press("escape", "plus")
        await writes(desk, "test")
        await desk.press("tab", "k", "tab", "w", "enter")
        await desk.see("as from test.")
        await desk.press("enter", "minus", "x", "enter")
        await desk.see("Nothing from development is taken in any more")

    console(story, size)
    assert engine.done == [("trust", "test", "k", "w"), ("distrust", "development", "x")]


def test_hostile_names_do_not_reach_the_terminal(console: Console, engine: FakeEngine) -> None:
    hostile = "\x1b[31mred\x1b]0;title\x07\u202e"
    engine.look_now = replace(LOOK, judged=hostile, absent=((hostile, hostile),), made_for=hostile)
    engine.stages_now = (replace(THERE, name=hostile), replace(SILENT, name=hostile, why=hostile))

    async def story(desk: Desk) -> None:
        for keys in (("4", "plus", "x", "enter"), ("escape", "W"), ("end", "enter")):
            await desk.press(*keys)
            assert "\x1b" not in desk.text and "\u202e" not in desk.text and "red" in desk.text

    console(story)


def test_what_is_pasted_into_a_field_does_not_reach_the_terminal_either(console: Console, engine: FakeEngine) -> None:
    hostile = "/\x1b[31mred\x1b]0;title\x07.zip"

    async def story(desk: Desk) -> None:
        await desk.press("4", "b")
        await writes(desk, hostile)
        await desk.press("enter")
        await desk.see("To: /red.zip")
        await desk.see("is written to /red.zip")
        engine.refuse = Refusal(f"{hostile} is there already.")
        await desk.press("enter", "b", "enter")
        await desk.see("■ /red.zip is there already.")
        await desk.press("escape", "W", "a")
        await writes(desk, hostile)
        await desk.press("enter")
        await desk.see("red.zip")
        assert "\x1b" not in desk.text

    console(story)


def test_a_folder_that_has_gone_and_a_home_of_nobody_are_no_faults_of_the_console(
    console: Console, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    async def story(desk: Desk) -> None:
        await desk.press("4", "b")
        assert desk.app.screen.query(Input).first().value == str(Path.home() / "flights-11.zip")
        await writes(desk, "~nobody-of-that-name/x.zip")
        await desk.press("enter")
        await desk.see("begins with the home of nobody here; write the whole path.")
        await desk.press("escape", "plus")
        await writes(desk, "~nobody-of-that-name/x.zip")
        await desk.press("enter")
        await desk.see("begins with the home of nobody here; write the whole path.")

    console(story)
    assert engine.done == [] and engine.failures == []


def test_a_file_name_with_control_characters_is_shown_without_them() -> None:
    with pytest.raises(Conflict, match=r"/red\.zip is another bundle"):
        from console.acting.travel_commands import TakeIn

        engine = FakeEngine(Path("/"))
        TakeIn("/\x1b[31mred.zip", "other", "", "").carry_out(engine, lambda step: None)  # type: ignore[arg-type]
    engine = FakeEngine(Path("/"))
    said = WriteBundle("flights@11", "/\x1b[31mred.zip", True, False).carry_out(engine, lambda step: None)  # type: ignore[arg-type]
    assert "written to /red.zip" in said.sentence
