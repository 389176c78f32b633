"""Single rows of a compiled model, in plain Python: a function is made of its tables once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from engine.errors import StepFailed
from engine.scoring.compiled.bit_code import bit_lines
from engine.scoring.compiled.functions import function, narrow, narrow_after, narrow_chances
from engine.scoring.compiled.plan import Plan
from engine.scoring.compiled.refusals import NUMBER, TEXT, Stopped, refused
from engine.scoring.compiled.row_code import Code, changed, columns, inline_slots, literal, name_of
from engine.scoring.compiled.tree_code import TreeCode
from engine.scoring.ready import Value

_GAP = float("nan")


class Rows:
    """Answers row by row."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._wide = len(plan.model.features)
        self._quiet = any(each.do == "apply" for each in (*plan.model.operations, *plan.model.after))
        self._one = _made(plan)

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """An answer for each row. Raises StepFailed for the first that can have none."""
        one = self._one
        try:
            if not self._quiet:
                return [one(row) for row in rows]
            with self._silence():
                return [one(row) for row in rows]
        except (Stopped, ValueError, TypeError, OverflowError):
            self._refuse(rows)

    def _refuse(self, rows: Sequence[Sequence[Value]]) -> NoReturn:
        """Go through them once more, for which it is, and say why."""
        for number, row in enumerate(rows):
            try:
                with self._silence():
                    self._one(row)
            except Stopped as stopped:
                raise refused(self._plan, stopped, number) from None
            except OverflowError:
                raise refused(self._plan, Stopped(self._too_large(row), NUMBER), number) from None
            except (ValueError, TypeError):
                # Nothing else in it can be of another type or length than it has to be.
                wide = len(row)
                why = "a value that is neither text nor number" if wide == self._wide else f"{wide:,} values"
                raise StepFailed(
                    f"Row {number:,} cannot be scored: it holds {why}; {self._wide:,} are wanted, one for each feature."
                ) from None
        raise StepFailed("The rows cannot be scored: they changed meanwhile.")

    def _too_large(self, row: Sequence[Value]) -> int:
        """The first column, in the order in which they are asked for, whose whole number is larger than any float."""
        for _, operation in self._plan.operations():
            if operation.do == "number":
                try:
                    float(row[operation.of] or 0)
                except OverflowError:
                    return operation.of
        return 0

    @staticmethod
    def _silence() -> Any:
        """NumPy warns of a logarithm of nothing; scikit-learn passes it on."""
        import numpy as np

        return np.errstate(all="ignore")


def _made(plan: Plan) -> Callable[[Sequence[Value]], tuple[Value, ...]]:
    code = Code(names={"stop": _stop, "number": _number, "narrow": narrow, "other_text": _other_text})
    bits = bit_lines(plan, code) if plan.model.trees is not None else None
    body = [f"{''.join(f'f{at}, ' for at in range(len(plan.model.features)))}= r"]
    body += [*columns(plan, code, codes=bits is None), *_sums(plan, code, bits)]
    if plan.model.divide > 1:
        body += [f"t{target} /= {float(plan.model.divide)!r}" for target in range(plan.model.targets)]
    body += _told(plan, code)
    source = "\n".join([*code.lines, "def one(r):", *(f" {line}" for line in body)])
    exec(compile(source, "<compiled model>", "exec"), code.names)
    made: Callable[[Sequence[Value]], tuple[Value, ...]] = code.names["one"]
    return made


def _sums(plan: Plan, code: Code, bits: list[str] | None) -> Iterator[str]:
    start = plan.tables.floats(plan.model.start).tolist()
    if plan.model.trees is not None:
        yield from (f"t{target} = {literal(value)}" for target, value in enumerate(start))
        yield from bits or TreeCode(plan, code).lines()
        return
    inline = inline_slots(plan)
    for target, value in enumerate(start):
        yield f"t{target} = 0.0"
        for number, term in enumerate(plan.terms):
            if term.sums is None:
                yield f"t{target} += {name_of(plan, term.slot, inline)} * ({literal(term.weights[target])})"
            else:
                code.names[f"L{target}_{number}"] = term.sums[target].tolist()
                yield f"t{target} += L{target}_{number}[i{term.index}]"
        yield f"t{target} += {literal(value)}"


def _told(plan: Plan, code: Code) -> Iterator[str]:
    """Lines from the scores to the answer."""
    model = plan.model
    narrowed = model.trees is not None and model.trees.narrow
    if narrowed:
        code.names |= {"narrow_one": _narrow_one, "narrow_after": narrow_after}
    if model.decision == "number":
        for operation in model.after:
            said = f"float(narrow_after('{operation.function}', t0))" if narrowed else changed(operation, "t0", code)
            yield f"t0 = {said}"
        yield "return (t0,)"
        return
    scores = ", ".join(f"t{target}" for target in range(model.targets))
    code.names |= {"labels": list(model.labels), "expit": function("expit"), "shared": _shared, "largest": _largest}
    if narrowed:
        yield f"p = narrow_one('{model.chances}', ({scores},))"
    elif model.chances == "sigmoid":
        yield "q = float(expit(t0)); p = (1.0 - q, q)"
    elif model.chances == "pair":
        yield "p = shared((-t0, t0))"
    elif model.chances == "softmax":
        yield f"p = shared(({scores},))"
    elif model.chances == "one_each":
        code.names["one_each"] = _one_each
        yield f"p = one_each(({scores},))"
    else:
        yield f"p = ({scores},)" if model.chances in ("shares", "score") else "p = ()"
    label = {
        "positive": "labels[t0 > 0]",
        "not_negative": "labels[t0 >= 0]",
        "largest_score": f"labels[largest(({scores},))]",
        "largest_chance": "labels[largest(p)]",
    }[model.decision]
    yield f"return ({label}, *p)"


def _stop(feature: int, why: str) -> NoReturn:
    raise Stopped(feature, why)


def _number(feature: int, value: Any) -> float:
    """What a table holds for a value that is no float of Python's own."""
    if value is None:
        return _GAP
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            raise Stopped(feature, NUMBER) from None
    raise Stopped(feature, NUMBER)


def _other_text(feature: int, value: Any, count: int) -> int:
    """The index of a text that is none of the values; a gap may come as NaN."""
    if isinstance(value, str):
        return count + 1
    if isinstance(value, float) and value != value:
        return count
    raise Stopped(feature, TEXT)


def _narrow_one(kind: str, scores: tuple[float, ...]) -> tuple[float, ...]:
    import numpy as np

    return tuple(each.item() for each in narrow_chances(kind, np.array(scores)[:, None]))


def _shared(scores: tuple[float, ...]) -> tuple[float, ...]:
    """Softmax, added up from the first on."""
    import numpy as np

    most = max(scores)
    found = np.exp(np.array([each - most for each in scores])).tolist()
    total = 0.0
    for each in found:
        total += each
    return tuple([each / total for each in found])


def _one_each(scores: tuple[float, ...]) -> tuple[float, ...]:
    """Each class against all others, made to add up to 1."""
    found = function("expit")(list(scores)).tolist()
    total = 0.0
    for each in found:
        total += each
    return tuple([each / total for each in found]) if total else tuple([1.0 / len(found)] * len(found))


def _largest(values: tuple[float, ...]) -> int:
    """The place of the first of the largest."""
    return values.index(max(values))


