"""Whether the newest rows are the kind of data that the version learnt from, and whether they come."""
