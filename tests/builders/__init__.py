"""States that tests begin from and no method of the door makes, or none quickly: made by the engine's own rooms."""
