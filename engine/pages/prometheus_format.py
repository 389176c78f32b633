"""Figures in Prometheus' text format 0.0.4, written by its own library, which escapes what labels hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from engine.pages.prometheus_metrics import Figure

if TYPE_CHECKING:
    from prometheus_client import Metric

KIND = "text/plain; version=0.0.4; charset=utf-8"


class _Collected:
    """What the library asks for its figures."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        from prometheus_client import Metric

        for figure in self._figures:
            family = Metric(figure.name, figure.help, figure.kind)
            name = f"{figure.name}_total" if figure.kind == "counter" else figure.name
            for labels, value in figure.values:
                family.add_sample(name, dict(zip(figure.labels, labels, strict=True)), value)
            yield family


def exposition(figures: Iterable[Figure]) -> bytes:
    """The page for ``/metrics``."""
    from prometheus_client import generate_latest

    return generate_latest(_Collected(figures))
