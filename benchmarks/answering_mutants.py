"""Faults in all that scores, answers and learns, each part in a table of its own: a part of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.batch_mutants import BATCH
from benchmarks.compiled_mutants import COMPILED
from benchmarks.demo_mutants import DEMO
from benchmarks.fleet_mutants import FLEET
from benchmarks.labels_mutants import LABELS
from benchmarks.learn_mutants import LEARN
from benchmarks.makers_mutants import MAKERS
from benchmarks.onnx_mutants import ONNX
from benchmarks.requests_mutants import REQUESTS
from benchmarks.robust_mutants import ROBUST
from benchmarks.serving_mutants import SERVING
from benchmarks.shadow_mutants import SHADOW
from benchmarks.speed_mutants import SPEED
from benchmarks.split_mutants import SPLIT
from benchmarks.tokens_mutants import TOKENS

ANSWERING = (
    *BATCH, *COMPILED, *DEMO, *FLEET, *LABELS, *LEARN, *MAKERS, *ONNX, *REQUESTS, *ROBUST, *SERVING, *SHADOW, *SPEED, *SPLIT,
    *TOKENS,
)  # fmt: skip
