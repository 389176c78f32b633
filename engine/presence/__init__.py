"""Who is on now, from where, and what they look at."""
