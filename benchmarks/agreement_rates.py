"""How often labels are held back for what was answered, honest ones and bad ones, with the sample projects.

    OMP_NUM_THREADS=1 python benchmarks/agreement_rates.py RIVER   (a folder that River was installed into)

What would have been answered is said by the project's own model, trained by its own code every four weeks on what was
known by then; of phishing on the first 420 sites, and held out on 140. The labels come in the order of their time, as
many at once as the row says, an hour after one another, each with its answer. Each batch is judged by
``engine.feedback.agreement`` with all that came before it. In the place of every third it is also given bad ones:
labels shuffled among the rows, those of half of the rows, and flipped (of numbers: in cents).

Nothing is timed; it takes some minutes of training.
"""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.feedback.agreement import Agreement, UsualAgreement, compared, why_held  # noqa: E402

SIZES = (20, 57, 100, 200, 500, 1000, 2000)
MOST, KNOWN = 400, 1000
AT = datetime(2026, 12, 31, tzinfo=UTC)
WEEKS, MEAN_PRICE = timedelta(weeks=4), 3933.0
Pair = tuple[int, int]


def phishing() -> tuple[list[Pair], Agreement]:
    module = importlib.import_module("phishing")
    sites = module.reported(AT - timedelta(days=363), AT)
    features, target = sites.drop(columns=["site", "reported_at", "is_phishing"]), sites["is_phishing"]
    said = module.train(features[:420], target[:420]).predict(features[420:])
    pairs = [(int(one), int(label)) for one, label in zip(said, target[420:], strict=True)]
    return pairs[140:], compared(pairs[:140])


def retrained(module: str, train: Any, target: str, time: str, left: Sequence[str], window: int) -> list[Pair]:
    """Of each row after the first ten weeks what was answered, and its label; ``window``: days that train sees."""
    table = importlib.import_module(module).extract(AT).dropna(subset=[target])
    features, times = [name for name in table.columns if name not in (target, time, *left)], table[time]
    since, pairs = times.min() + timedelta(weeks=10), list[Pair]()
    while since < times.max():
        known = table[(times < since) & (times >= since - timedelta(days=window))]
        come = table[(times >= since) & (times < since + WEEKS)]
        said = train(known[features], known[target]).predict(come[features])
        pairs += [(int(one), int(label)) for one, label in zip(said, come[target], strict=True)]
        since += WEEKS
    return pairs


def answered(project: str) -> tuple[list[Pair], Agreement]:
    """What was answered with its labels, and how far a holdout agreed, where it is of classes."""
    sys.path.insert(0, str(ROOT / "sample_projects" / project))
    if project == "phishing":
        return phishing()
    if project == "diamonds":
        train = importlib.import_module("diamonds").train
        return retrained("diamonds", train, "price", "listed_at", ["listing"], 180), Agreement()
    left = ["flight_id", "arr_delay"]
    pairs = retrained("flights", importlib.import_module("model").train, "late", "scheduled_departure", left, 56)
    return pairs[12_000:], compared(pairs[:12_000])


def bad(batch: Sequence[Pair], drawn: random.Random, numbers: bool) -> Iterator[tuple[str, list[Pair]]]:
    said, labels = [pair[0] for pair in batch], [pair[1] for pair in batch]
    half = len(batch) // 2
    yield "shuffled", list(zip(said, drawn.sample(labels, len(labels)), strict=True))
    mixed = [*drawn.sample(labels[:half], half), *labels[half:]]
    yield "half shuffled", list(zip(said, mixed, strict=True))
    yield "flipped", [(one, label * 100 if numbers else 1 - label) for one, label in batch]


def rates(pairs: Sequence[Pair], holdout: Agreement, size: int, middle: float | None) -> dict[str, list[int]]:
    """Of each kind of batch how many were held, and how many there were."""
    drawn, hours, found = random.Random(57), list[Agreement](), dict[str, list[int]]()
    for place in range(0, min(len(pairs) - size + 1, MOST * size), size):
        batch = pairs[place : place + size]
        kinds = bad(batch, drawn, middle is not None) if place // size % 3 == 2 else ()
        for kind, given in [("honest", batch), *kinds]:
            held = why_held(compared(given, middle), Agreement(), UsualAgreement(holdout, hours[-KNOWN:])) is not None
            count = found.setdefault(kind, [0, 0])
            count[0], count[1] = count[0] + held, count[1] + 1
        hours.append(compared(batch, middle))
    return found


def main() -> None:
    sys.path.append(sys.argv[1])
    for project in ("phishing", "flights", "diamonds"):
        pairs, holdout = answered(project)
        middle = MEAN_PRICE if project == "diamonds" else None
        whole = compared(pairs, middle)
        print(f"{project}: {whole.agree / whole.rows:.0%} of {whole.rows:,} agree, kappa {whole.kappa or 0:.2f}")
        for size in SIZES:
            found = rates(pairs, holdout, size, middle)
            shown = "; ".join(f"{kind} {held:,} of {count:,}" for kind, (held, count) in found.items())
            print(f"  {size:,} rows: {shown}", flush=True)


if __name__ == "__main__":
    main()
