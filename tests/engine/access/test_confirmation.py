"""What is typed before that is done which cannot be undone, and what counts as typed."""

from __future__ import annotations

import inspect
import unicodedata
from pathlib import Path

import pytest

from engine.access.acts import declared
from engine.access.confirmation import check_typed, word_of_workspace
from engine.api import Engine
from engine.errors import Unconfirmed

# Dangerous acts without a word to type, and what takes each of them back.
TAKEN_BACK = {
    "move": "a rollback, and u in the dialog, makes the version before live again",
    "reject": "the version and its content are kept, and the next retrain makes another candidate",
    "put_on_trial": "end-trial, and x on the health screen, has the live version answer everybody again",
    "lift": "a rollback from the version sets its bar again; nothing goes live by lifting one",
    "clean": "all of it can be restored from the bin for 14 days",
}


def check(typed: str, word: str = "flights") -> None:
    check_typed(typed, word, to=f"remove {word}", which="the project's name")


@pytest.mark.parametrize("typed", ["flights", " flights", "flights \n", "\tflights\r\n", "fli\x1b[1mghts\x07"])
def test_a_name_that_was_pasted_with_spaces_or_orders_around_it_is_that_name(typed: str) -> None:
    check(typed)


@pytest.mark.parametrize("typed", ["", " ", "Flights", "FLIGHTS", "flight", "flights2", "\ufb02ights", "flights x"])
def test_anything_else_is_refused_and_says_what_to_type(typed: str) -> None:
    with pytest.raises(Unconfirmed, match="^To remove flights, type the project's name, flights; .*nothing was done.$"):
        check(typed)


def test_what_was_typed_instead_is_told_in_plain_text_and_not_at_length() -> None:
    with pytest.raises(Unconfirmed) as refused:
        check("x\x1b[2J\u202e" + "y" * 500)
    assert "'x" + "y" * 58 + "…' was typed" in str(refused.value)
    assert (refused.value.word, refused.value.asks[-9:]) == ("flights", ", flights")


def test_both_forms_in_which_an_accent_is_written_are_one_name() -> None:
    composed = "caf\u00e9"
    check(unicodedata.normalize("NFD", composed), composed)
    check(composed, unicodedata.normalize("NFD", composed))


def test_the_word_of_a_workspace_is_what_of_its_folders_name_can_be_read_and_never_nothing() -> None:
    assert word_of_workspace("/srv/prod-1") == "prod-1"
    assert word_of_workspace(Path("/home/ada/.leverframe")) == ".leverframe"
    assert word_of_workspace("/srv/a\x1b[31mb\u202ec") == "abc"
    assert word_of_workspace("/") == word_of_workspace("/srv/\u202e") == "workspace"


@pytest.mark.parametrize("word", ["", " ", "\u202e"])
def test_nothing_typed_is_never_the_word(word: str) -> None:
    with pytest.raises(Unconfirmed):
        check("", word)


def test_each_dangerous_act_has_a_word_to_type_or_is_taken_back_by_another() -> None:
    """And no front can leave the word out: it has no default."""
    dangerous = {name for name, act in declared(Engine).items() if act.dangerous}
    asked = {
        name
        for name in declared(Engine)
        for given in [inspect.signature(getattr(Engine, name)).parameters.get("confirmed")]
        if given is not None and given.default is given.empty
    }
    assert asked == dangerous - set(TAKEN_BACK), "give it 'confirmed', or say here what takes it back"
    assert set(TAKEN_BACK) <= dangerous
