"""What retraining is worth: the flights of 2013 predicted week by week by a model retrained weekly and by a frozen one.

    python benchmarks/drift_of_flights.py [--weeks 44]

Both learn from eight weeks; the frozen one from the first eight of the year (to 25 February), the other from the eight
before each week. Each week's flights are predicted as they would have been at its beginning. Takes about a minute.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parents[1] / "sample_projects" / "flights"))
import flights
import model as models

NEW_YEAR = datetime(2013, 1, 1, 5, tzinfo=UTC)
NEVER_A_FEATURE = ["late", "arr_delay", "flight_id", "scheduled_departure"]
WINDOW, WEEK = timedelta(days=56), timedelta(days=7)


def between(data: pd.DataFrame, since: datetime, until: datetime) -> tuple[pd.DataFrame, pd.Series]:
    """Features and target of the flights due to leave in this time."""
    rows = data[(data["scheduled_departure"] >= since) & (data["scheduled_departure"] < until)]
    return rows.drop(columns=NEVER_A_FEATURE), rows["late"]


def main() -> None:
    """Print both AUCs of each week, then what they come to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=44)
    weeks = parser.parse_args().weeks
    data = flights.extract(datetime(2014, 1, 2, tzinfo=UTC))
    frozen = models.train(*between(data, NEW_YEAR, NEW_YEAR + WINDOW))
    scores, seconds = [], []
    for number in range(weeks):
        start = NEW_YEAR + WINDOW + number * WEEK
        began = time.perf_counter()
        retrained = models.train(*between(data, start - WINDOW, start))
        seconds.append(time.perf_counter() - began)
        features, late = between(data, start, start + WEEK)
        scores.append([roc_auc_score(late, model.predict_proba(features)[:, 1]) for model in (retrained, frozen)])
        print(f"{start:%d %b}  {len(late):>5} flights  retrained {scores[-1][0]:.3f}  frozen {scores[-1][1]:.3f}")
    fresh, old = np.array(scores).T
    print(f"mean: retrained {fresh.mean():.4f}, frozen {old.mean():.4f}")
    print(f"weeks: retrained {fresh.min():.3f} to {fresh.max():.3f}; better in {np.mean(fresh > old):.0%} of {weeks}")
    print(f"training: {np.median(seconds):.2f} s (median), {max(seconds):.2f} s (longest)")


if __name__ == "__main__":
    main()
