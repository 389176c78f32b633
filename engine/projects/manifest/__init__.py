"""``leverframe.toml``: read as a whole, each section into its record, every mistake with its line."""
