"""The Open Inference Protocol, version 2, over HTTP, so that clients which exist need no other.

https://github.com/open-inference-protocol/open-inference-protocol: a request has a tensor for each feature, of a shape
[rows] or [rows, 1]; an answer has one for each output. The extension for binary tensors is spoken too, for the clients
use it unless they are told not to. Only the live version answers: what a request names is compared with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.serving import tensors
from engine.serving.asking import Prepared
from engine.serving.columns import Column
from engine.serving.exchange import Answer, Asked, Unanswered, document, written
from engine.serving.form import Form, Rows
from engine.serving.json_text import doubled, loaded
from engine.serving.routes import Target
from engine.serving.scoring import Scoring
from engine.text import plain
from engine.validation.schema import type_in

if TYPE_CHECKING:
    from engine.serving.failover import Given

BINARY = "application/octet-stream"
JSON_LENGTH = "inference-header-content-length"
TYPES = {
    "integer": "INT64", "duration": "INT64", "number": "FP64", "decimal": "FP64", "empty": "FP64", "yes/no": "BOOL",
}  # fmt: skip
_TEXT = "BYTES"
_SHOWN = 60


class InferenceProtocol:
    """The handlers of its addresses."""

    def __init__(self, scoring: Scoring, projects: Callable[[], Sequence[str]]) -> None:
        self._scoring, self._projects = scoring, projects

    def server(self, target: Target, asked: Asked) -> Answer:
        """``/v2``."""
        from importlib.metadata import version

        return document({"name": "leverframe", "version": version("leverframe"), "extensions": ["binary_tensor_data"]})

    def live(self, target: Target, asked: Asked) -> Answer:
        """``/v2/health/live``: this process answers."""
        return document({"live": True})

    def ready(self, target: Target, asked: Asked) -> Answer:
        """``/v2/health/ready``: each project that answers requests has its live version ready."""
        for project in self._projects():
            self._scoring.prepared(project)
        return document({"ready": True})

    def model(self, target: Target, asked: Asked) -> Answer:
        """``/v2/models/{project}``: its columns, as tensors."""
        prepared = self._named(target)
        held, form = prepared.held, prepared.form
        return document(
            {
                "name": target.project,
                "versions": [_number(prepared)],
                "platform": f"leverframe_{held.scorer.maker}",
                "inputs": [_input(each) for each in form.features],
                "outputs": [
                    {"name": name, "datatype": _predicted(prepared) if name == "prediction" else "FP64", "shape": [-1]}
                    for name in held.scorer.outputs
                ],
            }
        )

    def model_ready(self, target: Target, asked: Asked) -> Answer:
        """``/v2/models/{project}/ready``."""
        return document({"name": target.project, "ready": bool(self._named(target))})

    def infer(self, target: Target, asked: Asked) -> Answer | Awaitable[Answer]:
        """``/v2/models/{project}/infer``."""
        self._named(target)
        wish = _Wish()
        return self._scoring.answer(target.project, asked, wish.read, wish.write)

    def _named(self, target: Target) -> Prepared:
        prepared = self._scoring.prepared(target.project)
        if target.version and target.version != _number(prepared):
            said = f"{prepared.held.label} is the live version, and it alone answers; name it, or none."
            raise Unanswered(404, said)
        return prepared


def _number(prepared: Prepared) -> str:
    return prepared.held.label.rpartition("@")[2]


def _predicted(prepared: Prepared) -> str:
    """The type of a prediction: where there are classes, that of the target, which is one of them."""
    held = prepared.held
    if held.scorer.outputs == ("prediction",):
        return "FP64"
    kind = type_in(held.document.schema, str(held.document.settings.get("data", {}).get("target", "")))
    return TYPES.get(kind or "", _TEXT)


def _input(column: Column) -> dict[str, Any]:
    return {"name": column.name, "datatype": TYPES.get(column.kind, _TEXT), "shape": [-1]}


class _Wish:
    """One request, from its reading to its answer."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._outputs: dict[str, bool] = {}  # by name, whether in binary
        self._binary = False

    def read(self, form: Form, asked: Asked) -> Rows:
        """Its rows. Raises Unanswered."""
        said, binary = _parts(asked)
        content = loaded(said)
        if not isinstance(content, dict):
            raise Unanswered(400, "The request is no object.")
        if (twice := doubled(content)) is not None:
            raise Unanswered(400, f"The request has '{plain(twice, 60)}' twice in one object; write it once.")
        name = content.get("id")
        if name is not None and not (isinstance(name, str) and len(name) <= 200):
            raise Unanswered(400, "'id' is no text of at most 200 characters.")
        self._id = name
        self._wanted(content)
        given = content.get("inputs")
        if not isinstance(given, list) or not given:
            raise Unanswered(422, "'inputs' is no list of tensors; send one for each feature.")
        if len(given) > 2 * (len(form.features) + len(form.keys)) + 16:
            raise Unanswered(422, f"There are {len(given):,} tensors; the version has {len(form.features):,} features.")
        columns: dict[str, Any] = {}
        for each in given:
            name, values, binary = tensors.read(each, binary, form.most)
            if name in columns:
                raise Unanswered(422, f"The tensor '{plain(name, _SHOWN)}' stands there twice.")
            columns[name] = values
        if binary:
            raise Unanswered(400, f"{len(binary):,} bytes of the body belong to no tensor.")
        return form.of_columns(columns)

    def _wanted(self, content: dict[str, Any]) -> None:
        about = content.get("parameters")
        self._binary = isinstance(about, dict) and about.get("binary_data_output") is True
        wanted = content.get("outputs", [])
        if not isinstance(wanted, list) or len(wanted) > 1000:
            raise Unanswered(400, "'outputs' is no list of outputs.")
        for each in wanted:
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                raise Unanswered(400, "An output has no name.")
            own = each.get("parameters")
            binary = own.get("binary_data", self._binary) if isinstance(own, dict) else self._binary
            self._outputs[each["name"]] = binary is True

    def write(self, prepared: Prepared, given: Given, rows: Rows, asked: Asked) -> Answer:
        """The answer. Raises Unanswered for an output that there is not."""
        names = self._outputs or dict.fromkeys(given.outputs, self._binary)
        for name in names:
            if name not in given.outputs:
                there = ", ".join(given.outputs[:8])
                raise Unanswered(422, f"There is no output '{plain(name, _SHOWN)}'; there are {plain(there, 300)}.")
        project, _, number = given.label.rpartition("@")
        content: dict[str, Any] = {
            "model_name": project,
            "model_version": number,
            "parameters": {"digest": given.digest, "fallback": given.fallback or "", "role": given.role},
            "outputs": [],
        }
        if self._id is not None:
            content["id"] = self._id
        parts = []
        for name, binary in names.items():
            place = given.outputs.index(name)
            tensor, part = tensors.written(name, [each[place] for each in given.answers], binary)
            content["outputs"].append(tensor)
            parts.append(part)
        head = written(content)
        if not any(names.values()):
            return Answer(200, head)
        return Answer(200, b"".join((head, *parts)), BINARY, {"Inference-Header-Content-Length": str(len(head))})


def _parts(asked: Asked) -> tuple[bytes, bytes]:
    """The JSON of a request, and the bytes of its tensors behind it."""
    said = asked.heads.get(JSON_LENGTH)
    if said is None:
        return asked.body, b""
    if not (said.isascii() and said.isdigit() and len(said) < 12 and int(said) <= len(asked.body)):
        raise Unanswered(400, "'Inference-Header-Content-Length' is no length of a part of the body.")
    return asked.body[: int(said)], asked.body[int(said) :]
