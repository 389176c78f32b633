"""Key ?: a word of the field that stands on a screen is explained in a sentence; one that does not is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.text.glossary import WORDS, words_in
from console.widgets.lines_view import LinesView
from tests.console.conftest import NARROW, WIDE, Desk


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("precip drifted (PSI 0.31)", ["drift", "PSI"]),
        ("roc_auc 0.724 ±0.011", ["±", "roc_auc"]),
        ("@9 barred", ["barred"]),
        ("delivered, mapped, robin, gated", []),
        ("alive and r2d2", []),
    ],
)
def test_words_are_found_whole_and_nothing_else_is(text: str, words: list[str]) -> None:
    assert [word for word, _ in words_in([text])] == words


def test_every_word_has_one_short_sentence() -> None:
    names = [word for word, _, _ in WORDS]
    assert len(set(names)) == len(names)
    for word, _, sentence in WORDS:
        assert sentence.endswith(".") and len(sentence.split()) <= 22, word
        assert word in [found for found, _ in words_in([word])], f"{word} does not find itself"


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_help_of_a_screen_explains_the_words_that_stand_on_it(
    console: Callable[..., None], size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.see("flights")
        shown = desk.app.screen.texts()  # type: ignore[attr-defined]
        wanted = words_in(shown)
        assert "live" in [word for word, _ in wanted]
        await desk.press("question_mark")
        await desk.see("Keys of this screen")
        lines = desk.app.screen.query_one("#text", LinesView).texts
        at = next(y for y, said in enumerate(lines) if said.startswith("Words on it"))
        words = "\n".join(lines[at:])
        assert all(word in words for word, _ in wanted)
        assert "barred " not in words, "which stands nowhere on this screen"

    console(story, size=size)
