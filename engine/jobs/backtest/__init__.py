"""The job ``backtest``: policies of retraining, replayed on the project's own past; and asking for one at the door."""
