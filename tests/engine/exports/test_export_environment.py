"""The export environment: every pin of the version's lock stays, or the sentence says what cannot live with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.environments.python.lock import Lock, parse_lock, resolve
from engine.errors import Refusal
from engine.exports import environment
from engine.exports.environment import export_lock
from engine.exports.targets import target


def locked(tmp_path: Path, requirements: str) -> Lock:
    asked = tmp_path / "requirements.txt"
    asked.write_text(requirements, "utf-8")
    return resolve(asked, None, tmp_path / "cache")


def test_the_converter_comes_beside_the_packages_of_the_version(tmp_path: Path) -> None:
    lock = locked(tmp_path, "numpy==2.2.6\nscikit-learn==1.7.2\n")
    made = export_lock(lock, target("onnx"), "tiny@1", tmp_path, tmp_path / "cache")
    assert set(lock.packages) <= set(made.packages), "every pin is kept"
    assert {"skl2onnx", "onnxruntime", "pyarrow"} <= {each.name for each in made.packages}
    assert made.digest != lock.digest


def test_what_cannot_live_with_the_converter_is_a_clear_reason(tmp_path: Path) -> None:
    lock = locked(tmp_path, "skl2onnx==1.17.0\n")
    with pytest.raises(Refusal) as refused:
        export_lock(lock, target("onnx"), "tiny@1", tmp_path, tmp_path / "cache")
    said = str(refused.value)
    assert said.startswith("tiny@1 cannot be converted to ONNX with the packages that it was made with: ")
    assert "skl2onnx==1.17.0" in said and "skl2onnx==1.20.0" in said and "Retrain" in said


def test_a_package_that_would_have_to_be_another_version_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should a registry's resolver ever move a pin: the model is read by what wrote it, or not at all."""
    lines = [f"numpy=={each} --hash=sha256:{'a' * 64}\n" for each in ("2.2.6", "2.4.0")]
    lock, other = (parse_lock(line, "3.11.7", "any") for line in lines)
    monkeypatch.setattr(environment, "resolve", lambda *_, **__: other)
    with pytest.raises(Refusal, match=r"cannot be converted to ONNX: its numpy 2\.2\.6 would have to be another"):
        export_lock(lock, target("onnx"), "tiny@1", tmp_path, tmp_path / "cache")
