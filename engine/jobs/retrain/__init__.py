"""The job ``retrain``: from extract to a version, judged; and the same tried on a sample."""
