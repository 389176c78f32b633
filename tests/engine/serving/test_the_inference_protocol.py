"""The Open Inference Protocol, version 2: a tensor for each feature, in JSON or in bytes, as its clients send them."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from engine.serving.exchange import Answer
from tests.engine.serving.serving_fakes import Echo, Place, held, place

INFER = "/v2/models/gems/infer"
NAMES = ("carat", "cut: grade", "stones", "set", "listed")
TENSORS: list[dict[str, Any]] = [
    {"name": "carat", "shape": [2], "datatype": "FP64", "data": [0.3, 2.0]},
    {"name": "cut: grade", "shape": [2, 1], "datatype": "BYTES", "data": [["Ideal"], ["Odd"]]},
    {"name": "stones", "shape": [2], "datatype": "INT64", "data": [1, 2]},
    {"name": "set", "shape": [2], "datatype": "BOOL", "data": [True, False]},
    {"name": "listed", "shape": [2], "datatype": "BYTES", "data": [None, None]},
]


def infer(tensors: Any, there: Place | None = None, path: str = INFER, **more: Any) -> Answer:
    return (there or place()).ask("POST", path, json.dumps({"inputs": tensors, **more}).encode())


def changed(place: int, **values: Any) -> list[dict[str, Any]]:
    return [{**each, **values} if number == place else each for number, each in enumerate(TENSORS)]


def test_a_tensor_for_each_feature_is_answered_with_one_for_each_output() -> None:
    there = place()
    answer = infer(TENSORS, there, id="mine")
    assert json.loads(answer.body) == {
        "model_name": "gems", "model_version": "3", "id": "mine",
        "parameters": {"digest": "3" * 64, "fallback": "", "role": "live"},
        "outputs": [
            {"name": "prediction", "datatype": "FP64", "shape": [2], "data": [0.3, 2.0]},
            {"name": "p_of rows", "datatype": "FP64", "shape": [2], "data": [2.0, 2.0]},
        ],
    }  # fmt: skip
    assert there.noted[0].rows == [(0.3, "Ideal", 1, True, None), (2.0, "Odd", 2, False, None)]


def test_the_same_in_bytes_is_answered_alike_and_in_bytes_where_that_is_asked_for() -> None:
    texts = b"".join(struct.pack("<I", len(each)) + each for each in (b"Ideal", b"Odd"))
    parts = [struct.pack("<2d", 0.3, 2.0), texts, struct.pack("<2q", 1, 2), struct.pack("<2?", True, False)]
    tensors: list[dict[str, Any]] = [
        {"name": each["name"], "shape": each["shape"], "datatype": each["datatype"],
         "parameters": {"binary_data_size": len(part)}}
        for each, part in zip(TENSORS[:4], parts, strict=True)
    ]  # fmt: skip
    outputs = [{"name": "p_of rows", "parameters": {"binary_data": True}}, {"name": "prediction"}]
    head = json.dumps({"inputs": [*tensors, TENSORS[4]], "outputs": outputs}).encode()
    there = place()
    answer = there.ask(
        "POST", INFER, head + b"".join(parts), content_type="application/octet-stream",
        inference_header_content_length=str(len(head)),
    )  # fmt: skip
    assert answer.status == 200, answer.body
    length = int(answer.heads["Inference-Header-Content-Length"])
    said, behind = json.loads(answer.body[:length]), answer.body[length:]
    assert [each["name"] for each in said["outputs"]] == ["p_of rows", "prediction"]
    assert said["outputs"][0]["parameters"] == {"binary_data_size": 16} and struct.unpack("<2d", behind) == (2.0, 2.0)
    assert said["outputs"][1]["data"] == [0.3, 2.0]
    assert there.noted[0].rows == [(0.3, "Ideal", 1, True, None), (2.0, "Odd", 2, False, None)]


def test_a_client_that_does_not_say_what_it_sends_is_answered_too() -> None:
    body = json.dumps({"inputs": TENSORS}).encode()
    assert place().ask("POST", INFER, body, content_type="").status == 200
    assert place().ask("POST", INFER, body, content_type="text/plain").status == 415


def test_a_gap_in_bytes_is_nan() -> None:
    tensor = {"name": "carat", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}
    head = json.dumps({"inputs": [tensor, *TENSORS[1:]]}).encode()
    body = head + struct.pack("<2f", 0.5, float("nan"))
    answer = place().ask("POST", INFER, body, inference_header_content_length=str(len(head)))
    assert answer.status == 422 and json.loads(answer.body)["wrong"][0]["said"].startswith("is null")


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), 1e300])
@pytest.mark.parametrize("name", ["carat", "stones"])
def test_numbers_that_bytes_have_and_no_column_takes_are_told(name: str, number: float) -> None:
    tensors = [each for each in TENSORS if each["name"] != name]
    tensors.append({"name": name, "shape": [2], "datatype": "FP64", "parameters": {"binary_data_size": 16}})
    head = json.dumps({"inputs": tensors}).encode()
    body = head + struct.pack("<2d", 1.0, number)
    answer = place().ask("POST", INFER, body, inference_header_content_length=str(len(head)))
    if name == "carat" and number == 1e300:
        assert answer.status == 200
    else:
        assert (answer.status, json.loads(answer.body)["wrong"][0]["said"]) == (422, "is a number out of range")


@pytest.mark.parametrize("twice", ["inputs", "name", "data", "binary_data"])
def test_a_name_that_stands_twice_in_any_object_is_found(twice: str) -> None:
    body = json.dumps({"inputs": changed(0, parameters={"binary_data": False})})
    where = body.index(f'"{twice}": ')
    told = place().ask("POST", INFER, f'{body[:where]}"{twice}": 1, {body[where:]}'.encode())
    assert (told.status, json.loads(told.body)["error"]) == (
        400, f"The request has '{twice}' twice in one object; write it once."
    )


@pytest.mark.parametrize(
    ("tensors", "status", "said"),
    [
        ([], 422, "'inputs' is no list of tensors"),
        ("x", 422, "'inputs' is no list of tensors"),
        ([3], 422, "A tensor in 'inputs' has no name"),
        (changed(0, datatype="FP65"), 422, "has no datatype that is known"),
        (changed(0, datatype={}), 422, "has no datatype that is known"),
        (changed(0, shape=[1, 2]), 422, "has a shape other than"),
        (changed(0, shape=[-1]), 422, "has a shape other than"),
        (changed(0, shape=[10**9]), 413, "has 1,000,000,000 rows"),
        (changed(0, data=[1.0]), 422, "has 1 values for 2 rows"),
        (changed(0, data=None), 422, "has no data"),
        (changed(0, data=["x", 1]), 422, "Row 0: 'carat' is a text"),
        (changed(0, parameters={"binary_data_size": 8}), 422, "has data, and a binary_data_size; send one of both"),
        ([*TENSORS, TENSORS[0]], 422, "'carat' stands there twice"),
        (TENSORS[1:], 422, "'carat' is missing"),
        (changed(0, name="karat"), 422, "did you mean 'carat'"),
        (TENSORS * 20, 422, "There are 100 tensors; the version has 5 features"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tensors: Any, status: int, said: str) -> None:
    answer = infer(tensors)
    assert answer.status == status and said in json.loads(answer.body)["error"], answer.body


@pytest.mark.parametrize("length", ["-1", "x", "99999", "1" * 20])
def test_a_length_that_the_body_has_not_is_told(length: str) -> None:
    assert place().ask("POST", INFER, b"{}", inference_header_content_length=length).status == 400


def test_bytes_that_belong_to_no_tensor_are_told() -> None:
    head = json.dumps({"inputs": TENSORS}).encode()
    answer = place().ask("POST", INFER, head + b"xx", inference_header_content_length=str(len(head)))
    assert answer.status == 400 and b"2 bytes of the body belong to no tensor" in answer.body


@pytest.mark.parametrize(
    ("data", "said"), [(b"\xff\x00\x00\x00abc", "ends within a text"), (b"\x01\x00\x00\x00\xff", "not UTF-8")]
)
def test_texts_in_bytes_are_read_within_their_bounds(data: bytes, said: str) -> None:
    tensor = {"name": "cut: grade", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    answer = place().ask("POST", INFER, head + data, inference_header_content_length=str(len(head)))
    assert answer.status == 400 and said in answer.body.decode()


def test_an_output_that_there_is_not_is_told() -> None:
    answer = infer(TENSORS, outputs=[{"name": "p_x"}])
    assert answer.status == 422 and b"There is no output 'p_x'; there are prediction, p_of rows" in answer.body


def test_only_the_live_version_answers_by_its_number() -> None:
    assert infer(TENSORS, path="/v2/models/gems/versions/3/infer").status == 200
    answer = infer(TENSORS, path="/v2/models/gems/versions/2/infer")
    assert answer.status == 404 and b"gems@3 is the live version" in answer.body
    assert place().ask("GET", "/v2/models/gems/versions/2/ready").status == 404


def test_a_model_says_what_it_takes_and_gives() -> None:
    said = json.loads(place().ask("GET", "/v2/models/gems").body)
    assert (said["name"], said["versions"], said["platform"]) == ("gems", ["3"], "leverframe_compiled")
    assert [(each["name"], each["datatype"]) for each in said["inputs"]] == list(
        zip(NAMES, ("FP64", "BYTES", "INT64", "BOOL", "BYTES"), strict=True)
    )
    assert [each["datatype"] for each in said["outputs"]] == ["BYTES", "FP64"]

    class Alone(Echo):
        outputs = ("prediction",)

    alone = json.loads(Place(held(scorer=Alone())).ask("GET", "/v2/models/gems").body)
    assert alone["outputs"] == [{"name": "prediction", "datatype": "FP64", "shape": [-1]}]


def test_the_server_says_that_it_lives_and_is_ready() -> None:
    there = place()
    assert json.loads(there.ask("GET", "/v2").body)["name"] == "leverframe"
    assert json.loads(there.ask("GET", "/v2/models/gems/ready").body) == {"name": "gems", "ready": True}
    assert there.ask("GET", "/v2/models/other").status == 404


def test_texts_and_numbers_are_answered_as_what_they_are() -> None:
    class Words(Echo):
        outputs = ("prediction", "p_a", "n", "yes")

        def answer(self, rows: Any) -> list[tuple[Any, ...]]:
            return [("Ä", None, 3, True) for _ in rows]

    there = Place(held(scorer=Words()))
    said = json.loads(infer(TENSORS, there).body)["outputs"]
    assert [(each["datatype"], each["data"][0]) for each in said] == [
        ("BYTES", "Ä"), ("FP64", None), ("INT64", 3), ("BOOL", True),
    ]  # fmt: skip
    answer = infer(TENSORS, there, parameters={"binary_data_output": True})
    behind = answer.body[int(answer.heads["Inference-Header-Content-Length"]) :]
    assert behind[:12] == b"\x02\x00\x00\x00\xc3\x84" * 2 and behind[-2:] == b"\x01\x01"
    assert struct.unpack("<2q", behind[-18:-2]) == (3, 3)
