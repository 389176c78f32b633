"""A meter that never comes to an answer: ``python -m tests.journeys.meter_that_waits JOB`` waits until it is ended."""

from __future__ import annotations

import signal
import sys

sys.stdin.readline()
print("measuring", flush=True)
signal.pause()
