"""What a screen wants to know, and the one thread that asks the engine."""
