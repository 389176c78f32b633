"""The command line: one file for each group of verbs, and each verb calls the same engine method as a key does."""
