"""Jobs: what each kind of run does, and the process that does it."""
