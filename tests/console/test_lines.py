"""Lines fit their width whatever is in them, and tables give way in their own order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.text import cells, overview_table, tables
from console.text.card_lines import card_lines
from console.text.lines import Span, beside, cut, cut_front, ends, fit, heading, pad, plain_text, row, width_of, widths
from engine.records import Reason
from tests.console.records import CARD, NOW, OVERVIEW, RUNS, VERSIONS, status, version

TEXT = some.text(alphabet=some.characters(blacklist_categories=("Cc", "Cs", "Cf", "Mn", "Me", "Zl", "Zp")), max_size=60)


@given(some.lists(TEXT, max_size=5), some.integers(0, 90))
def test_a_fitted_line_takes_exactly_its_width(texts: list[str], width: int) -> None:
    assert width_of(fit(tuple(Span(text) for text in texts), width)) == width


@given(TEXT, some.integers(1, 90), some.booleans(), some.booleans())
def test_a_padded_text_takes_exactly_its_width(text: str, width: int, right: bool, front: bool) -> None:
    assert width_of((Span(pad(text, width, right=right, front=front)),)) == width


def test_a_cut_says_so_at_the_end_that_was_lost() -> None:
    assert cut("flights", 4) == "fli…"
    assert cut_front("a-very-long-project@12", 8) == "…ject@12"


def test_a_table_leaves_out_what_matters_least_first() -> None:
    shown = [[c.title for c, w in zip(overview_table.PROJECTS, widths(overview_table.PROJECTS, room), strict=True) if w]
             for room in (136, 110, 76)]  # fmt: skip
    assert "DUE" in shown[0]
    assert "DUE" not in shown[1]
    assert shown[2] == ["PROJECT", "HEALTH", "LIVE", "KEY METRIC", "WAITING"]


def test_room_that_is_left_goes_to_names_first_and_then_to_what_grows() -> None:
    title = {column.title: place for place, column in enumerate(tables.RUNS)}
    given = {room: widths(tables.RUNS, room) for room in (76, 100, 136, 236)}
    assert [given[room][title["PROJECT"]] for room in given] == [12, 12, 20, 20]
    assert all(sum(found) + 2 * sum(1 for width in found[1:] if width) == room for room, found in given.items())


def test_every_table_fits_eighty_columns() -> None:
    cases = (
        (overview_table.PROJECTS, OVERVIEW.projects), (tables.VERSIONS, VERSIONS), (tables.CANDIDATES, (version(),)),
        (tables.RUNS, RUNS),
    )  # fmt: skip
    for columns, records in cases:
        for room in (56, 76, 136, 236):
            assert width_of(heading(columns, room)) <= max(room, 70), columns[0].title  # type: ignore[arg-type]
            for record in records:
                assert width_of(row(columns, record, NOW, room)) <= max(room, 70)  # type: ignore[arg-type, misc]


def test_the_right_end_gives_way_before_the_left() -> None:
    assert plain_text([ends((Span("left"),), (Span("right"),), 9)]) == "left"
    assert plain_text([ends((Span("left"),), (Span("right"),), 12)]) == "left   right"


def test_the_card_in_a_wide_terminal_is_read_in_one_screen() -> None:
    lines = card_lines(CARD, NOW, 140)
    assert len(lines) <= 36
    assert all(width_of(each) <= 140 for each in lines)
    text = plain_text(lines)
    for words in (
        "flights@11  ▲ candidate",
        "expires in 12 d",
        "BETTER THAN LIVE. All 3 gates pass.",
        "4.1 % of decisions would change.",
        "✓ roc_auc at least 0.70",
        "▲ drift of precip",
        "warn: PSI 0.31",
        "○ every segment at least 0.60",
        "carrier=EV",
        "3f2a9c1 b.lee: clip wind",
        'Last rejected: flights@10 on 16 Nov by ada: "EV segment too weak"',
    ):
        assert words in text
    # The metric that decides stands first.
    assert text.index("roc_auc  ") < text.index("brier")


def test_the_card_in_a_narrow_terminal_holds_the_same_facts() -> None:
    lines = card_lines(CARD, NOW, 80)
    assert all(width_of(each) <= 80 for each in lines)
    text = plain_text(lines)
    assert "+0.011 … +0.025" in text
    assert "carrier=EV" in text
    assert "1 file changed in 1 commit" in text


def test_a_sentence_of_a_project_cannot_reach_the_terminal() -> None:
    evil = status(why="fine \x1b[2J\x1b]0;owned\x07 gone")
    from console.text.overview_lines import detail

    text = plain_text(detail(evil, NOW, 80))
    assert "\x1b" not in text
    assert "Fine" in text


def test_the_key_metric_of_the_selected_project_stands_with_its_rows_and_its_age() -> None:
    from console.text.overview_lines import detail

    text = plain_text(detail(status(), NOW, 140))
    assert "on 6,410 rows that a later retrain held out (run 38), 3 d ago" in text


def test_a_candidate_that_waits_is_told_in_two_lines_where_there_is_room_for_them() -> None:
    from console.text.overview_lines import detail

    said = "BETTER THAN LIVE. " + "All seventeen gates pass on the very same rows. " * 3 + "Really so."
    waits = status(candidates=(replace(version(), sentence=said),))
    lines = plain_text(detail(waits, NOW, 120)).splitlines()
    at = next(n for n, each in enumerate(lines) if "waits:" in each)
    assert f"{lines[at].partition('waits: ')[2]} {lines[at + 1].strip()}" == said
    narrow = plain_text(detail(waits, NOW, 60)).splitlines()
    assert narrow[at + 1].endswith("…") and max(map(len, narrow)) <= 60, "of what does not go in, the end is marked"
    reasons = tuple(Reason("watch", f"reason {n}", NOW) for n in range(6))
    full = plain_text(detail(replace(waits, reasons=reasons), NOW, 120)).splitlines()
    assert any("waits:" in each and each.endswith("…") for each in full), "what else is wrong goes first"


def test_columns_stand_beside_each_other() -> None:
    left, right = [(Span("a"),), (Span("b"),)], [(Span("c"),)]
    assert plain_text(beside(left, right, 3, 3)) == "a    c\nb"


@pytest.mark.parametrize("width", [74, 140])
def test_the_whole_card_cuts_no_interval_however_narrow_it_is(width: int) -> None:
    lines = ["".join(span.text for span in each) for each in card_lines(CARD, NOW, width, whole=True)]
    metric = next(each for each in CARD.metrics if each.difference_low is not None)
    said = f"{cells.signed(metric.difference_low)} … {cells.signed(metric.difference_high)}"
    assert any(said in each and f"on {metric.n:,} rows" in each and len(each) <= width for each in lines), lines
    assert any("95 % between" in each for each in lines) and not any("95 % betw…" in each for each in lines)


def test_the_list_of_versions_says_which_are_under_legal_hold_and_why() -> None:
    held = replace(CARD.version, held="ada since 2026-11-03: case 17")
    cell_of = {column.title: column.cell for column in tables.VERSIONS}
    assert (cell_of["HOLD"](held, NOW).text, cell_of["HOLD"](CARD.version, NOW).text) == ("held", "")
    assert cell_of["WHY"](held, NOW).text == "on hold by ada since 2026-11-03: case 17"


@pytest.mark.parametrize(("said", "sentence"), [
    ("nothing is live yet", "Nothing is live yet."),
    ("churn@3 (live) could not be rebuilt.", "churn@3 (live) could not be rebuilt."),
    ("roc_auc 0.71 is below 0.75", "roc_auc 0.71 is below 0.75."),
    ("origin: new values", "origin: new values."),
])  # fmt: skip
def test_a_name_at_the_beginning_of_a_sentence_stays_as_it_is_written(said: str, sentence: str) -> None:
    from console.text import overview_lines

    assert overview_lines.sentence(said) == sentence
