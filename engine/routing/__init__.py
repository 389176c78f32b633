"""Whom news reaches, when, and who is on duty: the rules that were chosen, pure, and their tables."""
