"""The job ``score``: rows of a file, a table or a query through a version, written beside who said it; and tracing."""
