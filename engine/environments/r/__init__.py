"""R, with a library of its own for each lock."""
