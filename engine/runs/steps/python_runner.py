"""Turns the callables of a Python project into steps: ``python python_runner.py STEP [MODULE:CALLABLE]``.

Stand-alone: run by the project's own interpreter (3.9 or later) in the folder that holds the project's code. It imports
nothing of Leverframe but column_types.py beside it, and of the project's environment only pandas (and pyarrow, through
pandas, for parquet).

    extract   callable(as_of: aware datetime) -> DataFrame; written as data.<format>. A named index becomes columns, an
              unnamed one is dropped. A parameter called since is given the moment of LEVERFRAME_SINCE, from which on
              new and changed rows are wanted and there may be none; None where that is not set, for everything.
    labels    callable(as_of) -> DataFrame with the key columns and the target, of whatever labels are known by then;
              written as labels.<format>. It may be empty.
    train     callable(features: DataFrame, target: Series) -> estimator; pickled as model/model.pickle. A callable may
              instead fill $LEVERFRAME_OUTPUT/model itself and return None, if the project has a score of its own.
    score     without a callable: model/model.pickle predicts, or what was trained elsewhere: model.joblib, model.skops,
              model.onnx (see onnx_model.py); written as predictions.<format>: ``prediction``, and for
              classifiers ``p_<class>`` for each class, or ``score_<class>`` where there is only a decision function:
              of two classes scikit-learn's speaks for the second, whichever is looked for.
              With one: callable(model_dir: Path, features: DataFrame) -> DataFrame with a column ``prediction``, or an
              array of predictions.
    learn     without a callable: model/model.pickle learns by its own partial_fit or learn_one (see online_learner.py);
              with one: callable(model, features: DataFrame, target: Series) -> model. LEVERFRAME_CHUNK rows at a time
              are predicted, then learnt; all that was predicted so is written as predictions.<format>.

The environment gives LEVERFRAME_AS_OF, _INPUT, _OUTPUT, _FORMAT and _TARGET. LEVERFRAME_DASK names a scheduler for the
parallel parts of train; the project's environment then has distributed and joblib. With LEVERFRAME_WAIT=1 it first
loads the libraries and the project's module, in silence, and then waits for a line on standard input before it reads
anything.

With LEVERFRAME_TYPES=1 what a file cannot hold of the type of a column is kept beside it and restored when it is read
(see column_types.py): train and score get what extract returned, or its column is refused by name. Without it a column
of csv is what pandas makes of its text.

Exit code 3: it was refused, and the last line on standard error says why. 1: a traceback of the project's own.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP017, UP035, UP045

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Before anything else is imported: this file's folder has modules named like the library's (queue, process).
    sys.path[0] = __import__("os").getcwd()

import difflib
import faulthandler
import functools
import gc
import importlib
import importlib.util
import inspect
import os
import pickle
import threading
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Optional

REFUSED = 3


def _beside(name: str) -> Any:
    """A module that stands beside this file, whose folder is not on the path."""
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


# A step server has it already, and gives it to each fork.
column_types: Any = globals().get("column_types") or _beside("column_types")


class Refused(Exception):
    """What the project gave does not fit; the message is one sentence that says what and what to do."""


class Paths:
    """Where this step reads and writes, from its environment."""

    def __init__(self) -> None:
        self.format = os.environ.get("LEVERFRAME_FORMAT", "parquet")
        if self.format not in ("parquet", "csv"):
            raise Refused(f"The data format '{self.format}' is not known; it is parquet or csv.")
        self.keeps_types = os.environ.get("LEVERFRAME_TYPES") == "1"
        self.input = Path(os.environ.get("LEVERFRAME_INPUT", "."))
        self.output = Path(os.environ.get("LEVERFRAME_OUTPUT", "."))

    def read(self) -> Any:
        """The step's input as a DataFrame."""
        path = self.input / f"data.{self.format}"
        with _explained():
            return column_types.read(path, self.format)

    def write(self, frame: Any, stem: str, step: str) -> None:
        """Write ``frame`` under a temporary name, then rename: what is there is whole."""
        path = self.output / f"{stem}.{self.format}"
        new = path.with_name(path.name + ".new")
        with _explained(f"{step} returned "):
            if self.keeps_types:
                column_types.keep(frame, self.format, path)
            column_types.write(frame, self.format, new)
        os.replace(new, path)


