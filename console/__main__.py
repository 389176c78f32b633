"""``leverframe``: the console, or one of its verbs. Nothing heavy is imported before it is known which."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.access.proof import Proof

PATIENCE_SECONDS = 2


def main(argv: Sequence[str] | None = None, *, proof: Proof | None = None) -> int:
    """Run the command line (that of the process by default) as whom ``proof`` proves and return the exit code."""
    _open_closed_streams()
    own = argv is None  # of the process, whose environment is its own too
    if argv is None:
        from console.opening import session_encoding

        session_encoding.start_again_in_utf8()
        words = session_encoding.arguments()
    else:
        words = list(argv)
    wanted = console_wanted(words)
    try:
        # A shell asks without any word; in a forced command of sshd the variable may be the client's.
        if own and not words and (instruction := os.environ.get("_LEVERFRAME_COMPLETE")):
            from console.cli.completion import complete

            return complete(instruction)
        if wanted is not None:
            return open_console(*wanted, own=own, proof=proof)
        if own:
            _withhold()
        from console.cli.root import run

        return run(words, proof)
    except KeyboardInterrupt:  # While modules are imported; afterwards ``guarded`` has it.
        return 130


def _open_closed_streams() -> None:
    """Lead standard streams that somebody closed (``>&-``) nowhere; else the next file that is opened would be one."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def console_wanted(words: Sequence[str]) -> tuple[Path | None, str | None, str | None] | None:
    """The workspace, the operator and the moment to open the console with; None when anything else is asked for."""
    given: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        value = value if equals else next(rest, "")
        if name not in ("--home", "--operator", "--at") or not value:
            return None
        given[name] = value
    home = given.get("--home")
    return Path(home) if home else None, given.get("--operator"), given.get("--at")


def _withhold() -> None:
    from engine.withheld import withhold

    withhold()


def _end_when_told() -> None:
    """Whoever ends the process gets the terminal back as it was; without this it would stay on the other screen.

    A SIGHUP that whoever started it ignores (nohup) ends it too: what it looks at is that terminal.
    """
    import threading

    from console.opening.ending import at_once

    def ended(number: int, _: object) -> None:
        def at_last(*_: object) -> None:
            # Beside this thread, which may be writing down that somebody left: that is waited for.
            threading.Thread(target=at_once, args=(128 + number,), daemon=True).start()

        # Python drops what is raised while it tidies up, such as in a callback of a weak reference: then this ends it.
        signal.signal(signal.SIGALRM, at_last)
        signal.alarm(PATIENCE_SECONDS)
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)


def open_console(
    home: Path | None, operator: str | None, at: str | None = None, *, own: bool = False, proof: Proof | None = None
) -> int:
    """Open the console, behind its last known picture; what goes wrong is told as for any verb.

    With ``at`` it shows that moment, and no picture of another.
    """
    # Loading makes objects that stay: looking for garbage among them costs 10 ms and finds none.
    gc.disable()
    _end_when_told()
    from console.opening import last_seen
    from console.opening.session_encoding import why_not_drawn

    picture = ExitStack()  # Closed, it gives the ordinary screen back, once: the console did not open after all.
    try:
        if at is None and why_not_drawn() is None:
            last_seen.show(str(home) if home else None, picture)
        if own:
            _withhold()  # After the picture, which waits for nothing.
        return _behind(picture, home, operator, at, proof)
    except BaseException:
        picture.close()
        raise
    finally:
        gc.enable()


def _behind(
    picture: ExitStack, home: Path | None, operator: str | None, at: str | None, proof: Proof | None
) -> int:
    from console.cli.failures import guarded

    def console() -> int:
        from console.opening.start import run_console
        from engine import clock

        try:
            return run_console(home, operator, clock.moment(at) if at else None, proof)
        except BaseException:
            picture.close()  # Before anything is told.
            raise

    return guarded(console, lambda: home)


if __name__ == "__main__":
    sys.exit(main())
