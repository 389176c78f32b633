"""Completion of verbs and options in a person's shell (bash, zsh, fish), by click: the shell asks by a variable."""

from __future__ import annotations

from click.shell_completion import shell_complete

VARIABLE = "_LEVERFRAME_COMPLETE"


def complete(instruction: str) -> int:
    """Answer ``instruction`` (``bash_source``, ``bash_complete``, ...) and return the exit code."""
    from console.cli.root import leverframe

    return shell_complete(leverframe, {}, "leverframe", VARIABLE, instruction)
