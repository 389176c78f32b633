"""How long runs take: what is usual, what is overdue, since when a step is slower."""
