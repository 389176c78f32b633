"""How the console opens: the last known screen at once, the workspace, the session's encoding."""
