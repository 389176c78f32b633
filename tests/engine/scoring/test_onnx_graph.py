"""An ONNX file is looked through before any library reads it: ONNX's own operators, and numbers it brings along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damage
from engine.scoring import onnx_graph
from engine.scoring.onnx_graph import DEEPEST, check_graph
from tests.onnx_graphs import DOUBLE, endless, field, graph, logit, model, node, tensor, value
from tests.onnx_models import MODELS


@pytest.mark.parametrize("content", [logit(), endless(), *MODELS.values()])
def test_a_graph_of_onnx_s_own_operators_may_be_loaded(content: bytes) -> None:
    check_graph(content)


def with_tensor(more: bytes) -> bytes:
    return model(graph([], [value("a", DOUBLE)], [], [tensor("w", DOUBLE, [1], [1.0], more)]))


def in_each_other(count: int) -> bytes:
    inside = graph([node("Identity", ["a"], ["b"])], [], [])
    for _ in range(count - 1):
        inside = graph([node("If", ["c"], ["b"]) + field(5, field(1, "then_branch") + field(6, inside))], [], [])
    return model(inside)


NODE = node("Odd", ["a"], ["b"], domain="com.example")
INNER = graph([NODE], [], [])
IN_A_BRANCH = model(graph([node("If", ["c"], ["b"]) + field(5, field(1, "then_branch") + field(6, INNER))], [], []))
SPARSE = graph([], [], []) + field(15, field(1, tensor("s", DOUBLE, [1], [1.0], field(14, 1))))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (model(graph([NODE], [], [])), "operators of 'com.example'"),
        (IN_A_BRANCH, "operators of 'com.example'"),
        (model(graph([], [], []), domain="com.microsoft"), "operators of 'com.microsoft'"),
        (with_tensor(field(14, 1)), "numbers in another file"),
        (with_tensor(field(13, field(1, "location") + field(2, "/etc/passwd"))), "numbers in another file"),
        (model(SPARSE), "numbers in another file"),
        (model(graph([], [], []), more=field(25, field(1, "own"))), "functions of its own"),
        (model(graph([], [], []), more=field(20, b"")), "steps of a training"),
        (in_each_other(DEEPEST + 1), "graphs in each other"),
        (field(1, 8), "holds no graph"),
        (b"", "holds no graph"),
        (logit()[:-3], "not whole"),
        (b"\x0b", "not whole"),
        (b"\xff" * 11, "not whole"),
        (field(7, 5), "not whole"),
    ],
)
def test_any_other_is_damage_that_says_what_is_wrong(content: bytes, why: str) -> None:
    with pytest.raises(Damage, match=why):
        check_graph(content)


def test_graphs_as_deep_as_may_be_are_read() -> None:
    check_graph(in_each_other(DEEPEST))


def test_one_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "LARGEST", 10)
    with pytest.raises(Damage, match="10 are allowed"):
        check_graph(logit())


@given(st.binary(max_size=200))
def test_whatever_it_is_it_is_read_or_damage(content: bytes) -> None:
    try:
        check_graph(content)
    except Damage as damage:
        assert str(damage).endswith(".")
