"""The logs of a run: which there are, a page of one, any line of it."""
