"""The demo: the sample projects in a workspace of their own, with a history that was really run."""
