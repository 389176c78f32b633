"""The document of the API (OpenAPI 3.1), made from what is live: each project's columns with what they take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.serving.asking import Prepared
from engine.serving.columns import LEAST, MOST, Column
from engine.serving.exchange import JSON
from engine.serving.routes import Route

_PROJECT, _VERSION = "{project}", "{version}"
_JSON: Mapping[str, Any] = {
    "integer": {"type": "integer", "minimum": LEAST, "maximum": MOST},
    "duration": {"type": "integer", "minimum": LEAST, "maximum": MOST},
    "number": {"type": "number"},
    "decimal": {"type": "number"},
    "yes/no": {"type": "boolean"},
    "text": {"type": "string"},
    "empty": {"type": "null"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string"},
    "time with zone": {"type": "string", "format": "date-time"},
    "time of day": {"type": "string"},
}
_SAID = {
    400: "It cannot be read.", 401: "No token that opens this.", 403: "The token does not open this.",
    404: "It is not there.", 405: "Another method.", 408: "It did not come to its end in time.",
    413: "Too large, or too many rows.", 415: "Not JSON in UTF-8.", 421: "Asked under another name.",
    422: "Rows that do not fit the version: which, where, and what is allowed.", 429: "Too many wait; try again.",
    500: "Leverframe itself failed.", 503: "No version is live or gives an answer now; try again.",
}  # fmt: skip


def described(routes: Iterable[Route], projects: Mapping[str, Prepared], *, tokens: bool) -> dict[str, Any]:
    """The whole document. ``projects``: those that answer, each with its live version."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        of = projects if _PROJECT in route.path else {"": None}
        for name, prepared in of.items():
            described = _scoring(prepared, tokens) if prepared is not None and route.path.endswith("/score") else None
            operation = described or _any(route, prepared, tokens)
            paths.setdefault(route.path.replace(_PROJECT, name), {})[route.method.lower()] = operation
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Leverframe", "version": "1", "description": "Answers of the versions that are live."},
        "paths": paths,
        "components": {"schemas": {"Refused": _refused()}},
    }
    if tokens:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return found


def _any(route: Route, prepared: Prepared | None, tokens: bool) -> dict[str, Any]:
    """A route whose document is its address and what it may answer."""
    kind = "text/plain" if route.path in ("/healthz", "/metrics") else JSON
    answers = _answers({"description": "The answer.", "content": {kind: {}}}, body=bool(route.kinds))
    operation: dict[str, Any] = {"responses": answers}
    if prepared is not None and _VERSION in route.path:
        live = {"type": "string", "enum": [prepared.held.label.rpartition("@")[2]]}
        operation["parameters"] = [{"name": "version", "in": "path", "required": True, "schema": live}]
    if route.kinds:
        operation["requestBody"] = {"required": True, "content": {each: {} for each in route.kinds if each}}
    if tokens and route.scope is not None:
        operation["security"] = [{"token": []}]
    return operation


def _scoring(prepared: Prepared, tokens: bool) -> dict[str, Any]:
    held, form = prepared.held, prepared.form
    answer = {
        "type": "object",
        "required": ["version", "digest", "fallback", "role", "predictions", "told"],
        "properties": {
            "version": {"type": "string"},
            "digest": {"type": "string"},
            "fallback": {"enum": [None, "live", "previous", "rule"]},
            "role": {"enum": ["live", "canary"]},
            "predictions": {
                "type": "array",
                "items": {"type": "object", "properties": {name: {} for name in held.scorer.outputs}},
            },
            "told": {"type": "array", "items": {"type": "object"}},
        },
    }
    records = {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {
            "records": {
                "type": "array", "minItems": 1, "maxItems": form.most,
                "items": _record(form.features, form.keys, lambda each: each),
            }
        },
    }  # fmt: skip
    columns = {
        "type": "object",
        "required": ["columns"],
        "additionalProperties": False,
        "properties": {
            "columns": _record(
                form.features, form.keys,
                lambda each: {"type": "array", "minItems": 1, "maxItems": form.most, "items": each},
            )
        },
    }  # fmt: skip
    operation: dict[str, Any] = {
        "summary": f"Answers by {held.label}",
        "requestBody": {"required": True, "content": {JSON: {"schema": {"oneOf": [records, columns]}}}},
        "responses": _answers({"description": "The answer.", "content": {JSON: {"schema": answer}}}, body=True),
    }
    if tokens:
        operation["security"] = [{"token": []}]
    return operation


def _record(features: Sequence[Column], keys: Sequence[Column], around: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [each.name for each in features],
        "additionalProperties": False,
        "properties": {each.name: around(_column(each)) for each in (*features, *keys)},
    }


def _column(column: Column) -> dict[str, Any]:
    kind = dict(_JSON[column.kind])
    if column.nullable and column.kind != "empty":
        kind["type"] = [kind["type"], "null"]
    if column.known is not None:
        kind["description"] = f"Takes {column.allowed}."
    return kind


def _answers(good: dict[str, Any], *, body: bool) -> dict[str, Any]:
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}
    wanted = {status: said for status, said in _SAID.items() if body or status not in (408, 413, 415, 422)}
    return {"200": good, **{str(each): {"description": said, "content": refused} for each, said in wanted.items()}}


def _refused() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {"type": "string"},
            "wrong": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["row", "column", "value", "said", "allowed"],
                    "properties": {
                        "row": {"type": ["integer", "null"]},
                        "column": {"type": ["string", "null"]},
                        "value": {},
                        "said": {"type": "string"},
                        "allowed": {"type": "string"},
                    },
                },
            },
            "more": {"type": "integer"},
        },
    }
