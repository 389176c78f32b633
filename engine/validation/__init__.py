"""Validation: how the data is split, what a candidate is worth on the holdout, and which gates it passes."""
