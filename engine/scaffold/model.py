"""A model that exists already: a file of one, or the folder that MLflow keeps it in. Read as bytes and text only.

A pickle is searched and never loaded. Of an MLflow folder MLmodel is read, as YAML of texts alone, and its
requirements.txt.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import Refusal
from engine.projects.manifest.fields import text_problem
from engine.text import plain

MODEL_BYTES = 100_000_000
_TEXT, _MLMODEL = 1_000_000, 500_000
_MOST_FEATURES = 2000
_MOST_FILES = 2000
Scoring = Literal["xgboost", "lightgbm", "pyfunc"]
"""What asks a model that the Python runner cannot: the library whose own file it is, or MLflow's loader."""
# What is taken of MLflow's flavours, and which key names the model's file. Any other is taken as a python_function.
_FLAVOURS = {"sklearn": "pickled_model", "onnx": "data", "xgboost": "data", "lightgbm": "data"}
# How the libraries' own files of a model end. One that is pickled is an estimator, as scikit-learn's are.
_NATIVE: dict[str, tuple[Scoring, str]] = {
    ".ubj": ("xgboost", "xgb_version"), ".json": ("xgboost", "xgb_version"), ".xgb": ("xgboost", "xgb_version"),
    ".lgb": ("lightgbm", "lgb_version"), ".txt": ("lightgbm", "lgb_version"),
}  # fmt: skip
# How a model's file is called in the project, and what has to be there to score with it.
_SORTS = {
    ".onnx": ("model.onnx", "onnxruntime"), ".joblib": ("model.joblib", "joblib"), ".pkl": ("model.pkl", "joblib"),
    ".pickle": ("model.pickle", "joblib"), ".skops": ("model.skops", "skops"),
}  # fmt: skip
_REQUIREMENT = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[A-Za-z0-9,._-]+\])?\s*((?:==|~=|>=|<=|<|>)[A-Za-z0-9.,*+!<>=~ ]+)?"
)


@dataclass(frozen=True)
class BroughtModel:
    """``file``: where it lies; ``called``: its name in the project; ``requirements``: what it was made with.

    ``features``: the columns that it takes, in its order, where something says so; ``left_out``: requirements that a
    project cannot ask for, or need not; ``python``: of which it was made, such as 3.11. ``scoring``: what asks it,
    where the Python runner cannot; of ``pyfunc`` ``file`` is a folder. ``labels``: it names classes and no chances.
    """

    file: Path
    called: str
    requirements: tuple[str, ...]
    features: tuple[str, ...] | None = None
    python: str | None = None
    left_out: tuple[str, ...] = ()
    scoring: Scoring | None = None
    labels: bool = False


def from_file(path: Path) -> BroughtModel:
    """A fitted estimator that joblib, pickle or skops wrote, or an ONNX file. Raises Refusal."""
    file = path.expanduser()
    called, needed = _sort(file)
    _refuse_unfit(file)
    if called.endswith(".onnx"):
        return BroughtModel(file, called, ("onnxruntime",))
    made_with = _made_with(file) if needed == "joblib" else None
    pins = [f"scikit-learn=={made_with or importlib.metadata.version('scikit-learn')}"]
    return BroughtModel(file, called, (*pins, *((needed,) if needed != "joblib" else ())))


def from_mlflow(path: Path) -> BroughtModel:
    """The model in an MLflow folder. Raises Refusal for what is none, and for a flavour that is not taken."""
    folder = path.expanduser()
    document = _mlmodel(folder)
    flavours = document.get("flavors")
    flavours = flavours if isinstance(flavours, dict) else {}
    flavour = next((each for each in _FLAVOURS if isinstance(flavours.get(each), dict)), None)
    if flavour is None:
        return _python_function(folder, document, flavours)
    file = _inside(folder, flavours[flavour].get(_FLAVOURS[flavour]))
    if file.suffix.lower() in _NATIVE and flavour == _NATIVE[file.suffix.lower()][0]:
        return _native(folder, file, document, flavours)
    called, needed = _sort(file)
    _refuse_unfit(file)
    requirements, left_out = _requirements(folder)
    if not any(_named(each) == needed for each in requirements) and needed != "joblib":
        requirements = (*requirements, needed)
    return BroughtModel(file, called, requirements, _features(document, folder), _python(flavours), left_out)


