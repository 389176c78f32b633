"""How far the newest rows and predictions are from the version's own training data."""
