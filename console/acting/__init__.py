"""What an operator has done, and the threads that do it."""
