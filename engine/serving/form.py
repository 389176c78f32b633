"""A request's rows, held against the schema of the version that is to answer: the fast way.

msgspec decodes straight into records that are made from the schema, so that types, gaps, ranges, missing and unknown
columns are checked in C; a row of ten columns takes some 2 us. What it refuses goes the slow way, which finds out what
exactly is wrong (``slow_form``), or that it is right in another way of writing (3.0 for 3).

A name that stands twice in an object msgspec takes without a word. So the colons are counted: an object has one for
each of its members, so there are as many as members were read, and those in texts. If there are more, the slow way
looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from engine.scoring.ready import Value
from engine.serving import slow_form
from engine.serving.columns import LEAST, MOST, UNSEEN_WORDS, Column, is_moment, shown
from engine.serving.exchange import Unanswered
from engine.serving.slow_form import Enough, Wrongs

MOST_TOLD = 100
_TYPES: Mapping[str, Any] = {
    "integer": Annotated[int, Meta(ge=LEAST, le=MOST)],
    "duration": Annotated[int, Meta(ge=LEAST, le=MOST)],
    "number": float,
    "decimal": float,
    "yes/no": bool,
    "empty": None,
}
_NO_KEYS: Mapping[str, Sequence[Value]] = MappingProxyType({})
_UNUSABLE = (msgspec.DecodeError, RecursionError)


class Rows(msgspec.Struct, frozen=True, gc=False):
    """What a request holds: ``values`` in the order of the features, ``keys`` by name, what is to be told of it."""

    values: list[tuple[Value, ...]]
    keys: Mapping[str, Sequence[Value]]
    told: Sequence[Mapping[str, Any]]


class Form:
    """The form of requests for one version: its ``features``, and ``keys`` that may stand beside them.

    ``most``: rows in a request; ``refuse``: whether a category that was never seen makes the request a wrong one.
    """

    def __init__(self, features: Sequence[Column], keys: Sequence[Column], most: int, *, refuse: bool = False) -> None:
        self.features, self.keys, self.most, self.refuse = tuple(features), tuple(keys), most, refuse
        self._width = len(self.features)
        self._known = [
            (place, each.known | {None}, each) for place, each in enumerate(self.features) if each.known is not None
        ]
        self._timed = [(place, each) for place, each in enumerate(self.features) if _is_timed(each)]
        self._texts = [place for place, each in enumerate(self.features) if each.kind == "text" or _is_timed(each)]
        # Colons of a record beside those of its values: one a feature, and those in the names themselves.
        self._colons = self._width + sum(each.name.count(":") for each in self.features)
        # A colon of a name that is written otherwise makes room for another name's.
        self._hides = any(":" in each.name for each in (*self.features, *self.keys))
        self._key_colons = [1 + each.name.count(":") for each in self.keys]
        self._without_keys = (UNSET,) * len(self.keys)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_body(self.features, self.keys))

    def read(self, body: bytes) -> Rows:
        """The rows in ``body``. Raises Unanswered that says what is wrong with them, and where."""
        try:
            asked = self._decoder.decode(body)
        except _UNUSABLE:
            return self._slowly(body)
        records, columns = asked.records, asked.columns
        if records is not UNSET and columns is UNSET:
            if len(records) == 1 and (row := self._plain(body, records[0])) is not None:
                return Rows([row], _NO_KEYS, ())
            return self._of_records(body, records)
        if records is UNSET and columns is not UNSET:
            return self._of_columns(body, columns)
        raise slow_form.neither(records is not UNSET)

    def of_columns(self, columns: Mapping[str, Any]) -> Rows:
        """The rows of ``columns``, lists by their names, that came in another form. Raises Unanswered."""
        return self._checked(*slow_form.of_columns(self, columns))

    def _slowly(self, body: bytes) -> Rows:
        return self._checked(*slow_form.read(self, body))

    def _checked(self, values: list[tuple[Value, ...]], keys: Mapping[str, Sequence[Value]]) -> Rows:
        return Rows(values, keys, self._told(values))

    def _plain(self, body: bytes, record: Struct) -> tuple[Value, ...] | None:
        """The values of a single row of which there is nothing to say, as most are; None: it is to be looked at in the
        way of many, which says what there is, and costs three times as much."""
        row: tuple[Any, ...] = structs.astuple(record)
        if self.keys:
            if row[self._width :] != self._without_keys:
                return None
            row = row[: self._width]
        if self._timed or self.most < 1 or body.count(b":") != 1 + self._colons:
            return None
        if self._hides and b"\\" in body:
            return None
        for place, known, _ in self._known:
            if row[place] not in known:
                return None
        return row

    def _of_records(self, body: bytes, records: Sequence[Struct]) -> Rows:
        slow_form.bounded(len(records), self.most)
        members = 1 + self._colons * len(records)
        values: list[tuple[Value, ...]] = [structs.astuple(each) for each in records]
        keys: Mapping[str, Sequence[Value]] = _NO_KEYS
        if self.keys:
            keys, more = self._keys_of(values)
            members += more
            values = [row[: self._width] for row in values]
        if not self._is_single(body, members, values, keys):
            return self._slowly(body)
        return self._checked(values, keys)

    def _keys_of(self, values: list[tuple[Any, ...]]) -> tuple[Mapping[str, Sequence[Value]], int]:
        """The keys that stand behind the features of rows, and how many colons they bring."""
        found: dict[str, Sequence[Value]] = {}
        colons = 0
        for place, column in enumerate(self.keys, self._width):
            there = [row[place] for row in values]
            given = len(there) - there.count(UNSET)
            if given:
                colons += given * self._key_colons[place - self._width]
                found[column.name] = there if given == len(there) else [
                    None if each is UNSET else each for each in there
                ]  # fmt: skip
        return found, colons

    def _of_columns(self, body: bytes, columns: Struct) -> Rows:
        given = [(place, each) for place, each in enumerate(structs.astuple(columns)) if each is not UNSET]
        length = len(given[0][1]) if given else 0
        if any(len(each) != length for _, each in given):
            return self._slowly(body)
        slow_form.bounded(length, self.most)
        width = self._width
        values: list[tuple[Value, ...]] = list(zip(*(each for place, each in given if place < width), strict=True))
        keys = {self.keys[place - width].name: each for place, each in given if place >= width}
        members = 1 + self._colons + sum(self._key_colons[place - width] for place, _ in given if place >= width)
        if not self._is_single(body, members, values, keys):
            return self._slowly(body)
        return self._checked(values or [()] * length, keys)

    def _is_single(
        self, body: bytes, members: int, values: list[tuple[Value, ...]], keys: Mapping[str, Sequence[Value]]
    ) -> bool:
        """Whether no name can stand twice, and dates and times are written as such."""
        for place, column in self._timed:
            if any(row[place] is not None and not is_moment(column.kind, str(row[place])) for row in values):
                return False
        colons, otherwise = body.count(b":"), b"\\" in body  # A colon may be written without one.
        if colons == members and not (self._hides and otherwise):
            return True
        if otherwise:
            return False
        texts = sum(row[place].count(":") for place in self._texts for row in values if row[place])  # type: ignore[union-attr, misc]
        texts += sum(each.count(":") for key in keys.values() for each in key if isinstance(each, str))
        return colons == members + texts

    def _told(self, values: list[tuple[Value, ...]]) -> Sequence[Mapping[str, Any]]:
        """The categories that training never saw; for everyone who asks, in the order of rows and columns."""
        unknown = [
            (number, column, row[place])
            for place, known, column in self._known
            if not known.issuperset({row[place] for row in values})
            for number, row in enumerate(values)
            if row[place] not in known
        ]
        return self._unseen(unknown) if unknown else ()

    def _unseen(self, unknown: list[tuple[int, Column, Value]]) -> Sequence[Mapping[str, Any]]:
        told: list[Mapping[str, Any]] = []
        wrong = Wrongs()
        with suppress(Enough):
            for number, column, value in unknown:
                if not column.is_unseen(str(value)):
                    continue
                if self.refuse:
                    wrong.add(number, column.name, value, f"was {UNSEEN_WORDS}", column.allowed)
                elif len(told) < MOST_TOLD:
                    told.append({"row": number, "column": column.name, "value": shown(value), "said": UNSEEN_WORDS})
        wrong.tell()
        return sorted(told, key=_row) if len(told) > 1 else told


def _row(told: Mapping[str, Any]) -> int:
    return int(told["row"])


def _is_timed(column: Column) -> bool:
    return column.kind in ("date", "time", "time with zone", "time of day")


def _body(features: Sequence[Column], keys: Sequence[Column]) -> type[Struct]:
    """The type of a body: ``records``, each with every feature, or ``columns``, each a list."""
    names = {f"c{place}": each.name for place, each in enumerate((*features, *keys))}
    one = [(field, _type(each)) for field, each in zip(names, features, strict=False)]
    many = [(field, list[kind]) for field, kind in one]  # type: ignore[valid-type]
    beside = list(zip(list(names)[len(features) :], keys, strict=True))
    record = defstruct(
        "Record", [*one, *((field, _type(each) | UnsetType, UNSET) for field, each in beside)],
        rename=names, forbid_unknown_fields=True, gc=False,
    )  # fmt: skip
    table = defstruct(
        "Table", [*many, *((field, list[_type(each)] | UnsetType, UNSET) for field, each in beside)],  # type: ignore[misc]
        rename=names, forbid_unknown_fields=True,
    )  # fmt: skip
    return defstruct(
        "Body", [("records", list[record] | UnsetType, UNSET), ("columns", table | UnsetType, UNSET)],  # type: ignore[valid-type]
        forbid_unknown_fields=True,
    )  # fmt: skip


def _type(column: Column) -> Any:
    kind = _TYPES.get(column.kind, str) if column.kind != "empty" else None
    return kind | None if column.nullable and kind is not None else kind


__all__ = ["Form", "Rows", "Unanswered"]
