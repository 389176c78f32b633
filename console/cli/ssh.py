"""ssh: the console and its verbs for whoever comes with an SSH client and a key that an admin has bound."""

from __future__ import annotations

from pathlib import Path

import click

from console.cli.printing import document, say
from console.cli.session import Session, Verb
from engine.errors import Refusal


@click.command(cls=Verb)
@click.option(
    "--listen", "host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where; 0.0.0.0 is everywhere."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8022, show_default=True, help="0 takes any free one.")
@click.option("--fingerprint", is_flag=True, help="Show the host key by which clients know this door, and end.")
@click.option("--key", metavar="FINGERPRINT", help="In a forced command of sshd: which key it was that came in.")
@click.option("--seal", metavar="SEAL", help="With --key; 'operators export-keys' writes both.")
@click.pass_obj
def ssh(session: Session, host: str, port: int, fingerprint: bool, key: str | None, seal: str | None) -> int:
    """Let operators in with the SSH client that they have, in the foreground, until SIGTERM or Ctrl+C.

    It sees to the schedules too, or stands by while another engine does.
    """
    session.needs_now("ssh")
    if (key is None) != (seal is None):
        raise click.UsageError("--key and --seal belong together.")
    if key is not None and seal is not None:
        from console.ssh.forced import attend

        return attend(_root(session), key, seal)
    try:
        import asyncssh  # noqa: F401
    except ImportError:
        missing = "AsyncSSH, which the door is made of, is not installed; in the checkout: pip install '.[ssh]'."
        raise Refusal(missing) from None
    if fingerprint:
        return _show(session)
    from console.cli.engine import tell_event
    from console.ssh.service import serve

    serve(session.home, host, port, lambda line: tell_event(session, line))
    if not session.json:
        say("Nobody is let in any more.")
    return 0


def _root(session: Session) -> Path:
    from engine.storage import workspace as workspaces

    return workspaces.find(session.home or workspaces.default_home()).root


def _show(session: Session) -> int:
    from console.ssh import host_key

    key = host_key.find(_root(session))
    public = key.export_public_key("openssh").decode().strip()
    if session.json:
        document({"fingerprint": host_key.fingerprint(key), "public_key": public})
    else:
        say(host_key.fingerprint(key))
        say(public)
    return 0
