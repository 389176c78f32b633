"""What the console writes to the terminal: only what is not shown there yet."""