class _through_dask:
    """Gives what scikit-learn does with ``n_jobs`` to the workers of a Dask cluster, where [compute] says so."""

    def __enter__(self) -> None:
        self._address = os.environ.get("LEVERFRAME_DASK", "")
        if not self._address:
            return
        import joblib
        from distributed import Client
        from distributed import TimeoutError as TooLate  # not the builtin one before Python 3.11

        connect, wait, self._silence = (_seconds(name) for name in ("CONNECT", "WAIT", "SILENCE"))
        try:
            self._client = Client(self._address, timeout=connect)
        except (OSError, ValueError, TypeError) as error:
            raise Refused(
                f"The Dask scheduler {self._address} did not answer within {connect:g} s ({_line(error)}); see that it "
                "runs and can be reached from here, or take [compute] out of leverframe.toml."
            ) from error
        try:
            self._client.wait_for_workers(int(os.environ["LEVERFRAME_DASK_WORKERS"]), timeout=wait)
        except TooLate as error:
            raise Refused(f"{self._address} has too few workers after {wait:g} s; start some more.") from error
        threading.Thread(target=self._watch, daemon=True).start()
        self._parallel = joblib.parallel_config("dask")
        self._parallel.__enter__()
        print(f"[leverframe: n_jobs on the workers of {self._address}]", flush=True)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._address:
            self._parallel.__exit__(kind, error, trace)
            self._client.close(timeout=5)

    def _watch(self) -> None:
        """End this process when the cluster is gone: joblib would wait for it for ever."""
        heard = time.monotonic()
        while time.monotonic() - heard < self._silence:
            time.sleep(self._silence / 5)
            if self._client.status in ("closing", "closed"):
                return
            try:
                heard = time.monotonic() if self._has_workers() else heard
            except Exception:  # noqa: BLE001 - whatever Dask raises when its connections break
                continue
        sys.stdout.flush()
        print(
            f"The cluster of {self._address} had no worker, or was not heard of, for {self._silence:g} s; look at its "
            "logs, then retrain.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(REFUSED)

    def _has_workers(self) -> bool:
        return bool(self._client.sync(self._client.scheduler.ncores, callback_timeout=self._silence / 5))


def _seconds(name: str) -> float:
    return float(os.environ[f"LEVERFRAME_DASK_{name}"])


class _explained:
    """What cannot be written or read, in a sentence; pandas' message for a missing pyarrow in the manifest's words."""

    def __init__(self, before: str = "") -> None:
        self._before = before

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, column_types.NotHeld):
            raise Refused(f"{self._before}{error}") from error.__cause__
        if isinstance(error, ImportError):
            raise Refused(
                f'This environment cannot read or write parquet: {_why_no_pyarrow()}, or set format = "csv" in [data].'
            ) from error


def _why_no_pyarrow() -> str:
    """Also a pyarrow that is there may refuse the numpy that is there, and pandas then says that it is missing."""
    try:
        import pyarrow.parquet  # noqa: F401 - only whether it can be
    except ModuleNotFoundError as error:
        if error.name == "pyarrow":
            return "add pyarrow to the requirements"
        return f"pyarrow lacks {error.name}; add that to the requirements"
    except ImportError as error:
        return f"pyarrow says '{error}'; ask for another version of it in the requirements"
    return "pandas does not take its pyarrow; ask for another version of it in the requirements"


