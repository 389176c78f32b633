"""How often honest feedback is held back, and how often bad feedback is, with the labels of the sample projects.

    python benchmarks/quarantine_rates.py RIVER   (a folder that River was installed into: pip install --target)

The labels come in the order of their time, as many at once as the row says, an hour after one another; before them came
the holdout that the project's first version has. Each batch is judged by ``engine.feedback.quarantine`` with all that
came before it; a person lets in whatever honest batch it holds. In the place of every third it is also given bad ones:
flipped (of numbers: in cents), shuffled among the rows, and all of one label, each that there is.

Then labels that come each by itself, one a minute: fifty thousand looks at what came within the hour.

Sizes of which a project has fewer than 20 batches are taken again from later beginnings. Nothing is timed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.feedback.quarantine import tally, why_held  # noqa: E402
from engine.feedback.records import FeedbackRow, Scalar, Tally  # noqa: E402
from engine.feedback.usual import Usual  # noqa: E402

SIZES = (20, 57, 100, 200, 500, 1000, 2000)
MOST, KNOWN, FEWEST, LOOKS = 400, 1000, 20, 50_000
AT = datetime(2026, 12, 31, tzinfo=UTC)
# The rows of a holdout: a quarter of those with a label, and 14 days; of numbers none is known.
HOLDOUT = {"phishing": 140, "flights": 12_000, "diamonds": 0}


def labels(project: str) -> list[Scalar]:
    """All of a year, in the order of their time."""
    import importlib

    sys.path.insert(0, str(ROOT / "sample_projects" / project))
    module: Any = importlib.import_module(project)
    if project == "phishing":
        since = datetime(2022, 12, 31, tzinfo=UTC)  # Every year the same sites are reported.
        return [int(each) for each in module.reported(since, AT)["is_phishing"]]
    target = "late" if project == "flights" else "price"
    return [int(each) for each in module.extract(AT)[target]]


def counted(found: Sequence[Scalar], numbers: bool) -> Tally:
    return tally([FeedbackRow((0,), each, AT) for each in found], numbers=numbers)


def bad(batch: Sequence[Scalar], numbers: bool, drawn: random.Random) -> Iterator[tuple[str, Sequence[Scalar]]]:
    yield "flipped", [int(each) * 100 if numbers else 1 - int(each) for each in batch]
    yield "shuffled", drawn.sample(batch, len(batch))
    for label in (batch[0],) if numbers else (0, 1):
        yield "all one number" if numbers else f"all {label}", [label] * len(batch)


def rates(project: str, said: Sequence[Scalar], size: int, drawn: random.Random) -> dict[str, list[int]]:
    """Of each kind of batch how many were held, and how many there were."""
    numbers, found = project == "diamonds", dict[str, list[int]]()
    rounds = max(1, -(-FEWEST * size // len(said)))
    for number in range(rounds):
        turned = [*said[number * 97 :], *said[: number * 97]]
        holdout, rest = turned[: HOLDOUT[project]], turned[HOLDOUT[project] :]
        known = counted(holdout, numbers) if holdout else Tally()
        hours: list[Tally] = []
        for place in range(0, min(len(rest) - size + 1, MOST * size), size):
            batch, usual = rest[place : place + size], Usual(known, hours[-KNOWN:])
            kinds = [("honest", batch), *(bad(batch, numbers, drawn) if place // size % 3 == 2 else ())]
            for kind, given in kinds:
                held = why_held(counted(given, numbers), Tally(), usual, () if numbers else ("0", "1")) is not None
                count = found.setdefault(kind, [0, 0])
                count[0], count[1] = count[0] + held, count[1] + 1
            hours.append(counted(batch, numbers))
    return found


def one_by_one(project: str, said: Sequence[Scalar]) -> tuple[int, int, int]:
    """Of labels that come each by itself, one a minute: how many were held, in how many stretches, and how many came.

    A stretch ends where an hour goes by with none.
    """
    numbers, held = project == "diamonds", list[int]()
    known = counted(said[: HOLDOUT[project]], numbers)
    rest = said[HOLDOUT[project] :][:LOOKS]
    for place, label in enumerate(rest):
        if place % 60 == 0:  # What is usual ends an hour before each.
            hours = [counted(rest[at : at + 60], numbers) for at in range(max(0, place - KNOWN), place - 60, 60)]
            usual = Usual(known, hours)
        lately = counted(rest[max(0, place - 59) : place], numbers)
        if why_held(counted([label], numbers), lately, usual, ()) is not None:
            held.append(place)
    return len(held), sum(1 for before, at in zip([-60, *held], held, strict=False) if at - before >= 60), len(rest)


def main() -> None:
    sys.path.append(sys.argv[1])
    drawn = random.Random(57)
    for project in HOLDOUT:
        said = labels(project)
        for size in SIZES:
            found = rates(project, said, size, drawn)
            shown = "; ".join(f"{kind} {held:,} of {count:,}" for kind, (held, count) in found.items())
            print(f"{project}, {size:,} rows: {shown}", flush=True)
        held, stretches, came = one_by_one(project, said)
        print(f"{project}, one a minute: honest {held:,} of {came:,}, in {stretches} stretches", flush=True)


if __name__ == "__main__":
    main()
