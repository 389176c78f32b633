"""Every small fault that can be put into a file of Python, by its syntax tree: where, what, and what stands there then.

Left out is what no test should hold to the letter: docstrings, annotations, the text of sentences and of errors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult,
}  # fmt: skip
_CALLED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor", "argmin": "argmax",
    "argmax": "argmin", "maximum": "minimum", "minimum": "maximum", "abs": "float", "cumsum": "cumprod",
}  # fmt: skip
_SQL = re.compile(r"\b(SELECT|UPDATE|INSERT|DELETE|WHERE|ORDER BY|CREATE)\b|state = '")
_SQL_TOKENS = {
    " <= ": (" < ",), " < ": (" <= ",), " > ": (" >= ",), " >= ": (" > ",), " = ": (" <> ",), " <> ": (" = ",),
    " AND ": (" OR ",), " OR ": (" AND ",), " DESC": (" ASC",), "max(": ("min(",), "min(": ("max(",),
    " IS NULL": (" IS NOT NULL",), " IS NOT NULL": (" IS NULL",), " IN (": (" NOT IN (",), "EXISTS": ("NOT EXISTS",),
}  # fmt: skip
# A word that decides, such as "cannot tell"; a sentence begins with a capital or ends with a stop.
_WORD = re.compile(r"[a-z0-9][a-z0-9_ -]{0,30}")
# What puts words together for people; its arguments are text.
_WORDING = frozenset({"count", "plain", "listed", "shown", "percent", "field", "TypeVar", "getLogger"})


@dataclass(frozen=True)
class Site:
    """One fault: in ``file`` (relative), the bytes from ``start`` to ``end`` become ``new``."""

    file: str
    line: int
    start: int
    end: int
    new: str
    kind: str

    def name(self, source: bytes) -> str:
        """What tells it from every other one, also when lines have moved."""
        old = source[self.start : self.end].decode()
        before = source[: self.start].rpartition(b"\n")[2].decode()
        return " ".join(f"{self.file}: {self.kind}: {before.strip()}⟦{old} → {self.new}⟧".split())

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def sites(root: Path, file: str) -> list[Site]:
    """All faults of ``file`` in the order in which they stand."""
    source = (root / file).read_bytes()
    return sorted(set(_Finder(file, source).found()), key=lambda site: (site.start, site.end, site.kind, site.new))


class _Finder:
    def __init__(self, file: str, source: bytes) -> None:
        self._file = file
        self._source = source
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def found(self) -> Iterator[Site]:
        yield from self._block(ast.parse(self._source).body)

    def _site(self, node: ast.expr | ast.stmt, new: str, kind: str) -> Site:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        return Site(self._file, node.lineno, start, self._lines[node.end_lineno - 1] + node.end_col_offset, new, kind)

    def _block(self, body: list[ast.stmt]) -> Iterator[Site]:
        for statement in body:
            yield from self._statement(statement)

    def _statement(self, node: ast.stmt) -> Iterator[Site]:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.Pass | ast.Global):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        yield from self._dropped(node)
        if isinstance(node, ast.Raise):
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                yield from self._expression(default)
            yield from self._block(node.body)
            return
        if isinstance(node, ast.AnnAssign):
            yield from self._expression(node.value)
            return
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript) and node.col_offset == 0:
            return  # a type's other name
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                yield from self._statement(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from self._block(child.body)
            elif isinstance(child, ast.withitem):
                yield from self._expression(child.context_expr)
            elif isinstance(child, ast.expr) and not (isinstance(node, ast.ClassDef)):
                yield from self._expression(child)

    def _dropped(self, node: ast.stmt) -> Iterator[Site]:
        """The statement not done, or a condition that always or never holds."""
        if isinstance(node, ast.Raise | ast.AugAssign) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        ):
            yield self._site(node, "pass", "dropped")
        elif isinstance(node, ast.Return) and node.value is not None:
            if not (isinstance(node.value, ast.Constant) and node.value.value is None):
                yield self._site(node, "return None", "returned")
        elif isinstance(node, ast.If | ast.While):
            yield self._site(node.test, "False", "condition")
            if isinstance(node, ast.If):
                yield self._site(node.test, "True", "condition")
        elif isinstance(node, ast.Continue):
            yield self._site(node, "break", "loop")
        elif isinstance(node, ast.Break):
            yield self._site(node, "continue", "loop")

    def _expression(self, node: ast.AST | None) -> Iterator[Site]:
        if node is None or isinstance(node, ast.JoinedStr):
            return
        yield from self._replaced(node)
        for child in _read_on(node):
            yield from self._expression(child)

    def _replaced(self, node: ast.AST) -> Iterator[Site]:
        if isinstance(node, ast.Compare):
            for position, operator in enumerate(node.ops):
                for other in _COMPARED[type(operator)]:
                    ops = [*node.ops[:position], other(), *node.ops[position + 1 :]]
                    yield self._site(node, _text(ast.Compare(node.left, ops, node.comparators)), "comparison")
        elif isinstance(node, ast.BoolOp):
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield self._site(node, _text(ast.BoolOp(other_op, node.values)), "and/or")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert | ast.USub):
            yield self._site(node, _text(node.operand), "negation")
        elif isinstance(node, ast.BinOp) and type(node.op) in _COUNTED and not _is_text(node):
            yield self._site(node, _text(ast.BinOp(node.left, _COUNTED[type(node.op)](), node.right)), "arithmetic")
        elif isinstance(node, ast.IfExp):
            turned = ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
            yield self._site(node, _text(turned), "condition")
        elif isinstance(node, ast.Call):
            yield from self._called(node)
        elif isinstance(node, ast.Constant):
            yield from self._constant(node)
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield self._site(test, "True", "filter")

    def _called(self, node: ast.Call) -> Iterator[Site]:
        name = node.func
        other = _CALLED.get(_name(name))
        if other and isinstance(name, ast.Name):
            yield self._site(name, other, "function")
        elif other and isinstance(name, ast.Attribute):
            yield self._site(name, f"({ast.unparse(name.value)}).{other}", "function")

    def _constant(self, node: ast.Constant) -> Iterator[Site]:
        value = node.value
        if isinstance(value, bool):
            yield self._site(node, str(not value), "constant")
        elif isinstance(value, int):
            yield self._site(node, str(value + 1), "constant")
        elif isinstance(value, float):
            yield self._site(node, repr(value * 1.5 if value else 1.0), "constant")
            yield self._site(node, repr(value / 1.5 if value else -1.0), "constant")
        elif isinstance(value, str) and _SQL.search(value):
            yield from self._sql(node)
        elif isinstance(value, str) and _WORD.fullmatch(value):
            yield self._site(node, repr(f"{value}?"), "word")

    def _sql(self, node: ast.Constant) -> Iterator[Site]:
        whole = self._site(node, "", "sql")
        text = self._source[whole.start : whole.end].decode()
        for token, others in _SQL_TOKENS.items():
            for match in re.finditer(re.escape(token), text):
                start = whole.start + len(text[: match.start()].encode())
                line = node.lineno + text[: match.start()].count("\n")
                for other in others:
                    yield Site(self._file, line, start, start + len(token.encode()), other, "sql")


def _read_on(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression in which a fault would be one of the rule and not of its wording."""
    if isinstance(node, ast.Call) and _name(node.func) in _WORDING:
        yield from (part for part in node.args if not isinstance(part, ast.Constant))
    elif isinstance(node, ast.Dict):
        yield from node.values
        yield from (key for key in node.keys if not isinstance(key, ast.Constant | None))
    elif isinstance(node, ast.Subscript):
        yield node.value
        if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)):
            yield node.slice
    elif isinstance(node, ast.Lambda):
        yield node.body
    else:
        yield from ast.iter_child_nodes(node)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_text(node: ast.BinOp) -> bool:
    constants = [side.value for side in (node.left, node.right) if isinstance(side, ast.Constant)]
    return isinstance(node.left, ast.JoinedStr) or isinstance(node.right, ast.JoinedStr) or _any_text(constants)


def _any_text(values: list[object]) -> bool:
    return any(isinstance(value, str) for value in values)


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(ast.fix_missing_locations(node))})"
