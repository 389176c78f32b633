"""How python_runner.py lets a model learn: chunk by chunk, each predicted before it is learnt (test, then train).

Stand-alone, as that is, and beside it. A model that learns is

- what the project's own ``learn(model, features, target)`` gives back, where the manifest names one;
- an estimator with ``partial_fit``, or a pipeline of scikit-learn's whose last step has it: the steps before that stay
  as they were fitted;
- a model of River's, with ``learn_one`` and ``predict_one``, which may also be what such a pipeline ends in.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP035, UP045

from __future__ import annotations

from typing import Any, Callable, Optional

Learn = Callable[[Any, Any, Any], Any]


def steps_of(features: Any, target: Any, chunk: int) -> Any:
    """The rows in their order, as pairs of features and target, ``chunk`` at a time."""
    for start in range(0, len(features), chunk):
        yield features.iloc[start : start + chunk], target.iloc[start : start + chunk]


def learner_of(model: Any, own: Optional[Learn], name: str, refused: type[Exception]) -> Learn:
    """What makes the next model of one and some rows. Raises ``refused`` where nothing does."""
    if own is not None:
        function = own

        def by_the_project(model: Any, features: Any, target: Any) -> Any:
            found = function(model, features, target)
            if found is None:
                raise refused(f"{name} returned nothing; it must return the model.")
            return found

        return by_the_project
    if callable(getattr(model, "partial_fit", None)):
        return _partial_fit
    if _is_pipeline(model) and callable(getattr(model.steps[-1][1], "partial_fit", None)):
        return _last_step
    if callable(getattr(model, "learn_one", None)):
        return _one_by_one
    raise refused(
        f"The live version's model, a {type(model).__name__}, has no partial_fit and no learn_one; name a function of "
        'the project\'s in [learn], as run = "module:learn", or use an estimator that can go on learning.'
    )


def _is_pipeline(model: Any) -> bool:
    steps = getattr(model, "steps", None)
    return isinstance(steps, list) and bool(steps) and isinstance(steps[-1], tuple) and hasattr(model, "named_steps")


def _partial_fit(model: Any, features: Any, target: Any) -> Any:
    model.partial_fit(features, target)
    return model


def _last_step(model: Any, features: Any, target: Any) -> Any:
    found = features
    for _, step in model.steps[:-1]:
        if step is not None and step != "passthrough":
            found = step.transform(found)
    model.steps[-1][1].partial_fit(found, target)
    return model


def _one_by_one(model: Any, features: Any, target: Any) -> Any:
    for row, label in zip(features.to_dict("records"), target.tolist()):  # noqa: B905 - Python 3.9
        model.learn_one(row, label)
    return model


def is_river(model: Any) -> bool:
    """Whether a model predicts one row at a time, as River's do."""
    return callable(getattr(model, "predict_one", None)) and not callable(getattr(model, "predict", None))


def predictions(model: Any, features: Any) -> dict[str, list[Any]]:
    """What a model of River's says of each row: ``prediction``, and for a classifier ``p_<class>`` of each class."""
    rows = features.to_dict("records")
    if not callable(getattr(model, "predict_proba_one", None)) or not _has_chances(model, rows):
        return {"prediction": [model.predict_one(row) for row in rows]}
    chances = [model.predict_proba_one(row) for row in rows]
    classes = sorted({label for each in chances for label in each}, key=lambda label: (str(type(label)), label))
    said = [max(each, key=lambda label: each[label]) if each else None for each in chances]
    columns = {f"p_{label}": [float(each.get(label, 0.0)) for each in chances] for label in classes}
    return {"prediction": said, **columns}


def _has_chances(model: Any, rows: list[Any]) -> bool:
    try:
        return not rows or isinstance(model.predict_proba_one(rows[0]), dict)
    except NotImplementedError:
        return False
