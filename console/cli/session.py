"""What every verb has in common: which workspace, who asks, and whether a program or a person reads the answer."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from engine import clock
from engine.errors import Refusal

if TYPE_CHECKING:
    from engine.access.proof import Proof
    from engine.api import Engine

F = TypeVar("F", bound=Callable[..., Any])
HOME_HELP = "The workspace. [default: $LEVERFRAME_HOME or ~/.leverframe]"
OPERATOR_HELP = "Who you mean to be; refused when your account or key proves another. [default: $LEVERFRAME_OPERATOR]"
AT_HELP = "Everything as it stood at TIME, such as 2026-11-03 or '2026-11-03 02:00' (UTC); nothing can be changed."


@dataclass
class Session:
    """The options that may stand before the verb or after it; the one that stands last holds.

    ``proof``: of who is at work, where it is not the account of this process.
    """

    home: Path | None = None
    operator: str | None = None
    json: bool = False
    at: datetime | None = None
    proof: Proof | None = None

    @property
    def over_ssh(self) -> bool:
        """Whether they came over SSH, where not everything can be asked for."""
        return bool(getattr(self.proof, "source", ""))

    def refuse_over_ssh(self, verb: str, given: Iterable[tuple[str, object]] | None = None) -> None:
        """Raise Refusal where ``verb``, or a word that it was ``given``, cannot be asked for over SSH.

        Without ``given`` only a verb that cannot be asked for at all, before anything of it is read.
        """
        if not self.over_ssh:
            return
        from console.ssh import verbs

        why = verbs.why_never(verb) if given is None else verbs.why_not(verb, given)
        if why is not None:
            raise Refusal(why)

    def now(self) -> datetime:
        """The moment that is shown: that of ``--at``, or the present one."""
        return self.at or clock.now()

    def needs_now(self, verb: str) -> None:
        """Raise Refusal when ``--at`` was given to a verb that opens no workspace as it stood."""
        if self.at is not None:
            raise Refusal(f"{verb} acts on the present and --at shows what is past; leave --at away.")

    def has_workspace(self) -> bool:
        """Whether anything is where the workspace would be."""
        from engine.storage.workspace import default_home

        return (self.home or default_home()).expanduser().exists()

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """The workspace's engine, closed at the end; with ``--at`` one that shows that moment and refuses every act.

        Raises NotFound and Forbidden, and Refusal for a moment that is to come or before the workspace.
        """
        from engine.api import open_engine

        if self.at is not None:
            from console.time_travel import waiting

            waiting.tell(self.home)
        engine = open_engine(self.home, self.operator, proof=self.proof, at=self.at)
        if self.at is not None and not self.json:
            from console.cli.printing import say
            from console.text import frame

            say(frame.as_of(self.at))
        try:
            yield engine
        finally:
            engine.close()

    def command(self, words: str) -> str:
        """``leverframe WORDS`` as it must be typed to reach this very workspace."""
        place = f"--home {shlex.quote(str(self.home))} " if self.home and not self.over_ssh else ""
        if self.at is not None:
            place += f"--at {clock.stamp(self.at)} "
        return f"leverframe {place}{words}"

    def act(self, words: str) -> str:
        """``command`` for what is done now, whatever moment is shown: at a moment that is over it would be refused."""
        return replace(self, at=None).command(words)

    def decision(self, words: str) -> str:
        """``act`` for what needs a reason."""
        return self.act(f"{words} --reason '…'")


def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a common option in the session, wherever on the line it stood."""
    if value:
        session = context.ensure_object(Session)
        if parameter.name in ("home", "operator"):
            session.refuse_over_ssh("", [(parameter.opts[0], value)])
        setattr(session, str(parameter.name), value)


def remember_moment(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Keep the moment of ``--at``. Raises Invalid when it is none."""
    if value and not context.resilient_parsing:
        context.ensure_object(Session).at = clock.moment(value)


def common_options(*, json: bool) -> list[click.Parameter]:
    """``--home``, ``--operator``, ``--at`` and, after a verb, ``--json``."""
    told: dict[str, Any] = {"expose_value": False, "callback": remember}
    options: list[click.Parameter] = [
        click.Option(["--home"], type=click.Path(path_type=Path), metavar="FOLDER", help=HOME_HELP, **told),
        click.Option(["--operator"], metavar="NAME", help=OPERATOR_HELP, **told),
        click.Option(["--at"], metavar="TIME", help=AT_HELP, expose_value=False, callback=remember_moment),
    ]
    if json:
        options.append(click.Option(["--json"], is_flag=True, help="One JSON document instead of text.", **told))
    return options


# What the ledger can hold; a number beyond that is of nothing.
LARGEST = 2**63 - 1


class Verb(click.Command):
    """A command that takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options(json=True)

    def invoke(self, ctx: click.Context) -> Any:
        _decided(self, ctx)
        for each in self.params:
            value = ctx.params.get(str(each.name))
            if isinstance(value, int) and abs(value) > LARGEST:
                raise click.BadParameter("no number is as large as that.", ctx, each)
        return super().invoke(ctx)


def _decided(command: click.Command, context: click.Context) -> None:
    """Ask for each word that was given whether it can be over SSH. Raises Refusal."""
    session = context.ensure_object(Session)
    if session.over_ssh:
        verb = context.command_path.partition(" ")[2]
        given = [
            (word_of(each), context.params.get(str(each.name)))
            for each in command.params
            if context.get_parameter_source(str(each.name)) is ParameterSource.COMMANDLINE
        ]
        session.refuse_over_ssh(verb, given)


def word_of(parameter: click.Parameter) -> str:
    """What a parameter is called in the table of what may be asked for over SSH: ``--limit``, ``project``."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return str(parameter.name)


class VerbGroup(click.Group):
    """A command with commands of its own, which takes the common options too."""

    command_class = Verb

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options(json=True)

    def invoke(self, ctx: click.Context) -> Any:
        _decided(self, ctx)
        return super().invoke(ctx)


def need_reason(context: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """A decision without a reason is wrong usage, before anything is looked at."""
    if value is None and not context.resilient_parsing:
        raise missing_reason(str(context.info_name))
    return value


def missing_reason(verb: str) -> click.UsageError:
    return click.UsageError(f"{verb} needs --reason 'why': in a year somebody will ask.")


def reason_option(function: F) -> F:
    """``--reason TEXT``, which must be given."""
    told = "Why; kept for ever.  [required]"
    return click.option("--reason", metavar="TEXT", callback=need_reason, help=told)(function)


def limit_option(function: F) -> F:
    """``--limit N``: people are shown fifty, a program gets everything, unless they say."""
    return click.option(
        "--limit", type=click.IntRange(min=1), metavar="N", help="The newest N.  [default: 50; all with --json]"
    )(function)


def matching_option(function: F) -> F:
    return click.option("--matching", default="", metavar="TEXT", help="Only those that hold TEXT.")(function)
