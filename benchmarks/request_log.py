"""What the request log costs who answers: the time of one ``note``, and how much of a core its thread takes.

    python benchmarks/request_log.py [--seconds 5] [--rate 5000] [--rows 1] [--columns 12]

Two figures. ``note``: nanoseconds a call, in a loop that notes as fast as it can until a bound is met. ``thread``: an
answering loop at ``--rate`` requests a second for ``--seconds``, with the log and without; the difference of the CPU
time of the process is what counting, making tables and writing blocks takes, for a second of requests and for one.
The third, ``worst``: the longest that a ``note`` took in the paced loop, with what it waited for other threads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import now, stamp
from engine.requests.answered import Answered
from engine.requests.log import MOST_REQUESTS, RequestLog
from engine.requests.records import LogRules
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--seconds", type=float, default=5.0)
    said.add_argument("--rate", type=int, default=5000)
    said.add_argument("--rows", type=int, default=1)
    said.add_argument("--columns", type=int, default=12)
    asked = said.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = workspaces.create(Path(folder) / "home")
        ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
        with ledger.write() as db:
            db.execute("INSERT INTO projects VALUES ('p', '', '', '', '{}', ?, NULL)", (stamp(now()),))
        print(f"note: {note_cost(workspace, ledger, asked.rows, asked.columns):.0f} ns a call")
        idle, _, _ = paced(None, asked)
        log = RequestLog(workspace, ledger, "paced", lambda project: LogRules())
        busy, worst, sent = paced(log, asked)
        log.close()
        share = (busy - idle) / asked.seconds
        each = (busy - idle) / sent * 1e6
        rate = sent / asked.seconds
        print(f"thread: {share:.1%} of a core at {rate:,.0f} requests a second, {each:.1f} us a request")
        print(f"worst: {worst * 1e3:.2f} ms for one note; lost: {log.lost}; trouble: {log.trouble or 'none'}")
        ledger.close()


def one(number: int, rows: int, columns: int) -> Answered:
    names = tuple(f"feature_{each}" for each in range(columns))
    values = tuple(number * 0.001 + each if each % 3 else f"c{number % 7}" for each in range(columns))
    return Answered(
        "p", "p@1", "d" * 64, None, datetime.now(UTC), 0.001, 200, f"request-{number:012d}", names,
        ("prediction", "p_0", "p_1"), (values,) * rows, ((1, 0.25, 0.75),) * rows, {"id": (number,) * rows},
    )  # fmt: skip


def note_cost(workspace: workspaces.Workspace, ledger: Ledger, rows: int, columns: int) -> float:
    """Nanoseconds: the best of several rounds, each of which fits into the queue."""
    best = float("inf")
    for turn in range(5):
        log = RequestLog(workspace, ledger, f"cost-{turn}", lambda project: LogRules(share=0.0))
        many = [one(number, rows, columns) for number in range(MOST_REQUESTS // (2 * rows))]
        note = log.note
        began = time.perf_counter_ns()
        for each in many:
            note(each)
        best = min(best, (time.perf_counter_ns() - began) / len(many))
        log.close()
        assert log.lost == 0
    return best


def paced(log: RequestLog | None, asked: argparse.Namespace) -> tuple[float, float, int]:
    """CPU seconds of the process, the longest note in seconds, and how many were sent."""
    began, worst, sent = time.perf_counter(), 0.0, 0
    cpu = time.process_time()
    while (passed := time.perf_counter() - began) < asked.seconds:
        for _ in range(int(passed * asked.rate) - sent):
            each = one(sent, asked.rows, asked.columns)
            before = time.perf_counter()
            if log is not None:
                log.note(each)
            worst = max(worst, time.perf_counter() - before)
            sent += 1
        time.sleep(0.001)
    return time.process_time() - cpu, worst, sent


if __name__ == "__main__":
    main()
