"""Backtests of retraining: which policies there are, what replaying them came to, and what that says."""
