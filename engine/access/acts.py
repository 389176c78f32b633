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
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec, TypeVar

from engine import clock
from engine.access.caller import Caller
from engine.access.roles import enough
from engine.errors import Forbidden, Invalid, Refusal
from engine.records import Operator, Role
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

D = TypeVar("D", bound="Door")
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Act:
    """What a method of the door needs. ``what`` ends the sentence "vic is a viewer and may not ...".

    ``of``: the parameter that says which project it is about; without one it is of the workspace.
    ``dangerous``: it changes what is live, or what is gone for good. ``in_past``: possible at a moment that is over.
    ``kinds``: other words than ``what``, by what the argument ``kind`` is (``job``, ``plan.kind``).
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


def require(caller: Caller, least: Role, what: str) -> None:
    """Raise Forbidden unless ``caller`` has at least the role ``least``: for what only the arguments of an act tell."""
    if not enough(caller.operator.role, least):
        raise Forbidden(_may_not(caller, least, what))


def _may_not(caller: Caller, least: Role, what: str) -> str:
    role = caller.operator.role
    article = "an" if role[0] in "aeiou" else "a"
    return f"{caller.name} is {article} {role} and may not {what}; ask somebody who is {least}."


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
            if not enough(door.caller.operator.role, act.least):
                raise Forbidden(_may_not(door.caller, act.least, _words(act, method, door, args, kwargs)))
            return method(door, *args, **kwargs)

        asked.act = act  # type: ignore[attr-defined]
        return asked


def _words(act: Act, method: Callable[..., Any], door: Door, args: Any, kwargs: Any) -> str:
    if not act.kind:
        return act.what
    given = SimpleNamespace(**inspect.signature(method).bind(door, *args, **kwargs).arguments)
    return act.kinds.get(attrgetter(act.kind)(given), act.what)


def looks(what: str, *, of: str = "", least: Role = "viewer", in_past: bool = True) -> _Declaration:
    """Declare a method that changes nothing which others see."""
    return _Declaration(Act("", what, False, least, of, in_past=in_past))


def changes(
    what: str,
    *,
    least: Role,
    of: str = "",
    dangerous: bool = False,
    in_past: bool = False,
    kind: str = "",
    kinds: Mapping[str, str] | None = None,
) -> _Declaration:
    """Declare a method that changes something; at a moment that is over it cannot, unless it is said to do nothing."""
    return _Declaration(Act("", what, True, least, of, dangerous, in_past, kind, kinds or {}))


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
        """Who is at work."""
        return self.caller.operator

    @looks("ask for the time")
    def now(self) -> datetime:
        """The moment that is shown: the present one, where none is that is over."""
        return self.past or clock.now()

    @looks("ask what one may do")
    def why_not(self, act: str) -> str | None:
        """Why the caller may not do ``act``, as its refusal says; None when they may, or its arguments decide that."""
        found: Act = getattr(type(self), act).act
        if found.kinds or enough(self.caller.operator.role, found.least):
            return None
        return _may_not(self.caller, found.least, found.what)


def _public(door: type[Door]) -> list[str]:
    return [name for name in dir(door) if not name.startswith("_") and callable(getattr(door, name))]


def declared(door: type[Door]) -> dict[str, Act]:
    """Every act of a class of the door, by the name of its method."""
    return {name: getattr(door, name).act for name in _public(door)}
