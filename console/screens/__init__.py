"""One file a screen. Screens see records, never an engine."""
