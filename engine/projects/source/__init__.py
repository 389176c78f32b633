"""The code of a project: which commit it is, whether it was changed since, and a copy of it for a run."""
