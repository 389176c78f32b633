"""Acts: what the methods of the door are, each declared at the method, and asked for before its body runs.

``looks`` and ``changes`` declare one. Refusals, the engine of an earlier moment, the console's table of keys and the
tests read the same declaration. A class of the door with a public method that declares none cannot be made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Concatenate, Literal, NoReturn, ParamSpec, TypeVar

from engine import clock
from engine.access import files
from engine.access.caller import Caller
from engine.access.entering import as_of_now, keep_refusal, why_shut_out
from engine.access.roles import a_role, enough, whom_to_ask
from engine.errors import Forbidden, Invalid, Refusal, ShutOut
from engine.records import Operator, Role
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

D = TypeVar("D", bound="Door")
P = ParamSpec("P")
R = TypeVar("R")
By = Literal["people", "host", "service", "process"]


@dataclass(frozen=True)
class Act:
    """What a method of the door needs. ``what`` ends the sentence "vic is a viewer and may not ...".

    ``of``: the parameter that says which project it is about, for which somebody may have a role besides; without one
    it is of the workspace. ``by``: whose it is; "host" also a service's of the workspace, "service" its alone,
    "process" the work of every process, whoever started it.
    ``dangerous``: it changes what is live, or what is gone for good. ``in_past``: possible at a moment that is over.
    ``kinds``: other words than ``what``, by what the argument ``kind`` is (``job``, ``plan.kind``). ``machine``: why it
    is for whoever works on the machine itself and for nobody who comes over SSH, as the end of a sentence.
    """

    name: str
    what: str
    changes: bool
    least: Role
    of: str = ""
    dangerous: bool = False
    in_past: bool = False
    kind: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    by: By = "people"
    machine: str = ""


def _may_not(who: Operator, act: Act, what: str, project: str | None) -> str:
    are = " and ".join(a_role(role) for role in dict.fromkeys(who.roles(project)))
    return f"{who.name} is {are} and may not {what}; ask {whom_to_ask(act.least)}."


def _not_over_ssh(act: Act) -> str:
    return f"Over SSH nobody may {act.what}: {act.machine}; do it on the machine itself, as the workspace's account."


def nothing_changes(at: datetime) -> str:
    """Why nothing can be done at a moment that is over."""
    return f"This is how things stood on {at:%d %b %Y at %H:%M} UTC; go back to now to act."


def checked_reason(reason: str) -> str:
    """``reason`` without surrounding space. Raises Invalid when there is none or it is longer than 1,000 characters."""
    reason = reason.strip()
    if not reason:
        raise Invalid("A reason is needed: in a year somebody will ask why this was done.")
    if len(reason) > 1000:
        raise Invalid(f"The reason has {len(reason)} characters; keep it under 1,000.")
    return reason


@dataclass(frozen=True)
class _Declaration:
    act: Act

    def __call__(self, method: Callable[Concatenate[D, P], R]) -> Callable[Concatenate[D, P], R]:
        act = replace(self.act, name=method.__name__)

        @wraps(method)
        def asked(door: D, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if door.past is not None and not act.in_past:
                raise Refusal(nothing_changes(door.past))
            if act.by != "process":
                door._permit(act, _given(method, door, args, kwargs))
            if door.caller.over_ssh:
                door._keep_off_machine(act, vars(_given(method, door, args, kwargs)()))
            try:
                return method(door, *args, **kwargs)
            except Forbidden as forbidden:  # what only the act finds out, or what has changed since it was asked for
                if forbidden.kept or door.caller.service:
                    raise
                given = _given(method, door, args, kwargs)()
                project = door._project_of(act.of, getattr(given, act.of, None)) if act.of else None
                door._refuse(act.name, project, forbidden)

        asked.act = act  # type: ignore[attr-defined]
        return asked


Given = Callable[[], SimpleNamespace]


def _given(method: Callable[..., Any], door: Door, args: Any, kwargs: Any) -> Given:
    """What the method was called with, by the names of its parameters, for whoever wants to know."""
    return lambda: SimpleNamespace(**inspect.signature(method).bind(door, *args, **kwargs).arguments)


def _words(act: Act, given: Given) -> str:
    return act.kinds.get(attrgetter(act.kind)(given()), act.what) if act.kind else act.what


def looks(
    what: str, *, of: str = "", least: Role = "viewer", in_past: bool = True, by: By = "people", machine: str = ""
) -> _Declaration:
    """Declare a method that changes nothing which others see."""
    return _Declaration(Act("", what, False, least, of, in_past=in_past, by=by, machine=machine))


def changes(
    what: str,
    *,
    least: Role,
    of: str = "",
    dangerous: bool = False,
    in_past: bool = False,
    kind: str = "",
    kinds: Mapping[str, str] | None = None,
    by: By = "people",
    machine: str = "",
) -> _Declaration:
    """Declare a method that changes something; at a moment that is over it cannot, unless it is said to do nothing."""
    return _Declaration(Act("", what, True, least, of, dangerous, in_past, kind, kinds or {}, by, machine))


class Door:
    """What every class of the door is: its public methods are declared acts, called by ``caller``.

    ``past``: the moment that is shown, where that is over.
    """

    _workspace: Workspace
    _ledger: Ledger
    _store: ObjectStore
    caller: Caller
    past: datetime | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _public(cls):
            method = getattr(cls, name)
            if not hasattr(method, "act"):
                # What is done otherwise at another place of the door is still the same act.
                act = next((vars(base)[name].act for base in cls.__mro__ if hasattr(vars(base).get(name), "act")), None)
                if act is None:
                    raise TypeError(f"{cls.__name__}.{name} declares no act; put @looks or @changes before it.")
                setattr(cls, name, _Declaration(act)(method))

    @property
    def operator(self) -> Operator:
        """Who is at work, what they are by now, and whether what they came with still proves that it is them."""
        if not self.caller.service:
            with self._people.read() as db:
                self.caller = as_of_now(db, self.caller)
        return self.caller.operator

    @property
    def _people(self) -> Ledger:
        """The ledger that says what people may: that of now, whatever moment is shown."""
        return self._ledger

    def _permit(self, act: Act, given: Given) -> None:
        """Raise Forbidden, which the trail keeps, unless the caller may do ``act``."""
        who = self.operator
        if self.caller.service:
            if act.by in ("host", "service"):
                return
            raise Forbidden(f"{who.name} does its own work and decides nothing; {_words(act, given)} is for people.")
        shut_out = why_shut_out(self.caller)
        if shut_out is None and act.by != "service" and enough((who.role,), act.least, changes=act.changes):
            return
        project = self._project_of(act.of, getattr(given(), act.of, None)) if act.of else None
        if shut_out is not None:
            self._refuse(act.name, project, ShutOut(shut_out))
        if act.by == "service":
            why = f"{act.what[0].upper()}{act.what[1:]}: that is a service's of the workspace, and no person's."
        elif enough(who.roles(project), act.least, changes=act.changes):
            return
        else:
            why = _may_not(who, act, _words(act, given), project)
        self._refuse(act.name, project, Forbidden(why))

    def _keep_off_machine(self, act: Act, given: Mapping[str, Any]) -> None:
        """Raise Forbidden, which the trail keeps, where the caller, who came over SSH, asks for what is for this
        machine alone, or names a file of it."""
        if act.machine:
            self._refuse(act.name, None, Forbidden(_not_over_ssh(act)))
        self._keep_off_files(act.name, given)

    def _keep_off_files(self, act: str, given: Mapping[str, Any]) -> None:
        for parameter, value in given.items():
            if isinstance(value, Path) and (why := files.why_not(self._workspace.root, parameter, value)):
                self._refuse(act, None, Forbidden(why))

    def _require(self, role: Role, what: str) -> None:
        """Raise Forbidden unless the caller is at least ``role``: for what only the arguments of an act tell."""
        who = self.operator
        if not enough((who.role,), role, changes=True):
            self._refuse(what, None, Forbidden(_may_not(who, Act("", what, True, role), what, None)))

    def _refuse(self, act: str, project: str | None, why: Forbidden) -> NoReturn:
        details = {"act": act} | ({"project": project} if project else {})
        keep_refusal(self._people, self.caller, project or "workspace", details, clock.now())
        why.kept = True
        raise why

    def _project_of(self, parameter: str, given: Any) -> str | None:
        """Which project an act is about, by the parameter that says so; None where it is about none that is known."""
        if parameter in ("label", "new"):
            return str(given).partition("@")[0]
        return given if isinstance(given, str) else getattr(given, "project", None)

    @looks("ask for the time", by="process")
    def now(self) -> datetime:
        """The moment that is shown: the present one, where none is that is over."""
        return self.past or clock.now()

    @looks("ask what one may do", by="process")
    def why_not(self, act: str) -> str | None:
        """Why the caller may not do ``act``, as its refusal says; None when they may, or its arguments decide that.

        Nothing is read for it: it is of what they were at their last act.
        """
        found: Act = getattr(type(self), act).act
        who = self.caller.operator
        if (shut_out := why_shut_out(self.caller)) is not None:
            return shut_out
        held = {who.role, *(role for _, role in who.projects)} if found.of else {who.role}
        if not (found.kinds or found.by == "process" or enough(held, found.least, changes=found.changes)):
            return _may_not(who, found, found.what, None)
        return _not_over_ssh(found) if found.machine and self.caller.over_ssh else None

    @looks("ask what one may do", by="process")
    def why_no_file(self) -> str | None:
        """Why the caller can name no file of this machine, in a sentence; None when they can."""
        return files.NONE_AT_ALL if self.caller.over_ssh else None


def _public(door: type[Door]) -> list[str]:
    return [name for name in dir(door) if not name.startswith("_") and callable(getattr(door, name))]


def declared(door: type[Door]) -> dict[str, Act]:
    """Every act of a class of the door, by the name of its method."""
    return {name: getattr(door, name).act for name in _public(door)}
