"""Frozen records as JSON and back: one writer and one reader for what is kept and for what goes between processes.

A field is a key. What an older Leverframe did not write yet has a default. What this one knows nothing of, because a
newer one wrote it, is read over by ``read`` and stands again in what ``write`` makes of a record that is ``Kept``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from itertools import repeat
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.errors import Damage

R = TypeVar("R")
# Metadata of a field that stands in no document while it has its default.
LEFT_OUT = {"left out": True}
_Reader = Callable[[Any], Any]
# JSON has no word for a number that is not finite: null stands for it.
_SCALARS: dict[Any, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (int, float, NoneType)}
_PLAIN = frozenset((str, bool, int, float, NoneType))
_WORDS: dict[Any, str] = {str: "a text", bool: "yes or no", int: "a whole number", float: "a number"}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A record that is written back as it was read. ``said``: the document that it was read from, if it was."""

    said: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)


class _Wrong(Exception):
    """What does not fit, and the way to it."""

    def __init__(self, what: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.place = what, place

    def under(self, name: str) -> _Wrong:
        return _Wrong(self.what, (name, *self.place))


def read(kind: type[R], document: Any, what: str) -> R:
    """``document``, which JSON was made into, as a record. Raises Damage that says where ``what`` does not fit."""
    shape: Any = kind
    try:
        record: R = _reader(shape)(document)
    except _Wrong as wrong:
        where = f" at {'.'.join(wrong.place)}" if wrong.place else ""
        raise Damage(f"{what} cannot be read: {wrong.what}{where}.") from None
    return record


def learn(*kinds: type) -> None:
    """Find out how records of these kinds are read, before there is one to read."""
    for kind in kinds:
        _reader(kind)


def write(record: Any, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``record`` as JSON can hold it: its fields, in the order of ``said`` where it was read from that. Keys that no
    field stands for are taken over from ``said``; a field that it lacks is left out while it has its default."""
    if said is None and isinstance(record, Kept):
        said = record.said
    kind: Any = type(record)
    found: dict[str, Any] = {}
    for each in _written(kind):
        value = getattr(record, each.name)
        unsaid = each.name not in said if said is not None else LEFT_OUT.items() <= each.metadata.items()
        if unsaid and value == _default(each):
            continue
        found[each.name] = _plain(value, said.get(each.name) if said is not None else None)
    return found if said is None else {key: found.get(key, value) for key, value in said.items()} | found


def _plain(value: Any, said: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:  # First, and by its exact type: of what a look found there are some thousands.
        return value
    if (kind is list or kind is tuple) and _PLAIN.issuperset(map(type, value)):
        return list(value)
    if kind is dict or isinstance(value, Mapping):
        were = said if isinstance(said, Mapping) else {}
        return {key: _plain(each, were.get(key)) for key, each in value.items()}
    if isinstance(value, tuple | list):
        alike = isinstance(said, list) and len(said) == len(value)
        return [_plain(each, was) for each, was in zip(value, said if alike else repeat(None))]  # noqa: B905 - endless
    if is_dataclass(kind):
        return write(value, said if isinstance(said, Mapping) else None)
    return value


@cache
def _written(kind: Any) -> tuple[Field[Any], ...]:
    return tuple(each for each in fields(kind) if not (each.name == "said" and issubclass(kind, Kept)))


def _default(each: Field[Any]) -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default


@cache
def _reader(kind: Any) -> _Reader:
    """What reads a value of ``kind``: found out once for each type."""
    if is_dataclass(kind):
        return _record(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _either(inner)
    if origin is tuple:
        return _several(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _by_key(inner[1])
    if origin is Literal:
        kind = type(inner[0])
    return _scalar(kind) if kind in _SCALARS else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _scalar(kind: Any) -> _Reader:
    types, only_bool = _SCALARS[kind], kind is bool

    def one(value: Any) -> Any:
        if type(value) is kind:  # First: the rest takes three times as long.
            return value
        if not isinstance(value, types) or (isinstance(value, bool) and not only_bool):
            raise _Wrong(f"{_WORDS[kind]} was expected")
        return value

    return one


def _either(kinds: tuple[Any, ...]) -> _Reader:
    """None, or what the one other kind reads; several others are taken as they are."""
    others = [each for each in kinds if each is not NoneType]
    inner = _reader(others[0]) if len(others) == 1 else _as_it_is

    def one(value: Any) -> Any:
        return None if value is None and NoneType in kinds else inner(value)

    return one


def _several(kinds: tuple[Any, ...]) -> _Reader:
    """Any number of one kind, or one value of each of ``kinds``."""
    endless = kinds[-1] is Ellipsis
    inner = [_reader(each) for each in kinds if each is not Ellipsis]
    exact = frozenset(_SCALARS.get(kinds[0], ()))

    def every(value: Any) -> Any:
        if not isinstance(value, list | tuple) or not (endless or len(value) == len(inner)):
            raise _Wrong("a list was expected" if endless else f"a list of {len(inner)} was expected")
        if endless and (inner[0] is _as_it_is or exact.issuperset(map(type, value))):
            return tuple(value)
        return tuple([one(each) for one, each in zip(repeat(inner[0]) if endless else inner, value)])  # noqa: B905

    return every


def _by_key(kind: Any) -> _Reader:
    inner = _reader(kind)

    def every(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _Wrong("an object was expected")
        return value if inner is _as_it_is else {key: _under(str(key), inner, each) for key, each in value.items()}

    return every


def _under(name: str, inner: _Reader, value: Any) -> Any:
    try:
        return inner(value)
    except _Wrong as wrong:
        raise wrong.under(name) from None


def _record(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    parts = [(each.name, _reader(hints[each.name]), _default(each) is MISSING) for each in _written(kind)]
    kept = issubclass(kind, Kept)

    def one(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _Wrong("an object was expected")
        found: dict[str, Any] = {"said": value} if kept else {}
        for name, inner, needed in parts:
            if name in value:
                try:
                    found[name] = inner(value[name])
                except _Wrong as wrong:
                    raise wrong.under(name) from None
            elif needed:
                raise _Wrong("it is missing", (name,))
        return kind(**found)

    return one
