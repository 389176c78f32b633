"""The one place where what goes wrong becomes a line on standard error and an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from console.cli.printing import complain
from engine import clock
from engine.errors import Invalid, LeverframeError
from engine.text import plain

REFUSED = 1
USAGE = 2
INTERRUPTED = 130  # as a shell has it for SIGINT
NOBODY_READS = 141  # and for SIGPIPE


def guarded(work: Callable[[], int], home: Callable[[], Path | None]) -> int:
    """Do ``work`` and return its exit code; whatever it raises is told in one line, a bug with where to look."""
    try:
        code = work()
        sys.stdout.flush()
        return code
    except LeverframeError as error:
        complain(str(error), map(str, error.mistakes) if isinstance(error, Invalid) else ())
        return REFUSED
    except BrokenPipeError:
        _stop_writing()
        return NOBODY_READS
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        return _machine(f"The machine would not: {error.strerror or error}{place}.", home())
    except Exception as error:  # noqa: BLE001 - a bug is told here, with its traceback kept
        if _is_of_the_ledger(error):
            return _machine(f"The ledger would not: {error}. 'leverframe doctor' looks into it.", home())
        if _is_of_the_calendar(error):
            complain("A time that was given, or one that follows from it, is in no calendar; name another.")
            return REFUSED
        complain(f"Leverframe itself failed ({type(error).__name__}: {plain(str(error), 200)}); {_told(home())}.")
        return REFUSED


def _machine(sentence: str, home: Path | None) -> int:
    if os.environ.get("LEVERFRAME_DEBUG") == "1":
        _told(home)
    complain(sentence)
    return REFUSED


def _is_of_the_ledger(error: Exception) -> bool:
    """SQLite's word for a disk, a lock or a file that is not as it should be; its other errors are bugs of ours."""
    import sqlite3

    return type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError)


def _is_of_the_calendar(error: Exception) -> bool:
    """Python's word for a day before the first or after the last that there are, which anybody can name."""
    return isinstance(error, OverflowError) and str(error) == "date value out of range"


def _told(home: Path | None) -> str:
    """Keep the traceback that is at hand, and say where."""
    told = traceback.format_exc()
    if os.environ.get("LEVERFRAME_DEBUG") == "1":
        sys.stderr.write(told)
        return "the traceback stands above"
    name = f"failure-{clock.stamp(clock.now()).replace(':', '')}-{os.getpid()}.txt"
    for folder in (_logs(home), Path(tempfile.gettempdir())):
        try:
            path = folder / name
            path.write_text(f"leverframe {' '.join(map(ascii, sys.argv[1:]))}\n\n{told}", "utf-8")
        except OSError:
            continue
        return f"the traceback is in {path}"
    return "set LEVERFRAME_DEBUG=1 to see the traceback"


def _logs(home: Path | None) -> Path:
    """The workspace's folder for logs; nothing is made where there is no workspace."""
    from engine.storage.workspace import default_home

    return (home or default_home()).expanduser() / "logs"


def _stop_writing() -> None:
    """Nobody reads any more: let Python's own last flush go nowhere instead of failing."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        return
