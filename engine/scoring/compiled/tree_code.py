"""Trees as Python's own nested ifs, for one row. See ``row_code`` for what may stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.scoring.compiled.plan import Plan
from engine.scoring.compiled.row_code import (
    DEEPEST,
    MOST_AT_ONCE,
    MOST_NODES,
    Code,
    compared,
    inline_slots,
    literal,
    name_of,
)
from engine.scoring.compiled.walking import Flat, Walk


class TreeCode:
    """The trees of a plan: functions of a few trees each, and lines that call them one after another."""

    def __init__(self, plan: Plan, code: Code) -> None:
        trees = plan.model.trees
        assert trees is not None
        self._plan, self._code, tables = plan, code, plan.tables
        self._feature, self._left, self._right, self._gap, self._place = (
            tables.whole(span).tolist() for span in (trees.feature, trees.left, trees.right, trees.gap, trees.place)
        )
        self._threshold = tables.floats(trees.threshold).tolist()
        self._roots: list[int] = tables.whole(trees.roots).tolist()
        self._targets = None if trees.targets is None else tables.whole(trees.targets).tolist()
        width = plan.model.targets if trees.targets is None else 1
        self._values = tables.floats(trees.values).reshape(-1, width).tolist()
        self._sets = tables.whole(trees.sets).tolist()
        self._large = len(self._feature) > MOST_NODES
        self._narrow, self._inline = trees.narrow, inline_slots(plan)
        self._asked: set[str] = set()
        self._named: dict[bytes, str] = {}

    def lines(self) -> Iterator[str]:
        """Lines that add what the trees give to ``t0, t1, ...``."""
        flat: Flat | None = None
        for number, (first, last) in enumerate(self._parts()):
            targets = self._targets_of(range(first, last))
            sums = ", ".join(f"t{target}" for target in targets)
            if self._large or any(self._deep(tree) for tree in range(first, last)):
                flat = flat or Flat(self._plan)
                self._code.names[f"W{number}"] = Walk(flat, first, last).add
                inputs = ", ".join(self._given(slot) for slot in self._plan.model.inputs)
                codes = "".join(f"{slot}: c{slot}, " for slot in sorted(self._coded(first, last)))
                yield f"{sums}, = W{number}(({inputs},), {{{codes}}}, [{sums}])"
                continue
            self._asked = set()
            body = [line for tree in range(first, last) for line in self._node(self._roots[tree], tree, " ")]
            given = ", ".join(sorted(self._asked) + [f"t{target}" for target in targets])
            self._code.lines += [f"def P{number}({given}):", *body, f" return {sums},"]
            yield f"{sums}, = P{number}({given})"

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Trees that go into one function: from which on, and up to which."""
        if self._large:
            yield 0, len(self._roots)
            return
        first, nodes = 0, 0
        ends = [*self._roots[1:], len(self._feature)]
        for tree, (begin, end) in enumerate(zip(self._roots, ends, strict=True)):
            if tree > first and nodes + end - begin > MOST_AT_ONCE:
                yield first, tree
                first, nodes = tree, 0
            nodes += end - begin
        yield first, len(self._roots)

    def _targets_of(self, trees: Sequence[int]) -> list[int]:
        if self._targets is None:
            return list(range(self._plan.model.targets))
        return sorted({self._targets[tree] for tree in trees})

    def _given(self, slot: int) -> str:
        """What a walk is given of an input: nothing asks for the number of one that is asked for by codes alone."""
        named = slot not in self._plan.index_of or slot in compared(self._plan)
        return name_of(self._plan, slot, self._inline) if named else "0.0"

    def _deep(self, tree: int) -> bool:
        depth = {self._roots[tree]: 0}
        end = self._roots[tree + 1] if tree + 1 < len(self._roots) else len(self._feature)
        for node in range(self._roots[tree], end):
            if self._feature[node] >= 0:
                depth[self._left[node]] = depth[self._right[node]] = depth[node] + 1
                if depth[node] >= DEEPEST:
                    return True
        return False

    def _coded(self, first: int, last: int) -> set[int]:
        end = self._roots[last] if last < len(self._roots) else len(self._feature)
        return {
            self._plan.model.inputs[self._feature[node]]
            for node in range(self._roots[first], end)
            if self._place[node] >= 0
        }

    def _node(self, node: int, tree: int, indent: str) -> list[str]:
        """The lines of a node and of all below it."""
        if self._feature[node] < 0:
            return [indent + self._leaf(self._values[self._left[node]], tree)]
        return [
            f"{indent}if {self._condition(node)}:",
            *self._node(self._left[node], tree, indent + " "),
            f"{indent}else:",
            *self._node(self._right[node], tree, indent + " "),
        ]

    def _leaf(self, values: list[float], tree: int) -> str:
        targets = range(len(values)) if self._targets is None else [self._targets[tree]]
        form = "t{0} = narrow(t{0} + ({1}))" if self._narrow else "t{0} += {1}"
        return "; ".join(
            form.format(target, literal(value)) for target, value in zip(targets, values, strict=True)
        )

    def _condition(self, node: int) -> str:
        slot = self._plan.model.inputs[self._feature[node]]
        place = self._place[node]
        if place >= 0:
            codes = self._plan.model.operations[slot].codes
            self._asked.add(f"c{slot}")
            return f"{self._set(self._sets[place : place + codes + 1])}[c{slot}]"
        name = name_of(self._plan, slot, self._inline)
        self._asked.add(f"i{self._plan.index_of[slot]}" if slot in self._inline else name)
        threshold = literal(self._threshold[node])
        # A gap is neither larger nor smaller than anything.
        return f"not {name} > {threshold}" if self._gap[node] else f"{name} <= {threshold}"

    def _set(self, left: list[int]) -> str:
        key = bytes(left)
        if key not in self._named:
            self._named[key] = f"S{len(self._named)}"
            self._code.names[self._named[key]] = tuple(map(bool, left))
        return self._named[key]
