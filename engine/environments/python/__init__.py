"""Python by uv."""
