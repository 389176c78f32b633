"""Every verb, where it is found, and how they are listed. A verb's file is imported when the verb is wanted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.failures import USAGE, guarded
from console.cli.printing import complain
from console.cli.session import Session, common_options

if TYPE_CHECKING:
    from engine.access.proof import Proof

# In the order of a day's work; a verb is the command of its name in console/cli/<file>.py.
SECTIONS: dict[str, dict[str, str]] = {
    "Begin": {
        "demo": "demo", "new": "new", "init": "workspace", "add": "workspace", "check": "workspace",
        "remove": "workspace",
    },
    "Look": {"status": "state", "versions": "versions", "show": "versions", "diff": "versions", "at": "versions"},
    "Tell": {"report": "report", "outbox": "outbox", "routes": "routes", "pages": "pages"},
    "Retrain": {
        "retrain": "runs", "runs": "runs", "times": "times", "log": "logs", "cancel": "runs",
        "backtest": "backtest", "learn": "learn", "freeze": "learn", "unfreeze": "learn",
    },
    "Score": {"score": "score", "trace": "score", "serve": "serve"},
    "Schedule": {"schedules": "schedules", "engine": "engine", "ssh": "ssh"},
    "Watch": {
        "health": "health", "alerts": "health", "requests": "requests", "feedback": "feedback", "handover": "duty",
        "who": "presence",
    },
    "Decide": {
        "candidates": "decisions", "approve": "decisions", "reject": "decisions", "comment": "decisions",
        "cancel-swap": "decisions", "shadow": "trials", "canary": "trials", "trial": "trials", "end-trial": "trials",
        "rollback": "back", "lift": "back",
        "allow": "allowances", "allowances": "allowances", "withdraw": "allowances",
        "policy": "policy", "packages": "packages",
    },
    "Pass on": {
        "bundle": "bundles", "import": "bundles", "send": "bundles", "where": "bundles", "trust": "trust",
        "export": "exports", "exports": "exports",
    },
    "Keep in order": {
        "disk": "disk", "clean": "clean", "bin": "clean", "hold": "clean", "places": "disk", "settings": "clean",
        "backup": "backup", "restore": "backup", "audit": "trail", "doctor": "machine", "operators": "people",
        "tokens": "tokens",
    },
}  # fmt: skip
VERBS: dict[str, str] = {verb: file for verbs in SECTIONS.values() for verb, file in verbs.items()}


class Frame(click.Group):
    """The command ``leverframe``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(import_module(f"console.cli.{VERBS[cmd_name]}"), f"{name}_" if iskeyword(name) else name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = get_close_matches(args[0], VERBS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"There is no verb '{args[0][:40]}'.{hint}", ctx)
        if args:
            ctx.ensure_object(Session).refuse_over_ssh(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, verbs in SECTIONS.items():
            commands = [(verb, self.get_command(ctx, verb)) for verb in verbs]
            with formatter.section(section):
                formatter.write_dl([(verb, found.get_short_help_str(200)) for verb, found in commands if found])


@click.command(
    cls=Frame,
    params=common_options(json=False),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="leverframe", message="leverframe %(version)s")
def leverframe() -> None:
    """Operate data-science models in production: prove, approve, swap, roll back.

    Without a verb the console opens. Each verb has its own help: leverframe approve --help
    """


def run(words: Sequence[str], proof: Proof | None = None, home: Path | None = None) -> int:
    """Carry out the command line ``words`` and return the exit code.

    ``proof`` says who it is (None: the account of this process); ``home`` is the workspace of whoever may name none.
    """
    session = Session(home, proof=proof)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    return guarded(lambda: _carry_out(list(words), session), lambda: session.home)


def _carry_out(words: list[str], session: Session) -> int:
    try:
        with leverframe.make_context("leverframe", words, obj=session) as context:
            code = leverframe.invoke(context)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message(), err=True)
        return USAGE
    except click.UsageError as wrong:
        command = wrong.ctx.command_path if wrong.ctx else "leverframe"
        complain(f"{wrong.format_message()} See '{command} --help'.")
        return USAGE
