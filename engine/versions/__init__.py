"""Versions: immutable, numbered, content-addressed records of everything that a run produced."""
