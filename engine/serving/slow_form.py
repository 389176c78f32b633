"""A request's rows, held against a schema: the slow way, which says what is wrong, of which row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.projects.manifest.fields import nearest
from engine.scoring.ready import Value
from engine.serving.columns import Column, shown
from engine.serving.exchange import MOST_TOLD, Unanswered
from engine.serving.json_text import Doubled, loaded
from engine.text import plain

if TYPE_CHECKING:
    from engine.serving.form import Form

_SHOWN = 60
_ENOUGH = 1000  # mistakes that are counted; whoever sends more knows enough
_FORM = 'write {"records": [{...}, ...]} or {"columns": {"name": [...], ...}}'
Found = tuple[list[tuple[Value, ...]], Mapping[str, Sequence[Value]]]


class Enough(Exception):
    """There are more mistakes than anybody reads."""


class Wrongs:
    """The mistakes of a request, the first of them kept and all of them counted."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.count = 0

    def add(self, row: int | None, column: str | None, value: Any, said: str, allowed: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.kept) < MOST_TOLD:
            name = plain(column, _SHOWN) if column is not None else None
            self.kept.append(
                {"row": row, "column": name, "value": shown(value), "said": said, "allowed": plain(allowed, 300)}
            )
        if self.count >= _ENOUGH:
            raise Enough

    def tell(self) -> None:
        """Raise Unanswered where there are any."""
        if self.count:
            self._raise()

    def _raise(self) -> None:
        first, more = self.kept[0], self.count - 1
        where = f"Row {first['row']}: " if first["row"] is not None else ""
        what = f"'{first['column']}' " if first["column"] is not None else ""
        sentence = f"{where}{what}{first['said']}; allowed: {first['allowed']}"
        beyond = f" ({more} more mistake{'s' if more != 1 else ''})" if more else ""
        raise Unanswered(422, f"{sentence}{beyond}.", self.kept, self.count - len(self.kept))


def bounded(rows: int, most: int) -> None:
    """Raise Unanswered for no rows at all, or more than ``most``."""
    if rows == 0:
        raise Unanswered(422, "The request has no row; send at least one.")
    if rows > most:
        raise Unanswered(413, f"The request has {rows:,} rows; at most {most:,} are answered at once.")


def neither(both: bool) -> Unanswered:
    """For a body that has records and columns, or none of the two."""
    return Unanswered(422, f"The body has {'both records and columns' if both else 'no rows'}; {_FORM}.")


def read(form: Form, body: bytes) -> Found:
    """The rows in ``body``. Raises Unanswered."""
    content = loaded(body)
    if not isinstance(content, dict):
        raise Unanswered(422, f"The body is no object; {_FORM}.")
    if isinstance(content, Doubled):
        raise Unanswered(422, f"The body has '{plain(content.names[0], _SHOWN)}' twice; write it once.")
    others = [name for name in content if name not in ("records", "columns")]
    if others:
        raise Unanswered(422, f"The body has '{plain(others[0], _SHOWN)}', which means nothing here; {_FORM}.")
    if len(content) != 1:
        raise neither(len(content) == 2)
    if "columns" in content:
        return of_columns(form, content["columns"])
    return _of_records(form, content["records"])


def _of_records(form: Form, records: Any) -> Found:
    if not isinstance(records, list):
        raise Unanswered(422, f"'records' is no list; {_FORM}.")
    bounded(len(records), form.most)
    wrong, values = Wrongs(), list[tuple[Value, ...]]()
    keys: dict[str, list[Value]] = {each.name: [] for each in form.keys}
    try:
        for number, record in enumerate(records):
            if not isinstance(record, dict):
                wrong.add(number, None, record, "is no object", "an object with a value for each column")
                continue
            _names(form, number, record, wrong)
            values.append(tuple(_value(each, number, record, wrong) for each in form.features))
            for each in form.keys:
                keys[each.name].append(_value(each, number, record, wrong) if each.name in record else None)
    except Enough:
        pass
    wrong.tell()
    return values, {name: given for name, given in keys.items() if any(name in each for each in records)}


def of_columns(form: Form, columns: Any) -> Found:
    """The rows of ``columns``, lists by their names. Raises Unanswered."""
    if not isinstance(columns, dict):
        raise Unanswered(422, f"'columns' is no object; {_FORM}.")
    wrong = Wrongs()
    found: dict[str, list[Value]] = {}
    try:
        _names(form, None, columns, wrong)
        lists = {name: each for name, each in columns.items() if isinstance(each, list)}
        for name in columns.keys() - lists.keys():
            wrong.add(None, name, columns[name], "is no list", "a list with a value for each row")
        lengths = {len(each) for each in lists.values()}
        if len(lengths) > 1:
            name = next(name for name in lists if len(lists[name]) != max(lengths))
            wrong.add(None, name, len(lists[name]), "has fewer values than others", f"{max(lengths)} values")
        if not wrong.count:
            bounded(max(lengths, default=0), form.most)
        for column in (*form.features, *form.keys):
            if column.name in lists:
                found[column.name] = [
                    _taken(column, number, value, wrong) for number, value in enumerate(lists[column.name])
                ]
    except Enough:
        pass
    wrong.tell()
    rows = list(zip(*(found[each.name] for each in form.features), strict=True))
    return rows, {each.name: found[each.name] for each in form.keys if each.name in found}


def _names(form: Form, number: int | None, given: dict[str, Any], wrong: Wrongs) -> None:
    """Note names that are not known, missing, or there twice."""
    if isinstance(given, Doubled):
        for name in dict.fromkeys(given.names):
            wrong.add(number, name, given[name], "stands there twice", "each name once")
    features = {each.name for each in form.features}
    known = {*features, *(each.name for each in form.keys)}
    if given.keys() == known or given.keys() == features:
        return
    for name in given:
        if name not in known:
            # To look for what was meant costs a millisecond for each.
            near = nearest(name, known) if wrong.count < MOST_TOLD else ""
            wrong.add(number, name, given[name], f"is no column of the version{near.rstrip('?')}", _listed(form))
    for each in form.features:
        if each.name not in given:
            wrong.add(number, each.name, None, "is missing", each.allowed)


def _listed(form: Form) -> str:
    names = [plain(each.name, 30) for each in (*form.features, *form.keys)]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _value(column: Column, number: int, record: dict[str, Any], wrong: Wrongs) -> Value:
    return _taken(column, number, record[column.name], wrong) if column.name in record else None


def _taken(column: Column, number: int, value: Any, wrong: Wrongs) -> Value:
    try:
        return column.taken(value)
    except ValueError as error:
        wrong.add(number, column.name, value, str(error), column.allowed)
        return None
