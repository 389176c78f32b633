"""The rows that a candidate is judged by: which they are, and whether they can decide anything."""
