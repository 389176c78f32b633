"""Real workers, as the tests of steps on them have them."""

from __future__ import annotations

from tests.engine.runs.compute.conftest import cluster, lonely

__all__ = ["cluster", "lonely"]
