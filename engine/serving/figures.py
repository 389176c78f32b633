"""What a worker counts: requests by route and status, how long they took, answers by version. And all workers' figures
as one page, each with its worker's name: a worker writes its own to a file once a second, whichever is asked reads all.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import Metric

KIND = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SUFFIX = ".figures"


class Figures:
    """The figures of one worker, for its own thread."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._answers: dict[tuple[str, str, str], list[int]] = {}
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def requested(self, project: str, route: str, status: int) -> None:
        """A request has got its answer. ``project``: empty where it was for none that there is."""
        key = (project, route, status)
        self._requests[key] = self._requests.get(key, 0) + 1

    def answered(self, project: str, label: str, fallback: str | None, rows: int, seconds: float) -> None:
        """A version has answered, or something in its place."""
        key = (project, label, fallback or "")
        counts = self._answers.get(key)
        if counts is None:
            counts = self._answers[key] = [0, 0]
        counts[0] += 1
        counts[1] += rows
        buckets = self._buckets.get(project)
        if buckets is None:
            buckets = self._buckets[project] = [0] * (len(BOUNDS) + 1)
            self._seconds[project] = 0.0
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds[project] += seconds

    def taken(self) -> dict[str, Any]:
        """All of them, as JSON can hold them."""
        return {
            "requests": [[*key, count] for key, count in self._requests.items()],
            "answers": [[*key, *counts] for key, counts in self._answers.items()],
            "seconds": [[project, self._seconds[project], each] for project, each in self._buckets.items()],
        }


def write(folder: Path, worker: str, figures: Mapping[str, Any]) -> None:
    """Leave a worker's figures for the others. Raises OSError."""
    path = folder / f"{worker}{_SUFFIX}"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(figures))
    os.replace(new, path)


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The figures that workers left, by worker; what cannot be read is left out."""
    found = {}
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        found[path.stem] = content
    return found


def exposition(workers: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The page for ``/metrics``."""
    from prometheus_client import generate_latest

    return generate_latest(_Collected(workers))


class _Collected:
    """What Prometheus' library asks for the figures."""

    def __init__(self, workers: Mapping[str, Mapping[str, Any]]) -> None:
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        from prometheus_client import Metric

        requests = Metric("leverframe_requests", "Requests over HTTP, by what became of them.", "counter")
        answers = Metric("leverframe_answers", "Requests answered, by the version that answered.", "counter")
        rows = Metric("leverframe_answered_rows", "Rows in them.", "counter")
        seconds = Metric("leverframe_answer_seconds", "From a request's last byte to its answer.", "histogram")
        wholes = Metric(
            "leverframe_whole_pipelines", "Batches that a whole pipeline answered, which tables were to.", "counter"
        )
        for worker, figures in self._workers.items():
            for project, label, count in figures.get("wholes", ()):
                labels = {"project": project, "version": label, "worker": worker}
                wholes.add_sample("leverframe_whole_pipelines_total", labels, count)
            for project, route, status, count in figures["requests"]:
                labels = {"project": project, "route": route, "status": str(status), "worker": worker}
                requests.add_sample("leverframe_requests_total", labels, count)
            for project, label, fallback, count, of_rows in figures["answers"]:
                labels = {"project": project, "version": label, "fallback": fallback, "worker": worker}
                answers.add_sample("leverframe_answers_total", labels, count)
                rows.add_sample("leverframe_answered_rows_total", labels, of_rows)
            for project, total, buckets in figures["seconds"]:
                _histogram(seconds, {"project": project, "worker": worker}, total, buckets)
        yield from (requests, answers, rows, seconds, *((wholes,) if wholes.samples else ()))


def _histogram(metric: Metric, labels: dict[str, str], total: float, buckets: list[int]) -> None:
    name, so_far = "leverframe_answer_seconds", 0
    for bound, count in zip((*map(repr, BOUNDS), "+Inf"), buckets, strict=True):
        so_far += count
        metric.add_sample(f"{name}_bucket", {**labels, "le": bound}, so_far)
    metric.add_sample(f"{name}_sum", labels, total)
    metric.add_sample(f"{name}_count", labels, so_far)
