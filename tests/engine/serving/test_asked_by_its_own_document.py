"""Requests drawn from the document that the server gives of itself, right ones and wrong ones, by schemathesis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.engine.serving.http_place import HttpPlace
from tests.engine.serving.serving_fakes import Place, place

# What the document cannot say (columns of one length, tensors with the names of features) is told with 422.
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCORE, INFER = "POST /projects/gems/score", "POST /v2/models/gems/infer"
# The same requests each time: what fails here fails again.
DRAWN = settings(
    derandomize=True, database=None, deadline=None, max_examples=40, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def there() -> Place:
    return place()


@pytest.fixture
def address(there: Place) -> Iterator[str]:
    served = HttpPlace(there.app)
    yield f"http://127.0.0.1:{served.port}"
    served.close()


@pytest.fixture
def document(address: str) -> BaseSchema:
    with urlopen(f"{address}/openapi.json", timeout=60) as answer:
        return schemathesis.openapi.from_dict(json.load(answer))


def statuses(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, address: str) -> set[int]:
    """With which ones it answered what was drawn for it."""
    seen: set[int] = set()

    @DRAWN
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Case[Any]) -> None:
        seen.add(case.call_and_validate(base_url=address, checks=CHECKS, timeout=60).status_code)

    one()
    return seen


def asked(document: BaseSchema, address: str, mode: GenerationMode, *labels: str) -> dict[str, set[int]]:
    operations = [each.ok() for each in document.get_all_operations() if isinstance(each, Ok)]
    return {each.label: statuses(each, mode, address) for each in operations if not labels or each.label in labels}


def test_what_the_document_allows_is_answered_as_it_says(there: Place, document: BaseSchema, address: str) -> None:
    found = asked(document, address, GenerationMode.POSITIVE)
    assert 200 in found[SCORE] and 422 in found[INFER]
    assert max(max(seen) for seen in found.values()) < 500 and not there.kept


def test_what_it_does_not_allow_is_refused_as_it_says(there: Place, document: BaseSchema, address: str) -> None:
    # Tensors are drawn in a file of their own: of a body in bytes the document cannot say what is wrong.
    seen = asked(document, address, GenerationMode.NEGATIVE, SCORE)[SCORE]
    assert {400, 422} & seen and seen <= {400, 413, 422} and not there.kept
    assert not any(each.answers for each in there.noted)
