"""The same words for the same records, on every front."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from console import routes
from console.routes import PLACES
from console.screens.bin import BinPage
from console.text import cells
from console.text.lines import heading, line, plain_text, row, width_of
from console.text.tables import VERSIONS
from engine.records import Metric, Point, Rehearsal
from tests.console.records import AUC, BARRED, LIVE, NOW, RETIRED, ago, run, version


@pytest.mark.parametrize("place", [*PLACES, *routes.ADMIN_LISTS, "bin"])
def test_what_an_empty_screen_says_fits_a_narrow_terminal(place: str) -> None:
    page = BinPage() if place == "bin" else (routes.place if place in PLACES else routes.admin_list)(place)
    for sentence in getattr(page, "empty", ()):
        assert width_of(line("   ", sentence)) <= 80


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.44, "0.4 s"), (9.99, "10.0 s"), (41, "41 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"),
     (172_800, "2 d"), (-3, "0.0 s")],
)  # fmt: skip
def test_a_duration_is_told_in_the_one_unit_that_matters(seconds: float, words: str) -> None:
    assert cells.span(seconds) == words


def test_an_age_is_whole_and_what_was_never_is_a_dash() -> None:
    assert cells.age(ago(seconds=0.2), NOW) == "now"
    assert cells.age(ago(seconds=4.4), NOW) == "4 s"
    assert cells.age(None, NOW) == "–"
    assert cells.until(NOW + timedelta(hours=3), NOW) == "in 3 h"
    assert cells.until(ago(hours=1), NOW) == "now"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.7241, "0.724"), (271.4, "271"), (12_840, "12,840"), (999.7, "1,000"), (0.0004, "0.0004"), (0, "0"),
     (float("nan"), "nan"), (None, "–"), (1.5, "1.5")],
)  # fmt: skip
def test_numbers_show_the_digits_that_matter(value: float | None, words: str) -> None:
    assert cells.number(value) == words


def test_a_difference_has_a_sign_and_none_where_there_is_no_difference() -> None:
    assert [cells.signed(v) for v in (0.018, -0.004, 0.0, 0.00000001)] == ["+0.018", "−0.0040", "±0", "±0.0000"]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (512, "512 B"), (1400, "1.4 KiB"), (80e9, "75 GiB"), (2e12, "1.8 TiB"), (1023 << 20, "1,023 MiB"),
        ((1 << 30) - 1, "1.0 GiB"),
    ],
)  # fmt: skip
def test_sizes_are_told_in_the_units_that_settings_take(count: float, words: str) -> None:
    assert cells.size(count) == words


def test_a_metric_is_told_with_half_the_width_of_its_interval() -> None:
    assert cells.metric(AUC) == "roc_auc 0.724 ±0.011"
    assert cells.metric(Metric("mae", None, None, None, 0)) == "mae – no rows"


def test_a_sparkline_runs_from_its_lowest_to_its_highest_value() -> None:
    points = [Point(NOW, value) for value in (1.0, 2.0, 3.0)]
    assert cells.sparkline(points) == "▁▄█" or cells.sparkline(points) == "▁▅█"
    assert cells.sparkline([points[0]] * 4) == "▄▄▄▄"
    assert cells.sparkline([]) == ""


def test_a_life_is_told_from_the_side_that_matters() -> None:
    assert cells.lived(LIVE, NOW) == "live for 12 d"
    assert cells.lived(RETIRED, NOW) == "ran 28 d, until 12 d ago"
    assert cells.lived(version(), NOW) == "–"


def test_every_state_has_a_glyph_and_its_word() -> None:
    assert cells.version_state(BARRED.state) == "■ barred"
    assert cells.verdict("unknown") == "○ unknown"
    assert cells.verdict("cannot tell") == "○ cannot tell"
    assert cells.run_state(replace(run(), state="running", progress=0.4)) == "▸ running 40 %"


@pytest.mark.parametrize("width", [76, 96, 116, 136, 196])  # a list has four cells less than the terminal
def test_the_last_rehearsal_stands_in_the_list_of_versions_from_eighty_columns_on(width: int) -> None:
    done = Rehearsal(ago(days=3), 6.2, "rebuilt")
    rows = {
        "3 d ago, 6.2 s": version(9, state="live", live_from=ago(days=12), rehearsed=done),
        "never": version(7, state="retired"),
        "× failed": version(7, rehearsed=replace(done, outcome="failed", why="a wheel is gone")),
        "59 min ago": version(9, rehearsed=replace(done, at=ago(minutes=59), seconds=118)),
    }
    place = plain_text([heading(VERSIONS, width)]).index("REHEARSED")
    for said, found in rows.items():
        told = row(VERSIONS, found, NOW, width)
        assert width_of(told) <= width and plain_text([told])[place:].startswith(said), said
