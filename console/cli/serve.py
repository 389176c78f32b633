"""serve: answers to requests over HTTP, by the versions that are live, until told to end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from console.cli.endings import told_to_end
from console.cli.engine import tell_event
from console.cli.printing import document, say
from console.cli.request_documents import capacity
from console.cli.session import Session, Verb, missing_reason
from console.text.lines import Span

_FILE = click.Path(path_type=Path)


@click.command(cls=Verb)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where; 0.0.0.0 is everywhere.")
@click.option("--port", type=click.IntRange(0, 65535), default=8485, show_default=True, help="0 takes any free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes answer.  [default: one a processor]")
@click.option("--tokens", is_flag=True, help="Ask for a token on this machine too; from elsewhere it always is.")
@click.option("--tls-cert", metavar="FILE", type=_FILE, help="The server's certificate with its chain, in PEM.")
@click.option("--tls-key", metavar="FILE", type=_FILE, help="Its key, in PEM.")
@click.option("--load", metavar="PROJECT", help="Test what a server of its own takes for PROJECT, and end.")
@click.option("--seconds", type=click.FloatRange(0.1, 30), default=3.0, show_default=True, help="Of each load.")
@click.option("--reason", metavar="TEXT", help="With --load: why; kept for ever.")
@click.pass_obj
def serve(
    session: Session, host: str, port: int, workers: int | None, tokens: bool, tls_cert: Path | None,
    tls_key: Path | None, load: str | None, seconds: float, reason: str | None,
) -> None:  # fmt: skip
    """Answer requests for predictions over HTTP with the live versions, in the foreground, until SIGTERM or Ctrl+C.

    For every project whose live version says [serve] realtime = true. To this machine alone, unless --host names
    another of its addresses: then a token is needed. With --load a server of its own is asked for a few seconds, as
    fast as it answers, with the golden rows of what is live; nothing of that is counted as a request.
    """
    if load is not None:
        if reason is None:
            raise missing_reason("serve --load")
        _tested(session, load, reason, seconds, workers)
        return
    from engine.serving.service import Service

    session.needs_now("serve")
    certificate, key = (each.expanduser() if each else None for each in (tls_cert, tls_key))
    with told_to_end() as ended:
        service = Service(
            session.home, session.operator, host=host, port=port, workers=workers or len(os.sched_getaffinity(0)),
            tokens=tokens, certificate=certificate, key=key,
        )  # fmt: skip
        try:
            service.start(lambda line: tell_event(session, line))
            while not ended.wait(0.1):
                service.tick()
        finally:
            whole = service.close()
    if not session.json:
        say("All that came was answered." if whole else "A worker did not come to its end in time and was killed.")
        sys.stdout.flush()


def _tested(session: Session, project: str, reason: str, seconds: float, workers: int | None) -> None:
    with session.engine() as engine:
        found = engine.load_test(
            project, reason, (lambda line: None) if session.json else say, seconds=seconds, workers=workers
        )  # fmt: skip
    if session.json:
        document(capacity(found))
    else:
        say(Span(f"{found.sentence}.", "strong" if found.best is not None else "watch"))
