"""What passes the filter shows the same as what came: checked by a terminal emulator after every piece."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.terminal.repaint import Repaint
from console.terminal.style import MOST
from tests.console.terminal.emulated import Emulated

COLUMNS, LINES = 24, 8
NO_WRAP = "\x1b[?7l"
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"

STYLES = st.sampled_from(
    ["", "0", "1", "2", "3", "4", "7", "9", "22", "24", "27", "39", "49", "31", "97", "44", "103", "1;31", "0;7",
     "38;5;200", "48;5;17", "38;2;1;2;3", "48;2;250;251;252", "1;4;38;2;9;9;9;48;2;3;3;3", "38;2;1;2;3;48;2;4;5;6"],
)  # fmt: skip
SURE = st.text(st.sampled_from("ab m–…─│╭█▸✓⣿é"), min_size=1, max_size=12)
# Of what belongs to the character before it, that character is part.
DOUBTED = st.lists(st.sampled_from(["a", " ", "好", "e\u0301", "✅", "|"]), min_size=1, max_size=6).map("".join)


def moved(to: tuple[int, int]) -> str:
    return f"\x1b[{to[1] + 1};{to[0] + 1}H"


MOVES = st.tuples(st.integers(0, COLUMNS - 1), st.integers(0, LINES - 1)).map(moved)
PIECES = st.one_of(SURE, SURE, STYLES.map("\x1b[{}m".format), MOVES)
PAINTED = st.builds("{}\x1b[{}m{}\x1b[0m".format, MOVES, STYLES, SURE)
UNSEEN = st.sampled_from([BEGIN, END, "\x1b[?25l", "\x1b[?2004h", "\x07", "\x1b]22;default\x1b\\", "\x1b[?2026$p"])
# What the filter does not read: the terminal erases, scrolls, moves and restores by itself.
UNREAD = st.sampled_from(
    ["\x1b[2J", "\x1b[K", "\x1b[1J", "\x1b[3A", "\x1b[2C", "\x1b[5X", "\x1b[2M", "\x1b[L", "\r", "\n", "\r\n", "\t",
     "\x1b7", "\x1b8", "\x1b[53m", "\x1b[38;7m", "\x1b[38;2;1m", "\x1bM", "\x1b[;H", "\x1b[3H", "\x1b[3;6r", "\x1b[4h",
     "\x1bc", "\x1b(0"],
)  # fmt: skip
LIKE_TEXTUAL = st.lists(st.lists(PAINTED, max_size=8).map("".join), max_size=8)
INSIDE = st.tuples(st.integers(0, COLUMNS - 12), st.integers(0, LINES - 1)).map(moved)
WITHIN = st.lists(st.builds("{}\x1b[{}m{}\x1b[0m".format, INSIDE, STYLES, SURE), max_size=30).map("".join)
ANYTHING = st.lists(st.lists(st.one_of(PAINTED, PIECES, UNSEEN, UNREAD, DOUBTED), max_size=8).map("".join), max_size=8)


def passed(
    frames: Sequence[str], columns: int = COLUMNS, lines: int = LINES, *, erases_in_colour: bool = True
) -> int:
    """Hold both streams against each other after each frame; how much was sent in all."""
    repaint = Repaint(columns, lines, erases_in_colour=erases_in_colour)
    came, sent = (Emulated(columns, lines, erases_in_colour=erases_in_colour) for _ in range(2))
    count = 0
    for number, frame in enumerate((NO_WRAP, *frames)):
        out = repaint.sent(frame)
        came.take(frame)
        sent.take(out)
        count += len(out.encode())
        assert sent.cells == came.cells, (number, frame, out)
        assert sent.cursor == came.cursor, (number, frame, out)
    return count


@given(LIKE_TEXTUAL, st.booleans())
def test_what_textual_may_paint_looks_the_same(frames: list[str], erases_in_colour: bool) -> None:
    passed(frames, erases_in_colour=erases_in_colour)


@settings(max_examples=400)
@given(ANYTHING, st.booleans())
def test_whatever_is_written_looks_the_same(frames: list[str], erases_in_colour: bool) -> None:
    passed(frames, erases_in_colour=erases_in_colour)


@pytest.mark.parametrize(
    ("style", "kept", "erases_in_colour", "erased"),
    [
        ("44", 4, True, True),
        ("44", 4, False, False),
        ("31", 4, False, True),  # the terminal's own ground is what each erases in
        ("31", COLUMNS - 8, False, True),
        ("31", COLUMNS - 7, False, False),
        ("4;31", 4, True, False),  # nothing underlines what is erased
        ("7", 4, True, False),
    ],
)
def test_the_end_of_a_line_is_erased_where_that_looks_the_same(
    style: str, kept: int, erases_in_colour: bool, erased: bool
) -> None:
    frames = [f"\x1b[2;1H\x1b[{style}m{'x' * n}{' ' * (COLUMNS - n)}\x1b[0m\x1b[1;1H" for n in (COLUMNS, kept)]
    passed(frames, erases_in_colour=erases_in_colour)
    repaint = Repaint(COLUMNS, LINES, erases_in_colour=erases_in_colour)
    repaint.sent(frames[0])
    assert ("\x1b[K" in repaint.sent(frames[1])) == erased


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(["\x1b[7;18Haaaaaa\x1b[ma好\x1b[7;18Haaaaaa"], id="what does not fit lands on the last cells"),
        pytest.param(["\x1b[2;1Ha\x1b[1;24Hb\x1b[K"], id="behind the last cell"),
        pytest.param(["\x1b[2;1Ha\x1b[1;22H\x1b[3maaa\x1b[0m\x1b[53m", "\x1b[1;1H\x1b[1ma"], id="behind it, unread"),
        pytest.param(["\x1b[1;24H\x1b[3ma\x1b[2;1H\x1b[0m\x1b[53m\x1b[1;25H", "\x1b[2;1H\x1b[1ma"], id="beyond it"),
        pytest.param(["\x1b[2;1Ha\x1b[1;22Haaa\x1b[53m好"], id="behind it, unread and doubted"),
        pytest.param(["\x1b[1;1Hab\x1b[1;2H", "\x1b[1;1Hx"], id="one cell back"),
        pytest.param(["\x1b[8;1Ha\n\x1b[1;1Hb"], id="a line further than the last scrolls"),
        pytest.param(["\x1b[3;6r\x1b[6;1Hx", "\x1b[0m\x1b[6;1Hy\n\x1b[1;1Hz"], id="margins stay"),
        pytest.param(["\x1b[1;1Habcdef", "\x1b[4h\x1b[1;1Hx", "\x1b[0m\x1b[2;1Hhello\x1b[2;1Hy"], id="insertion stays"),
        pytest.param(
            ["\x1b[1;1H\x1b[1;2;38;2;1;2;3;48;2;4;5;6ma\x1b[0;1;38;2;1;2;3;48;2;4;5;6mb"],
            id="bold stays when dim goes with the same number",
        ),
    ],
)
def test_what_was_once_seen_wrong_looks_the_same(frames: list[str]) -> None:
    passed(frames)


@given(WITHIN)
def test_what_is_shown_already_is_not_sent_again(frame: str) -> None:
    repaint = Repaint(COLUMNS, LINES)
    repaint.sent(frame)
    assert repaint.sent(f"{BEGIN}{frame}{END}") == ""


@given(LIKE_TEXTUAL, LIKE_TEXTUAL)
def test_after_something_else_wrote_to_the_terminal_everything_painted_is_sent(
    before: list[str], after: list[str]
) -> None:
    repaint, sent, came = Repaint(COLUMNS, LINES), Emulated(COLUMNS, LINES), Emulated(COLUMNS, LINES)
    sent.take(repaint.sent("".join((NO_WRAP, *before))))
    for terminal in (sent, came):
        terminal.screen.reset()
        terminal.take(NO_WRAP + "\x1b[1;31m\x1b[3;3Hsomebody else\x1b[44m")
    repaint.distrust()
    came.take("\x1b[0m" + "".join(after))
    sent.take(repaint.sent("".join(after)))
    assert sent.cells == came.cells


def test_a_terminal_of_another_size_is_sent_everything() -> None:
    repaint = Repaint(10, 4)
    first = repaint.sent("\x1b[1;1Hhello")
    assert repaint.sent("\x1b[1;1Hhello") == ""
    repaint.fit(10, 4)
    assert repaint.sent("\x1b[1;1Hhello") == ""
    repaint.fit(11, 4)
    assert repaint.sent("\x1b[1;1Hhello") == first


def test_a_picture_without_a_difference_has_no_brackets() -> None:
    repaint = Repaint(10, 4)
    assert repaint.sent(f"{BEGIN}\x1b[1;1Ha{END}") == f"{BEGIN}\x1b[H\x1b[ma{END}"
    assert [repaint.sent(each) for each in (BEGIN, "\x1b[1;1Ha", END)] == ["", "", ""]


def test_only_the_cells_that_differ_are_sent() -> None:
    repaint = Repaint(40, 4)
    repaint.sent("\x1b[2;1H\x1b[31mrun 17 is at 41 %\x1b[0m\x1b[1;1H")
    assert repaint.sent("\x1b[2;1H\x1b[31mrun 17 is at 42 %\x1b[0m\x1b[1;1H") == "\x1b[2;15H2\x1b[H"


def test_few_cells_between_are_sent_again_and_many_are_leapt_over() -> None:
    repaint = Repaint(40, 4)
    repaint.sent("\x1b[1;1H0123456789")
    assert repaint.sent("\x1b[1;1Ha1234f6789") == "\ra1234f\x1b[1;11H"
    assert repaint.sent("\x1b[1;1Hb1234fg789") == "\rb\x1b[5Cg\x1b[1;11H"


def test_a_style_is_sent_where_it_changes_and_blanks_take_the_one_there_is() -> None:
    repaint = Repaint(40, 4)
    red = "\x1b[31m{}\x1b[0m".format
    painted = "\x1b[1;1H" + red("a") + "\x1b[32m \x1b[0m" + red("b c") + "\x1b[1;4m \x1b[0m"
    assert repaint.sent(painted) == "\x1b[H\x1b[0;31ma b c\x1b[0;1;4m "


def test_a_character_of_doubtful_width_goes_through_with_what_follows_it_and_the_line_is_painted_again() -> None:
    repaint = Repaint(40, 4)
    line = "\x1b[2;1Hshop \x1b[1m好\x1b[0m closed"
    first = repaint.sent(line)
    assert first.endswith("好\x1b[0m closed")
    again = repaint.sent(line)
    assert "好\x1b[0m closed" in again
    assert "shop" not in again


def test_leaving_the_other_screen_takes_the_style_off_and_begins_from_nothing() -> None:
    repaint = Repaint(10, 4)
    repaint.sent("\x1b[1;1H\x1b[31ma\x1b[0m")
    assert repaint.sent("\x1b[?1049l") == "\x1b[m\x1b[?1049l"
    assert "a" in repaint.sent("\x1b[1;1H\x1b[31ma\x1b[0m")


def test_a_screen_that_is_narrower_than_what_is_painted_takes_it_as_it_came() -> None:
    assert passed(["\x1b[1;1H\x1b[31mtoo long for it\x1b[0m", "\x1b[2;1Hok", "\x1b[9;1Hbelow"], columns=8, lines=4)


def test_colours_without_end_do_not_fill_the_memory() -> None:
    repaint = Repaint(4, 2)
    for number in range(3 * MOST):
        repaint.sent(f"\x1b[1;1H\x1b[38;2;{number // 250};{number % 250};7ma\x1b[0m")
    assert len(repaint.styles) <= MOST + 3


@pytest.mark.parametrize("end", ["\x1b", "\x1b[", "\x1b[38;2", "\x1b]52;c;aGk", "\x1b[?20"])
def test_a_sequence_that_was_cut_goes_through_whole(end: str) -> None:
    repaint = Repaint(10, 4)
    assert repaint.sent(f"\x1b[1;1Ha{end}").endswith(end)
