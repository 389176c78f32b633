"""What an admin can have done by key: people, settings, places, holds, projects, reports and mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from console.acting.commands import Result, Tell
from console.text import people_lines
from engine.access.roles import a_role
from engine.errors import Refusal
from engine.records import Role
from engine.release.records import ProofStep

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.housekeeping.places import PlaceKind
    from engine.outbox.mails import Mail


@dataclass(frozen=True)
class LetIn:
    name: str
    role: str
    key: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.name} is being let in"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        keys = [self.key] if self.key else []
        found = engine.add_operator(self.name, cast(Role, self.role), self.reason, keys=keys)
        if found.ways:
            return Result(f"{found.name} may work here as {a_role(found.role)}.")
        return Result(f"{found.name} is {a_role(found.role)} here; nothing proves them yet, b binds a key.", "watch")


@dataclass(frozen=True)
class ChangeRole:
    name: str
    role: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.name}'s role is being changed"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        return Result(people_lines.sentence(engine.set_role(self.name, cast(Role, self.role), self.reason)))


@dataclass(frozen=True)
class Disable:
    name: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.name} is being disabled"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.disable_operator(self.name, self.reason)
        return Result(f"{self.name} may not work here any more; u lets them again.")


@dataclass(frozen=True)
class Enable:
    name: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.name} is being enabled"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        return Result(people_lines.sentence(engine.enable_operator(self.name, self.reason)))


@dataclass(frozen=True)
class BindKey:
    name: str
    key: str
    reason: str

    @property
    def doing(self) -> str:
        return f"a key is being bound to {self.name}"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.bind_key(self.name, self.key, self.reason)
        return Result(f"The key {found.ways[-1].label} proves {found.name} from now on.")


@dataclass(frozen=True)
class Choose:
    setting: str
    value: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.setting} is being set"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.choose(self.setting, self.value, self.reason)
        found = next(each for each in engine.settings() if each.name == self.setting)
        return Result(f"{found.name} is {found.text} now{'' if found.chosen else ', its default'}.")


@dataclass(frozen=True)
class SetPolicy:
    name: str
    value: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.name} is being set"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        complaints = engine.set_policy(self.name, self.value, self.reason)
        found = next(each for each in engine.policy() if each.name == self.name and each.project is None)
        said = f"{found.name} is {found.text} now, for every project; a project may ask for more."
        return Result(" ".join([said, *complaints]), "watch" if complaints else "ok")


@dataclass(frozen=True)
class Watch:
    folder: str
    kind: str
    reason: str
    doing: str = "a folder is being taken on"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.watch(Path(self.folder), cast("PlaceKind", self.kind), self.reason)
        return Result(f"{found.path} is watched from the next scan on; nothing in it is ever changed.")


@dataclass(frozen=True)
class Unwatch:
    folder: str
    reason: str
    doing: str = "a folder is being left out"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.unwatch(Path(self.folder), self.reason)
        return Result(f"{self.folder} is not watched any more.")


@dataclass(frozen=True)
class Withdraw:
    project: str
    reason: str

    @property
    def doing(self) -> str:
        return f"what {self.project} was allowed is being withdrawn"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.withdraw(self.project, self.reason)
        return Result(f"The steps of {self.project} may reach what is in force, and no more, from the next run on.")


@dataclass(frozen=True)
class Hold:
    label: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.label} is being held"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.hold(self.label, self.reason)
        return Result(f"{self.label} is under legal hold: no clean-up touches it.")


@dataclass(frozen=True)
class ReleaseHold:
    label: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the hold on {self.label} is being released"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.release_hold(self.label, self.reason)
        return Result(f"{self.label} is judged by its age again.")


@dataclass(frozen=True)
class AddProject:
    """Checked first: what does not run once on a sample would fail in its first retrain."""

    folder: str
    doing: str = "a project is being checked and added"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        path = Path(self.folder).expanduser()
        found = engine.check(path, lambda text: tell(ProofStep(text, 0.0)))
        wrong = [each.sentence for each in found if each.verdict == "failing"]
        if wrong:
            raise Refusal(" ".join(["It is not added:", *wrong]))
        project = engine.add(path)
        allowed = [f"Its steps are allowed {each}." for each in engine.reach(project.name)]
        said = f"{project.name} ({project.title}) is on the list; r retrains it."
        return Result(" ".join([said, *allowed]), "watch" if allowed else "ok")


@dataclass(frozen=True)
class RemoveProject:
    project: str
    confirmed: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.project} is being taken off the list"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.remove(self.project, self.reason, self.confirmed)
        return Result(f"{self.project} is off the list. Its versions and history stay; adding it again finds them.")


@dataclass(frozen=True)
class SendReport:
    project: str
    kind: Literal["days", "week", "month"]

    @property
    def doing(self) -> str:
        return f"the report of {self.project} is being sent"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        period = engine.report_period(self.project, self.kind, engine.now())
        mails = engine.send_report(engine.report(self.project, period))
        return became(mails)


@dataclass(frozen=True)
class RetryMail:
    """One mail, or with None all that wait or were given up."""

    mail: int | None

    @property
    def doing(self) -> str:
        return "mail is being tried again"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        return became(engine.retry_outbox(self.mail))


def became(mails: Sequence[Mail]) -> Result:
    """What became of mails that were tried: of the first of those that were not taken, why."""
    if not mails:
        return Result("There is nothing to try again.")
    waiting = [mail for mail in mails if mail.state != "sent"]
    sent = ", ".join(mail.recipient for mail in mails if mail.state == "sent")
    said = [f"Sent to {sent}."] if sent else []
    if waiting:
        said.append(f"Not sent to {', '.join(mail.recipient for mail in waiting)}: {waiting[0].why or 'it waits'}")
    return Result(" ".join(said), "watch" if waiting else "ok")