def _native(
    folder: Path, file: Path, document: Mapping[str, Any], flavours: Mapping[str, Any]
) -> BroughtModel:
    """A model in the own file of the library that trained it, which asks it too."""
    _refuse_unfit(file)
    ends = file.suffix.lower()
    library, version_key = _NATIVE[ends]
    requirements, left_out = _requirements(folder)
    requirements = _with(library, flavours[library].get(version_key), requirements)
    features, python = _features(document, folder), _python(flavours)
    return BroughtModel(file, f"model{ends}", requirements, features, python, left_out, library)


def _python_function(folder: Path, document: Mapping[str, Any], flavours: Mapping[str, Any]) -> BroughtModel:
    """A model that only MLflow's own loader can make: the whole folder, and MLflow among its requirements."""
    if not isinstance(flavours.get("python_function"), dict):
        has = ", ".join(plain(str(each), 40) for each in list(flavours)[:5]) or "none"
        raise Refusal(
            f"The MLflow model in {plain(str(folder), 200)} has the flavour {has}; sklearn, onnx, xgboost, lightgbm "
            "and python_function are taken. Save it with one of these, or make the project with --from alone, and name "
            "it in [train] import with a score of its own that loads it."
        )
    _refuse_unfit_folder(folder)
    requirements, left_out = _requirements(folder, mlflow=True)
    if not any(_named(each).startswith("mlflow") for each in requirements):
        requirements = _with("mlflow", document.get("mlflow_version"), requirements)
    features, python = _features(document, folder), _python(flavours)
    labels = not _says_numbers(document)
    return BroughtModel(folder, "mlflow-model", requirements, features, python, left_out, "pyfunc", labels)


def _with(package: str, version: object, requirements: tuple[str, ...]) -> tuple[str, ...]:
    """``requirements`` with ``package``, at ``version`` where that is one, unless they name it."""
    if any(_named(each) == package for each in requirements):
        return requirements
    known = isinstance(version, str) and re.fullmatch(r"[0-9][0-9A-Za-z.]{0,30}", version)
    return (*requirements, f"{package}=={version}" if known else package)


def _refuse_unfit_folder(folder: Path) -> None:
    """Raise Refusal where it cannot be committed as it lies there."""
    said, size = plain(str(folder), 200), 0
    for found, path in enumerate(folder.rglob("*"), 1):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Refusal(f"{plain(str(path), 200)} is no plain file; save the model again, and name that folder.")
        if path.name.lower() == ".git":
            raise Refusal(f"{said} is a Git repository; name a folder that holds the model alone.")
        size += path.stat().st_size if path.is_file() else 0
        if found > _MOST_FILES or size > MODEL_BYTES:
            raise Refusal(
                f"{said} holds more than {_MOST_FILES:,} files or {MODEL_BYTES // 1_000_000} MB, too much for Git; "
                "make the project without it, and let a score of its own load it from where it lies."
            )


def _says_numbers(document: Mapping[str, Any]) -> bool:
    """Whether its signature says that it answers with numbers that are no whole ones."""
    signature = document.get("signature")
    outputs = _json(signature.get("outputs")) if isinstance(signature, dict) else None
    first = outputs[0] if isinstance(outputs, list) and outputs and isinstance(outputs[0], dict) else {}
    tensor = first.get("tensor-spec")
    kind = tensor.get("dtype") if isinstance(tensor, dict) else first.get("type")
    return kind in ("double", "float", "float32", "float64")


def _sort(file: Path) -> tuple[str, str]:
    found = _SORTS.get(file.suffix.lower())
    if found is None:
        ends = ", ".join(_SORTS)
        raise Refusal(f"{plain(file.name, 100)} is no model that can be taken; its name ends with one of {ends}.")
    return found


def _refuse_unfit(file: Path) -> None:
    said = plain(str(file), 200)
    if not file.is_file():
        raise Refusal(f"{said} is not there or is not a file; name a model's file with --from-model.")
    if file.stat().st_size > MODEL_BYTES:
        raise Refusal(
            f"{said} is larger than {MODEL_BYTES // 1_000_000} MB, too much for Git; "
            "make the project without it and let train load it from where it lies."
        )