def extract(paths: Paths, function: Callable[..., Any], name: str) -> None:
    """Call the project's extract and write what it returns."""
    since = os.environ.get("LEVERFRAME_SINCE", "")
    frame = _asked(_for_since(function, name, since), name)
    if len(frame) == 0 and not since:
        as_of = os.environ.get("LEVERFRAME_AS_OF", "")
        raise Refused(f"{name} returned no rows as of {_moment(as_of).isoformat()}; there must be at least one.")
    paths.write(frame, "data", name)


def labels(paths: Paths, function: Callable[..., Any], name: str) -> None:
    """Call the project's labels and write what it returns; that none is known yet is no mistake."""
    paths.write(_asked(function, name), "labels", name)


def _for_since(function: Callable[..., Any], name: str, since: str) -> Callable[..., Any]:
    """The callable, given ``since`` where it has that parameter. Raises Refused where it is wanted and it has none."""
    try:
        takes = "since" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        takes = False
    if since and not takes:
        raise Refused(
            f"{name} has no parameter since, which [data] since promises; define it as (as_of, since), or take since "
            "out of leverframe.toml."
        )
    return functools.partial(function, since=_moment(since) if since else None) if takes else function


def _asked(function: Callable[..., Any], name: str) -> Any:
    """What a callable that is given the as-of moment returns: a DataFrame with columns that can be written."""
    import pandas

    as_of = _moment(os.environ.get("LEVERFRAME_AS_OF", ""))
    _fits(function, name, "as_of")
    frame = function(as_of)
    if frame is None:
        raise Refused(f"{name} returned nothing; it must return a DataFrame.")
    if not isinstance(frame, pandas.DataFrame):
        raise Refused(f"{name} returned a {type(frame).__name__}; it must return a pandas DataFrame.")
    named = any(level is not None for level in frame.index.names)
    try:
        frame = frame.reset_index(drop=not named)
    except ValueError as error:
        raise Refused(f"{name} returned a DataFrame whose index is named like a column: {_line(error)}") from error
    _check_columns(frame, name)
    return frame


def train(paths: Paths, function: Callable[..., Any], name: str) -> None:
    """Call the project's train with features and target, and pickle what it returns."""
    target = os.environ.get("LEVERFRAME_TARGET", "")
    data = paths.read()
    if target not in data.columns:
        raise Refused(f"The data has no column '{target}', which the manifest names as the target.")
    _fits(function, name, "features, target")
    with _through_dask():
        model = function(data.drop(columns=target), data[target])
    folder = paths.output / "model"
    if model is None:
        if folder.is_dir() and any(folder.iterdir()):
            return
        raise Refused(f"{name} returned nothing; it must return a fitted estimator.")
    folder.mkdir(exist_ok=True)
    _pickle(model, folder, name)


