"""Rules that span a manifest: between its sections, and between it and the columns that extract returned. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from engine.errors import Refusal
from engine.projects.manifest.fields import Mistakes, nearest, shown
from engine.projects.manifest.lines import Path
from engine.projects.manifest.records import (
    UNREADABLE,
    ComputeSpec,
    DataSpec,
    EnvironmentSpec,
    LearnSpec,
    Manifest,
    Program,
    TrainSpec,
    ValidationSpec,
)
from engine.vocabulary.steps import CONTRACTS, LEARN_ROWS, SCORE_ROWS


def cross_check(
    page: Mistakes, data: DataSpec, train: TrainSpec, judged: ValidationSpec, compute: ComputeSpec | None = None
) -> None:
    """Note what contradicts itself: each section is right alone, and together they are not."""
    _roles(page, data)
    if isinstance(judged.holdout, timedelta) and data.time is None:
        page.mistake(("validation", "holdout"), "is a length of time, and [data] time does not name the event time.")
    if train.window is not None and data.time is None:
        page.mistake(("train", "window"), "is a length of time, and [data] time does not name the event time.")
    for index, column in enumerate(judged.segments):
        path: Path = ("validation", "segments", index)
        if column in data.sensitive:
            page.mistake(path, f"names {shown(column)}, which is sensitive and may not be in a report.")
        elif column == data.target:
            page.mistake(path, f"names {shown(column)}, which is the target; a segment is known before the outcome.")
    _known_before(page, data, judged)
    if judged.positive is not None and judged.task in ("multiclass", "regression"):
        page.mistake(("validation", "positive"), f"has no meaning for a {judged.task} task; leave it out.")
    if compute is not None and train.imported is not None:
        page.mistake(("compute",), "sends train to a cluster, and [train] import is a model that is trained already.")
    elif compute is not None and compute.mode == "joblib" and train.run.command is not None:
        page.mistake(("compute", "mode"), "is 'joblib', and [train] run is a command; use 'step', or name a function.")


def check_kind(
    page: Mistakes,
    around: EnvironmentSpec,
    data: DataSpec,
    train: TrainSpec,
    learner: LearnSpec,
    compute: ComputeSpec | None,
) -> None:
    """Note what only Python can do, where the environment is of another kind."""
    if around.kind == "python":
        return
    sections: dict[str, DataSpec | TrainSpec | LearnSpec] = {"data": data, "train": train}
    sections[LEARN_ROWS.section] = learner
    for contract in CONTRACTS:
        program: Program | None = getattr(sections[contract.section], contract.key)
        if program is not None and program.callable is not None and program != UNREADABLE:
            said = f"is a Python function, and [environment] kind is {shown(around.kind)}"
            page.mistake((contract.section, contract.key), f'{said}; write {{ command = ["program", "argument"] }}.')
    if train.imported is not None and train.score is None:
        said = f"is missing; only Python scores a model by itself, and [environment] kind is {shown(around.kind)}"
        page.mistake((SCORE_ROWS.section, SCORE_ROWS.key), f'{said}; write {{ command = ["program", "argument"] }}.')
    if learner.asked and learner.run is None:
        said = f"is missing; only Python's models have partial_fit, and [environment] kind is {shown(around.kind)}"
        page.mistake(("learn", "run"), f'{said}; write {{ command = ["program", "argument"] }}.')
    if compute is not None:
        page.mistake(("compute",), f"brings Python to the workers of a cluster, and kind is {shown(around.kind)}.")


def check_learn(page: Mistakes, data: DataSpec, train: TrainSpec, learner: LearnSpec) -> None:
    """Note what a learner lacks: a label finds its row by the key, and rows that were learnt are told by their time."""
    if not learner.asked:
        return
    if not data.key:
        page.mistake(("learn",), "needs [data] key, by which a label finds its row.")
    if data.time is None:
        page.mistake(("learn",), "needs [data] time, which says what was learnt already.")
    if train.imported is not None:
        page.mistake(("learn",), "has no meaning beside [train] import, a model that was trained elsewhere.")
    if train.score is not None and learner.run is None:
        said = "is missing; a model with a score of its own (that of [train]) is known to the project alone"
        page.mistake(("learn", "run"), f'{said}; write run = "module:function".')


def _known_before(page: Mistakes, data: DataSpec, judged: ValidationSpec) -> None:
    """What is known before is a feature, or there is nothing to say about it."""
    kept_back = {data.target: "the target", data.time: "the event time"}
    for role, names in (("key", data.key), ("exclude", data.exclude), ("sensitive", data.sensitive)):
        kept_back |= dict.fromkeys(names, f"in [data] {role}")
    for index, column in enumerate(judged.known_before):
        path: Path = ("validation", "known_before", index)
        if data.features is not None:
            if column not in data.features:
                said = nearest(column, data.features) or "."
                page.mistake(path, f"names {shown(column)}, which is not in [data] features{said}")
        elif column in kept_back:
            page.mistake(path, f"names {shown(column)}, which is {kept_back[column]} and no feature.")


def _roles(page: Mistakes, data: DataSpec) -> None:
    if data.target and data.target == data.time:
        page.mistake(("data", "time"), f"is {shown(data.time)}, which is the target too.")
    lists = {"key": data.key, "exclude": data.exclude, "sensitive": data.sensitive, "features": data.features or ()}
    for name, columns in lists.items():
        if data.target in columns:
            page.mistake(("data", name), f"names {shown(data.target)}, which is the target.")
    if data.labels is not None and not data.key:
        page.mistake(("data", "labels"), "needs [data] key: labels join the data by the columns that it names.")
    if data.since and not (data.key and data.time):
        page.mistake(("data", "since"), "needs [data] key and time: what is new is put to the rows before by these.")
    elif data.since and set(data.key) & set(data.sensitive):
        page.mistake(("data", "since"), "needs a key that is not sensitive, for the key is kept between looks.")
    if data.time is not None and data.time in data.sensitive:
        page.mistake(("data", "sensitive"), f"names {shown(data.time)}, which is the event time that versions keep.")
    for name in ("exclude", "sensitive"):
        for column in data.features or ():
            if column in lists[name]:
                page.mistake(("data", "features"), f"names {shown(column)}, which is in {name} too.")


def features_of(manifest: Manifest, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that train is given, in the order of the data, or of ``features`` where the manifest names them.

    Raises Refusal when a named feature is not among ``columns``, or when none is left.
    """
    data = manifest.data
    if data.features is not None:
        present = set(columns)
        for name in data.features:
            if name not in present:
                said = nearest(name, columns) or "."
                raise Refusal(f"[data] features names {shown(name)}, and the data has no such column{said}")
        return data.features
    kept_back = {data.target, data.time, *data.key, *data.exclude, *data.sensitive}
    features = tuple(name for name in columns if name not in kept_back)
    if not features:
        raise Refusal("No column is left to train on; look at [data] key, exclude and sensitive.")
    return features


def check_columns(manifest: Manifest, columns: Sequence[str]) -> tuple[str, ...]:
    """What does not fit between the manifest and the columns of the data, in words; () when all is well."""
    data = manifest.data
    complaints: list[str] = []
    seen: set[str] = set()
    twice: set[str] = set()
    for name in columns:
        (twice if name in seen else seen).add(name)
    complaints += [f"the column {shown(name)} is there more than once" for name in sorted(twice)]
    named: list[tuple[str, str]] = [("target", data.target)]
    named += [("time", data.time)] if data.time is not None else []
    for role, names in (
        ("key", data.key),
        ("exclude", data.exclude),
        ("sensitive", data.sensitive),
        ("features", data.features or ()),
        ("segments", manifest.validation.segments),
        ("known_before", manifest.validation.known_before),
    ):
        named += [(role, name) for name in names]
    for role, name in named:
        if name not in seen:
            complaints.append(f"{role} names {shown(name)}, and there is no such column{nearest(name, sorted(seen))}")
    return tuple(complaints)
