"""Copies of the workspace elsewhere, the way back from them, and reading what is kept before it is needed."""
