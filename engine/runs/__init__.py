"""Runs: the queue, the process of a run, its steps under their limits, and the log each leaves."""
