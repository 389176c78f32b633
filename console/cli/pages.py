"""pages: every project's report as a live page, over HTTP, until told to end."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from console.cli.endings import told_to_end
from console.cli.engine import tell_event
from console.cli.printing import say
from console.cli.session import Session, Verb
from engine import clock
from engine.withheld import environment


@click.command(cls=Verb)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where; 0.0.0.0 is everywhere.")
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True, help="0 takes any free one.")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="It holds what must be known to get in.  [default: $LEVERFRAME_PAGES_TOKEN]",
)
@click.pass_obj
def pages(session: Session, host: str, port: int, token_file: Path | None) -> None:
    """Show every project's report as a live page, read only, in the foreground, until SIGTERM or Ctrl+C.

    To this machine alone, unless --host names another of its addresses: then a token is needed.
    """
    from engine.pages.access import read_token
    from engine.pages.service import Service
    from engine.pages.view import open_view

    session.needs_now("pages")
    token = read_token(environment(), token_file.expanduser() if token_file else None)
    with told_to_end() as ended, closing(open_view(session.home, session.operator)) as view:
        service = Service(view, host, port, token)
        try:
            service.start(clock.now, lambda line: tell_event(session, line))
            while not ended.wait(1.0):
                pass
        finally:
            service.close()
    if not session.json:
        say("Nothing is served any more.")
        sys.stdout.flush()