def _pickle(model: Any, folder: Path, name: str) -> None:
    """Leave ``model`` as ``folder``/model.pickle, whole or not at all."""
    new = folder / "model.pickle.new"
    try:
        with new.open("wb") as file:
            pickle.dump(model, file, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        new.unlink()
        raise Refused(
            f"{name} returned a {type(model).__name__} that cannot be pickled ({_line(error)}); functions and classes "
            "in it must be defined at the top level of a module."
        ) from error
    os.replace(new, folder / "model.pickle")


def learn(paths: Paths, function: Optional[Callable[..., Any]], name: str) -> None:
    """Let the model go on: each chunk of rows is predicted before it is learnt."""
    import pandas

    target, chunk = os.environ.get("LEVERFRAME_TARGET", ""), int(os.environ.get("LEVERFRAME_CHUNK", "1"))
    data = paths.read()
    if function is not None:
        _fits(function, name, "model, features, target")
    online, model = _beside("online_learner"), _load(paths.input / "model" / "model.pickle")
    step = online.learner_of(model, function, name, Refused)
    said, rows = [], 0
    for features, truth in online.steps_of(data.drop(columns=target), data[target], chunk):
        said.append(scored(lambda found: _predictions(model, found), features, name))  # noqa: B023 - called at once
        model = step(model, features, truth)
        rows += len(truth)
        print(f"::progress {rows / len(data):.3f} {rows} of {len(data)} rows", flush=True)
    found = pandas.concat(said, ignore_index=True)
    if online.is_river(model):  # It speaks of no class before it has met it.
        found = found.fillna({column: 0.0 for column in found.columns if column.startswith("p_")})
    paths.write(found, "predictions", name)
    folder = paths.output / "model"
    folder.mkdir(exist_ok=True)
    _pickle(model, folder, name)


def score(paths: Paths, function: Optional[Callable[..., Any]], name: str) -> None:
    """Predict the input's rows with the model, or with the project's own callable."""
    features = paths.read()
    if function is not None:
        _fits(function, name, "model_dir, features")
    paths.write(scored(predictor_of(paths.input / "model", function, name), features, name), "predictions", name)


def predictor_of(folder: Path, function: Optional[Callable[..., Any]], name: str) -> Callable[..., Any]:
    """What makes predictions of features, by the model or the project's own callable. A model's takes ``told``, too."""
    if function is None:
        return _with_model(folder)
    return lambda features: _own_predictions(_in_order(function(folder, features), features, name), name)


def scored(predictor: Callable[[Any], Any], features: Any, name: str) -> Any:
    """The predictions for ``features`` as a DataFrame, one for each row, in the same order."""
    predictions = predictor(features)
    if len(predictions) != len(features):
        raise Refused(
            f"{name} gave {len(predictions)} predictions for {len(features)} rows; "
            "it must give one for each row, in the same order."
        )
    _check_columns(predictions, name)
    return predictions.reset_index(drop=True)


def _in_order(given: Any, features: Any, name: str) -> Any:
    """``given``, unless its index names the rows in another order: sorted, shuffled or grouped on the way."""
    import pandas

    if isinstance(given, (pandas.DataFrame, pandas.Series)) and len(given) == len(features):
        index, rows = given.index, features.index
        if index.is_unique and not index.equals(rows) and not rows.difference(index).size:
            raise Refused(
                f"{name} gave its predictions in another order than the rows, as their index says; let it return them "
                "in that of features, .loc[features.index], or .reset_index(drop=True) if they are in it already."
            )
    return given


def _own_predictions(result: Any, name: str) -> Any:
    import pandas

    if result is None:
        raise Refused(f"{name} returned nothing; it must return a DataFrame with a column 'prediction', or an array.")
    if not isinstance(result, pandas.DataFrame):
        return pandas.DataFrame({"prediction": _one_dimension(result, name)})
    if "prediction" not in result.columns:
        have = ", ".join(str(column) for column in list(result.columns)[:5])
        raise Refused(f"{name} returned a DataFrame without a column 'prediction' (it has: {have}).")
    return result


def _predictions(model: Any, features: Any, told: Optional[Callable[..., Any]] = None) -> Any:
    import pandas

    kind = type(model).__name__
    online = _beside("online_learner") if callable(getattr(model, "predict_one", None)) else None
    if online is not None and online.is_river(model):
        return pandas.DataFrame(online.predictions(model, features))
    if not callable(getattr(model, "predict", None)):
        raise Refused(f"The model that train returned, a {kind}, has no predict; name a score of your own in [train].")
    classes: Any = getattr(model, "classes_", None)
    likely = classes is not None and hasattr(model, "predict_proba")
    chances: Any = _chances(model, features, classes, kind) if likely else None
    labels = told(chances, classes) if likely and told is not None else None  # None: they are to be asked for
    if labels is None:
        labels = _one_dimension(_in_order(model.predict(features), features, kind), kind)
    columns = {"prediction": labels}
    if likely:
        for position, label in enumerate(classes):
            columns[f"p_{label}"] = chances[:, position]
    elif classes is not None and hasattr(model, "decision_function"):
        scores = _in_order(model.decision_function(features), features, kind)
        if len(classes) == 2 and (scores.ndim == 1 or scores.shape[1:] == (1,)):
            columns[f"score_{classes[1]}"] = _one_dimension(scores, kind)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise Refused(f"{kind} gave columns of different lengths: {lengths}.")
    return pandas.DataFrame(columns)


def _chances(model: Any, features: Any, classes: Any, kind: str) -> Any:
    chances = _in_order(model.predict_proba(features), features, kind)
    chances = chances.to_numpy() if hasattr(chances, "to_numpy") else chances
    if isinstance(chances, list) or chances.ndim != 2 or chances.shape[1] != len(classes):
        raise Refused(f"{kind} predicts several targets at once, or not one probability per class.")
    return chances


def _one_dimension(values: Any, name: str) -> Any:
    import numpy

    # asarray for lists only: a pandas column keeps its own type, categories for example.
    array = values if hasattr(values, "ndim") and hasattr(values, "dtype") else numpy.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = numpy.asarray(array).ravel()
    if array.ndim != 1:
        raise Refused(
            f"{name} gave predictions of shape {tuple(array.shape)}; one number or label per row is expected."
        )
    return array.reset_index(drop=True) if hasattr(array, "reset_index") else array


def _with_model(folder: Path) -> Callable[..., Any]:
    """What predicts with the model in ``folder``: an estimator that was pickled, by joblib too, or an ONNX file."""
    if (folder / "model.onnx").is_file():
        onnx = _beside("onnx_model")
        session = onnx.opened(folder / "model.onnx", Refused)
        return lambda features, told=None: onnx.predictions(session, features, Refused)
    for name in ("model.joblib", "model.skops", "model.pickle"):
        if (folder / name).is_file():
            model = _load(folder / name)
            if name == "model.pickle":
                return functools.partial(_predictions, model)
            return lambda features, told=None: _predictions(model, _as_fitted(model, features), told)
    raise Refused("There is no model/model.pickle; a project that trains another way names a score of its own.")


def _load(path: Path) -> Any:
    try:
        if path.suffix == ".joblib":
            import joblib

            return joblib.load(path)
        if path.suffix == ".skops":
            import skops.io

            # A pickle may do anything here too: what holds this step is the system.
            return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
        with path.open("rb") as file:
            return pickle.load(file)
    except ModuleNotFoundError as error:
        raise Refused(f"The model needs the module '{error.name}', which this environment does not have.") from error


def _as_fitted(model: Any, features: Any) -> Any:
    """The columns that an estimator made elsewhere was fitted with, in its order."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return features
    absent = [str(name) for name in names if name not in features.columns]
    if absent:
        raise Refused(
            f"The model was fitted with the column '{absent[0]}', which is no feature of this project; see [data] "
            "features, exclude and sensitive."
        )
    return features[list(names)]


def _check_columns(frame: Any, name: str) -> None:
    odd = [column for column in frame.columns if not isinstance(column, str)]
    if odd:
        raise Refused(f"{name} returned a column named {odd[0]!r} ({type(odd[0]).__name__}); names must be text.")
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise Refused(f"{name} returned the column '{twice[0]}' more than once; names must be unique.")


def _fits(function: Callable[..., Any], name: str, arguments: str) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # A callable without one; calling it will tell.
    try:
        signature.bind(*arguments.split(", "))
    except TypeError:
        raise Refused(f"{name} is called with ({arguments}), but is defined as {signature}.") from None


def _moment(text: str) -> datetime:
    try:
        # Python before 3.11 does not know the Z.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(f"LEVERFRAME_AS_OF is '{text}', which is no ISO 8601 time.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


def resolve(name: str) -> Callable[..., Any]:
    """The callable that ``module:name`` means. Raises Refused, with the nearest spelling."""
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise Refused(f"'{name}' is not a callable's name; write it as module:function.")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name != missing and not module_name.startswith(missing + "."):
            raise Refused(
                f"{module_name} imports '{missing}', which this environment does not have; add it to the requirements."
            ) from error
        known = [entry.stem for entry in Path.cwd().iterdir() if entry.suffix == ".py" or entry.is_dir()]
        raise Refused(f"There is no module '{module_name}' in the project{_nearest(module_name, known)}.") from error
    for part in path.split("."):
        if not hasattr(found, part):
            known = [
                entry for entry in dir(found) if not entry.startswith("_") and callable(getattr(found, entry, None))
            ]
            raise Refused(f"{module_name} has no '{part}'{_nearest(part, known)}.")
        found = getattr(found, part)
    if not callable(found):
        raise Refused(f"{name} is a {type(found).__name__}, not a function.")
    function: Callable[..., Any] = found
    return function


def _nearest(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong, known, 1, 0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def _load_libraries(step: str, form: str) -> None:
    """Pay for the imports while the step before this one is still at work. What is not installed is not missed here."""
    wanted = ["pandas", *(["pyarrow.parquet"] if form == "parquet" else [])]
    if step in ("train", "score", "learn"):
        wanted += ["sklearn.ensemble", "sklearn.pipeline", "sklearn.compose", "sklearn.linear_model"]
    for name in wanted:
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def _tell_what_is_loaded() -> None:
    """Write the names of all modules but the project's own to LEVERFRAME_LOADED, in the order of their loading."""
    file, here = os.environ.get("LEVERFRAME_LOADED"), os.getcwd() + os.sep
    if file:
        own = {"__main__", column_types.__name__}
        loaded = [(name, getattr(module, "__file__", None) or "") for name, module in list(sys.modules.items())]
        names = [name for name, path in loaded if name not in own and not os.path.abspath(path).startswith(here)]
        Path(file).write_text("\n".join(names), encoding="utf-8")


def run(step: str, name: Optional[str]) -> None:
    """Do one step. Raises Refused, or whatever the project's code raises."""
    steps = {"extract": extract, "labels": labels, "train": train, "score": score, "learn": learn}
    if step not in steps:
        raise Refused(f"There is no step '{step}'; the steps are {', '.join(steps)}.")
    if name is None and step not in ("score", "learn"):
        raise Refused(f"{step} needs the name of a callable, as module:function.")
    paths = Paths()
    waits = os.environ.get("LEVERFRAME_WAIT") == "1"
    # Nothing of what is loaded here is garbage; looking for some took a tenth of the time.
    gc.disable()
    if waits:
        _load_libraries(step, paths.format)
    function = resolve(name) if name is not None else None
    gc.freeze()
    gc.enable()
    if waits and not sys.stdin.readline():
        raise Refused(f"{step} was told to wait and then never to begin.")
    try:
        importlib.import_module("pandas")
    except ModuleNotFoundError:
        raise Refused(
            "This environment has no pandas, which Python projects need; add it to the requirements."
        ) from None
    work: Callable[..., None] = steps[step]
    try:
        work(paths, function, name or step)
        _tell_what_is_loaded()
    except SystemExit as error:
        raise Refused(f"{name or step} ended the process itself (sys.exit({error.code!r})); it must return.") from error


def main(arguments: list[str]) -> int:
    """Run and turn what went wrong into an exit code and a last line on standard error."""
    faulthandler.enable()
    try:
        run(arguments[0] if arguments else "", arguments[1] if len(arguments) > 1 else None)
    except Refused as refusal:
        sys.stdout.flush()
        print(refusal, file=sys.stderr)
        return REFUSED
    except Exception as error:  # noqa: BLE001 - whatever the project raises
        sys.stdout.flush()
        own = error.__traceback__
        while own is not None and own.tb_next is not None and own.tb_frame.f_code.co_filename == __file__:
            own = own.tb_next
        traceback.print_exception(type(error), error, own)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
