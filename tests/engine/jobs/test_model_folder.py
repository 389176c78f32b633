"""What train leaves is kept whole or refused by name: nothing of it is lost on the way into a version."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import StepFailed
from engine.jobs.retrain.model_folder import checked


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name has to be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link to a file": (lambda p: p.symlink_to("table.json"), "a link to 'table.json'"),
    "a link to a folder": (lambda p: p.symlink_to("parts"), "a link to 'parts'"),
    "a link that leads out": (lambda p: p.symlink_to("/etc/passwd"), "a link to '/etc/passwd'"),
    "a link to nothing": (lambda p: p.symlink_to("gone"), "a link to 'gone'"),
    "a pipe": (lambda p: os.mkfifo(p), "which is no file"),
    "a socket": (_socket, "which is no file"),
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "parts" / "deep").mkdir(parents=True)
    (folder / "table.json").write_text("[1]")
    (folder / "parts" / "deep" / "one").write_text("1")
    return folder


def test_files_in_folders_are_a_model_also_beside_a_folder_that_is_empty(model: Path) -> None:
    (model / "assets").mkdir()
    assert checked(model) == model


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("inside", ["", "parts/deep/"])
def test_what_no_version_keeps_is_refused_by_name(kind: str, inside: str, model: Path) -> None:
    make, what = ODD[kind]
    make(model / f"{inside}odd")
    with pytest.raises(StepFailed) as refused:
        checked(model)
    assert f"train left 'model/{inside}odd', {what}, and a version keeps files that can be read; have train" in str(
        refused.value
    )


def test_a_name_that_is_not_utf8_is_refused(model: Path) -> None:
    (model / os.fsdecode(b"\xff")).write_text("x")
    with pytest.raises(StepFailed, match="whose name is not UTF-8"):
        checked(model)


def test_a_file_that_cannot_be_read_is_refused(model: Path) -> None:
    with pytest.raises(StepFailed, match="'model/table.json', which cannot be read"):
        checked(model, readable=lambda path: path.name != "table.json")  # root reads everything


@pytest.mark.parametrize("what", ["nothing", "a link", "a file", "no file in it"])
def test_no_model_at_all_is_said_to_be_none(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    {
        "nothing": lambda: None,
        "a link": lambda: folder.symlink_to(tmp_path),
        "a file": lambda: folder.write_text("x"),
        "no file in it": lambda: folder.mkdir(),
    }[what]()
    with pytest.raises(StepFailed, match="train ended well but left no model"):
        checked(folder)
