"""What is healthy, since when, and how that is known."""
