"""What is typed before that is done which cannot be undone: with ``--confirm``, or asked for on a terminal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from console.cli.printing import ask
from engine.errors import Refusal, Unconfirmed

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


def confirm_option(what: str) -> Callable[[F], F]:
    """``--confirm NAME``; ``what`` is to be typed."""
    told = f"{what}, typed, so that it is not done to another.  [asked for on a terminal]"
    return click.option("--confirm", "confirmed", metavar="NAME", help=told)


def at_a_terminal() -> bool:
    """Whether somebody can be asked, and answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def typed(given: str | None, act: Callable[[str], R]) -> R:
    """Do ``act`` with what was ``given``; where nothing was, a person is asked for what the engine says.

    Raises Refusal where something else was typed, or where nobody is at a terminal.
    """
    try:
        try:
            return act(given or "")
        except Unconfirmed as asked:
            if given is not None or not at_a_terminal():
                raise
            return act(ask(asked.asks))
    except Unconfirmed as not_it:
        raise Refusal(f"{not_it} In a script: --confirm {shlex.quote(not_it.word)}") from None
