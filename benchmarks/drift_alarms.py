"""How often drift alarms are false, and how late they are right, on data whose drift is known.

    python benchmarks/drift_alarms.py [--months 400] [--processes 2]

First months of stationary data: twelve mixed columns, each project with training data of its own; alarms per project
and month, the most in one month, and how many a rule of p < 0.05 alone would raise. Then shifts that begin on a day,
looked at every quarter of an hour: which share of columns is raised within 28 days, after how long, and how often. Rows
are independent of each other. About four minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.special import chdtri

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import Figure, machine, show
from engine.monitoring.drift.multivariate import separation
from tests.engine.monitoring.simulated_months import BEGIN, Setting, Shift, month, raised_by_p_alone

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
# Rows a day and days of window; fewer than 60 rows in a window are never judged.
STATIONARY = [
    Setting(rows, every, days * DAY, reference_rows=reference)
    for rows, days, every, reference in (
        (10, 28, DAY, 20_000),
        (50, 7, DAY, 500),
        (50, 7, QUARTER, 20_000),
        (500, 7, DAY, 20_000),
        (500, 7, QUARTER, 500),
        (500, 1, QUARTER, 20_000),
        (5000, 7, QUARTER, 20_000),
        (5000, 1, QUARTER, 20_000),
    )
]
NUMBER = [Shift(deviations=by) for by in (0.1, 0.25, 0.5, 1.0)]
LABEL = [Shift(points=by) for by in (0.05, 0.1, 0.2)]
WATCHED = [(10, 28), (50, 7), (500, 7), (500, 1), (5000, 7), (5000, 1)]


def alarms_of(setting: Setting, seed: int) -> tuple[int, int]:
    """Alarms in a stationary month, and those of p alone on other rows of the same kind."""
    return (
        len(month(setting, np.random.default_rng([0, seed]))),
        raised_by_p_alone(setting, np.random.default_rng([1, seed])) if seed < 40 else 0,
    )


def delays_of(setting: Setting, shift: Shift, seed: int) -> list[tuple[float, int]]:
    """Of each column that was raised: days from the shift to its alarm, and how many alarms it had."""
    found = month(setting, np.random.default_rng([2, seed]), shift)
    since: dict[str, list[float]] = {}
    for alarm in found:
        since.setdefault(alarm.column, []).append((alarm.since - BEGIN) / DAY)
    return [(min(days), len(days)) for days in since.values()]


def stationary(run: Callable[..., Sequence], months: int) -> list[Figure]:
    """One line per setting; the figures are the upper bounds, at 95 %, of false alarms per project and month."""
    print(f"\nfalse alarms on stationary data, {months} project-months each")
    print("rows/day  window   every  training  alarms  most in a month  per month, at most (95 %)  p < 0.05 alone")
    figures = []
    for setting in STATIONARY:
        counts = np.array(run(partial(alarms_of, setting), range(months)))
        raised, naive = int(counts[:, 0].sum()), counts[:40, 1].mean()
        bound = float(chdtri(2 * (raised + 1), 0.05)) / 2 / months
        every = "15 min" if setting.every == QUARTER else "1 d"
        print(
            f"{setting.rows_per_day:>8,}  {setting.window.days:>4} d  {every:>6}"
            f"  {setting.reference_rows:>8,}  {raised:>6}  {counts[:, 0].max():>15}  {bound:>25.3f}  {naive:>14.1f}",
            flush=True,
        )
        what = f"false alarms, {setting.rows_per_day:,} rows a day, {setting.window.days} d"
        figures += [Figure(what, bound, 1, "a month"), Figure("  most in one month", counts[:, 0].max(), 1, "")]
    return figures


def chance_together(rows: int, seed: int) -> float:
    """p of the multivariate check for a window of rows like those of the training data: six numbers, a label."""
    generator = np.random.default_rng([3, seed])

    def drawn(count: int) -> pa.Table:
        numbers = {f"number {i}": generator.normal(size=count) for i in range(6)}
        return pa.table({**numbers, "label": generator.choice(["a", "b", "c", "d"], count, p=[0.4, 0.3, 0.2, 0.1])})

    reference = drawn(5000)
    return separation(reference, drawn(rows), reference.column_names).p or 0.0


def together(run: Callable[..., Sequence], looks: int) -> None:
    """The multivariate check on stationary data: how often it would be called small."""
    print(f"\np of the multivariate check on stationary data, {looks} looks each")
    print("rows in the window  below 0.05  below 0.01  smallest")
    for rows in (350, 3500):
        p = np.array(run(partial(chance_together, rows), range(looks)))
        print(f"{rows:>18,}  {(p < 0.05).mean():>10.1%}  {(p < 0.01).mean():>10.1%}  {p.min():>8.3f}", flush=True)


def delays(run: Callable[..., Sequence], columns: int) -> None:
    """One line per shift and setting."""
    print(f"\ndelay of the alarm after a shift, {columns} columns each, looked at every 15 minutes")
    print("shift                  rows/day  window  raised in 28 d  after, median   9 of 10  alarms per column")
    for shift in (*NUMBER, *LABEL):
        what = f"mean by {shift.deviations:g} sd" if shift.deviations else f"labels by {100 * shift.points:.0f} points"
        kind = (4, 0) if shift.deviations else (0, 1)
        for rows, days in WATCHED:
            setting = Setting(rows, QUARTER, days * DAY, numbers=kind[0], labels=kind[1], days=28)
            found = [
                each for one in run(partial(delays_of, setting, shift), range(columns // sum(kind))) for each in one
            ]
            line = f"{what:<21}  {rows:>8,}  {days:>4} d  {len(found) / columns:>14.0%}"
            if found:
                after, raised = np.array(found).T
                all_after = np.sort(np.concatenate([after, np.full(columns - len(after), np.inf)]))
                median, most = all_after[columns // 2], all_after[int(columns * 0.9)]
                line += f"  {_days(median):>13}  {_days(most):>8}  {raised.mean():>17.2f}"
            print(line, flush=True)


def _days(days: float) -> str:
    return f"{days:.1f} d" if np.isfinite(days) else "-"


def main() -> int:
    """Print both tables; 1 when the budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=400)
    parser.add_argument("--columns", type=int, default=80, help="columns for each delay")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    print(machine())
    with ProcessPoolExecutor(given.processes) as pool:

        def run(task: Callable, seeds: Sequence[int]) -> Sequence:
            return list(pool.map(task, seeds, chunksize=4))

        figures = stationary(run, given.months)
        together(run, given.months // 2)
        delays(run, given.columns)
    return show(figures)


if __name__ == "__main__":
    sys.exit(main())
