"""Write a scikit-learn model as one query in SQL, through orbital. Linear models and small ensembles only."""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import sys

if __name__ == "__main__":
    # This folder would shadow a module of the project's.
    sys.path.pop(0)

import importlib.util
import warnings
from pathlib import Path
from typing import Any, Dict, List, Tuple


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


common: Any = _beside("export_model")
DIALECTS = {"duckdb": "duckdb", "sqlite": "sqlite", "postgresql": "postgres"}


def ways(features: List[Tuple[str, str]]) -> Dict[str, Any]:
    """Each way to type the columns: whole numbers as they are, or as numbers with a fraction like the others."""
    made: Dict[str, Any] = {}
    for way, whole in (("double", "double"), ("whole", "int64")):
        kinds = {"number": "double", "whole": whole, "text": "string"}
        inputs = [(name, kinds[kind]) for name, kind in features]
        if inputs not in made.values():
            made[way] = inputs
    return made


def _convert(estimator: Any, inputs: Any, asked: Dict[str, Any], classes: Any) -> str:
    import orbital
    from orbital import types

    kinds = {"double": types.DoubleColumnType, "int64": types.Int64ColumnType, "string": types.StringColumnType}
    columns = {name: kinds[kind]() for name, kind in inputs}
    columns[asked["key"]] = types.Int64ColumnType(passthrough=True)
    parsed = orbital.parse_pipeline(estimator, columns)
    query = orbital.export_sql(
        asked["table"],
        parsed,
        dialect=DIALECTS[asked["dialect"]],
        projection=orbital.ResultsProjection([asked["key"]]),
    )
    return _called(query, asked["key"], classes)


def _called(query: str, key: str, classes: Any) -> str:
    """The query with the columns that callers know: the key, ``prediction`` and ``p_<class>``."""
    if classes is None:
        chosen = ['"variable" AS "prediction"']
    else:
        names = [_name(f"output_probability.{label}") for label in classes]
        # The first class of the largest, as scikit-learn's own argmax has it.
        best = [
            f"WHEN {' AND '.join(f'{name} >= {other}' for other in names if other != name)} THEN {_literal(label)}"
            for name, label in zip(names, classes)
        ]
        chosen = [f'CASE {" ".join(best)} END AS "prediction"']
        chosen += [f"{name} AS {_name(f'p_{label}')}" for name, label in zip(names, classes)]
    lines = ",\n    ".join([_name(key), *chosen])
    return f"SELECT\n    {lines}\nFROM (\n{query}\n) AS scored"


def _name(name: str) -> str:
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def _literal(label: Any) -> str:
    if isinstance(label, str):
        quoted = label.replace("'", "''")
        return f"'{quoted}'"
    return str(int(label))


def _too_large(estimator: Any, asked: Dict[str, Any]) -> None:
    count, nodes = common.trees(estimator)
    if count > asked["most_trees"] or nodes > asked["most_nodes"]:
        raise common.Refused(
            f"it holds {count:,} trees with {nodes:,} nodes, and SQL is written for at most {asked['most_trees']:,} "
            f"trees with {asked['most_nodes']:,}"
        )


def convert() -> None:
    """Write ``<way>.sql`` for each way that can be converted. Raises Refused when there is none."""
    warnings.simplefilter("ignore")
    asked, estimator = common.request(), common.model()
    _too_large(estimator, asked)
    classes = common.classes(estimator)
    if classes is not None and not hasattr(estimator, "predict_proba"):
        raise common.Refused(f"a {common.described(estimator)} gives no probabilities, which the query decides by")
    if not hasattr(estimator, "steps"):
        from sklearn.pipeline import Pipeline

        estimator = Pipeline([("model", estimator)])
    found, failed = {}, []
    for way, inputs in ways(asked["features"]).items():
        try:
            query = _convert(estimator, inputs, asked, classes)
        except Exception as error:  # noqa: BLE001 - whatever a converter raises for what it does not know
            failed.append(common.line(error))
            continue
        (common.OUTPUT / f"{way}.sql").write_text(query, "utf-8")
        found[way] = inputs
    if not found:
        raise common.Refused(f"orbital cannot write a {common.described(estimator)}: {failed[0]}")
    count, nodes = common.trees(estimator)
    common.answer({"ways": found, "classes": classes, "model": common.described(estimator),
                   "trees": count, "nodes": nodes, "failed": failed})  # fmt: skip


if __name__ == "__main__":
    sys.exit(common.main(convert))
