"""What a project's code needs, in one of a few kinds: locked, built once per lock, compared with what was built."""