def _made_with(file: Path) -> str | None:
    """The version that scikit-learn wrote into a model's file. Its bytes are searched; nothing is unpickled here."""
    # A short text in a pickle: its mark, its length, its letters; between the two texts a note to remember it.
    text = rb"_sklearn_version(?:\x94|q.)?(?:\x8c.|X.\0\0\0)([0-9][0-9a-z.]{2,20})"
    match = re.search(text, file.read_bytes(), re.DOTALL)
    return re.sub(r"[^0-9.].*", "", match[1].decode()).rstrip(".") if match else None


_NESTED = re.compile(r"(?:[\[{][^\[\]{}]*){64}|(?:[-?:] +){64}")


def _mlmodel(folder: Path) -> Mapping[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError:
        raise Refusal(
            "MLflow's folders are read with PyYAML, which is not installed; install 'leverframe[mlflow]'."
        ) from None
    said = plain(str(folder), 200)
    if not (folder / "MLmodel").is_file():
        raise Refusal(f"{said} holds no file MLmodel; name the folder that mlflow's save_model or its download made.")
    try:
        text = _text(folder / "MLmodel", _MLMODEL)
        # A hundred thousand lists in each other take PyYAML a minute, and so do mappings.
        if _NESTED.search(text):
            raise ValueError
        document = yaml.load(text, _texts_only(yaml))
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Refusal(f"MLmodel in {said} is no YAML that can be read; save the model again.") from None
    if not isinstance(document, dict):
        raise Refusal(f"MLmodel in {said} says nothing of a model; save the model again.")
    return document


def _texts_only(yaml: Any) -> Any:
    """What reads lists, mappings and texts: a number of a million digits, or one to the base of sixty, stays a text."""

    class Texts(yaml.BaseLoader):  # type: ignore[misc]
        def compose_node(self, parent: Any, index: Any) -> Any:
            # MLflow writes no alias; a few of them in one another would be as long as all memory.
            if self.check_event(yaml.AliasEvent):
                raise ValueError
            return super().compose_node(parent, index)

    return Texts


def _text(file: Path, most: int = _TEXT) -> str:
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise Refusal(f"{plain(str(file), 200)} is larger than a file of its kind can be; save the model again.")
    return content.decode("utf-8", "replace")


def _inside(folder: Path, name: object) -> Path:
    """A file that MLmodel names. Raises Refusal where it would lie outside of the folder."""
    file = folder / name if isinstance(name, str) and name else folder
    if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
        raise Refusal(
            f"MLmodel names the file '{plain(str(name), 100)}', which is not in its folder; save the model again."
        )
    return file


def _named(requirement: str) -> str:
    found = _REQUIREMENT.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def _requirements(folder: Path, *, mlflow: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a project can ask for, without MLflow where nothing of it needs that; and the rest."""
    path = folder / "requirements.txt"
    lines = [line.split("#")[0].strip() for line in _text(path).splitlines()] if path.is_file() else []
    taken: list[str] = []
    left: list[str] = []
    for line in filter(None, lines):
        fits = _REQUIREMENT.fullmatch(line) and (mlflow or not _named(line).startswith("mlflow"))
        (taken if fits else left).append(plain(line, 200))
    return tuple(taken), tuple(left)


def _features(document: Mapping[str, Any], folder: Path) -> tuple[str, ...] | None:
    """The columns that the signature names, or the example of an input; None where neither does."""
    signature = document.get("signature")
    inputs = _json(signature.get("inputs")) if isinstance(signature, dict) else None
    names: Any = [each.get("name") for each in inputs if isinstance(each, dict)] if isinstance(inputs, list) else None
    if not names or not all(isinstance(each, str) for each in names):
        path = folder / "input_example.json"
        example = _json(_text(path)) if path.is_file() else None
        names = example.get("columns") if isinstance(example, dict) else None
    if not isinstance(names, list) or not 0 < len(names) <= _MOST_FEATURES:
        return None
    if not all(isinstance(each, str) and not text_problem(each, 1000) for each in names):
        return None
    return tuple(dict.fromkeys(names))


def _json(text: object) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _python(flavours: Mapping[str, Any]) -> str | None:
    generic = flavours.get("python_function")
    said = generic.get("python_version") if isinstance(generic, dict) else None
    found = re.match(r"(3\.(?:9|1[0-9]))(?:\.|$)", said) if isinstance(said, str) else None
    return found[1] if found else None
