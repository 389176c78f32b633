"""Runs: the queue, the steps under their limits, the log each leaves, and a retrain from extract to version."""
