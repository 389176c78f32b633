"""An export's folder: written beside its name, flushed, then renamed, so that one with its name is whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.errors import Refusal
from engine.exports import pages
from engine.exports.onnx_metadata import with_metadata
from engine.exports.pages import About
from engine.exports.records import Made
from engine.json_records import write
from engine.storage.atomic import sync_folder
from engine.storage.disk import refused
from engine.versions.parity import Parity

_CALLERS = Path(__file__).resolve().with_name("callers")


def check_free(folder: Path) -> None:
    """Raises Refusal where something has that name, or where there is no folder for it to lie in."""
    if os.path.lexists(folder):
        raise Refusal(f"{folder} is there already, and an export overwrites nothing; name a folder that is not.")
    if not folder.absolute().parent.is_dir():
        raise Refusal(f"There is no folder {folder.absolute().parent} to put the export in; make it first.")


def contents(about: About, made: Made, parity: Parity) -> dict[str, bytes]:
    """Every file of the folder by name. The same version, converter and parity give the same bytes."""
    shown = json.dumps(write(parity), indent=1, sort_keys=True) + "\n"
    files = {
        "README.md": pages.readme(about, made, parity),
        "parity.txt": pages.parity_text(about, parity),
        "parity.json": shown,
        "export.json": json.dumps(_manifest(about, made, parity), indent=1, sort_keys=True) + "\n",
    }
    if about.target.kind == "onnx":
        found = {name: text.encode() for name, text in files.items()}
        found[about.target.file] = with_metadata(made.content, _metadata(about, made, parity))
        for path in _CALLERS.glob("*.txt"):
            found[path.stem] = path.read_bytes()
        return found
    query = made.content.decode("utf-8")
    files[about.target.file] = pages.sql_file(about, query, parity)
    files["example.sql"] = pages.example_sql(about, made, query)
    return {name: text.encode() for name, text in files.items()}


def _manifest(about: About, made: Made, parity: Parity) -> dict[str, object]:
    return {
        "version": about.label,
        "version_digest": about.digest,
        "kind": about.target.kind,
        "dialect": about.target.dialect,
        "model": made.model,
        "inputs": [write(each) for each in made.inputs],
        "classes": None if made.classes is None else list(made.classes),
        "packages": list(about.packages),
        "holds": parity.holds,
        "forced": about.forced,
    }


def _metadata(about: About, made: Made, parity: Parity) -> dict[str, str]:
    said = {
        "leverframe.version": about.label,
        "leverframe.digest": about.digest,
        "leverframe.parity": parity.sentence,
        "leverframe.holds": "true" if parity.holds else "false",
        "leverframe.classes": json.dumps(made.classes),
    }
    if about.forced is not None:
        said["leverframe.forced"] = f"{about.forced} (against it: {'; '.join(parity.why)})"
    return said


def digest_of(files: Mapping[str, bytes]) -> str:
    """One digest for all of them, names included."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return whole.hexdigest()


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write ``files`` beside ``folder``; the folder that ``publish`` gives its name. Raises Refusal."""
    beside = folder.absolute().with_name(f".{folder.name}.{os.urandom(6).hex()}.tmp")
    with refused(f"The export cannot be written beside {folder}"):
        beside.mkdir(mode=0o755)
        try:
            for name, content in files.items():
                with (beside / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            sync_folder(beside)
        except BaseException:
            discard(beside)
            raise
    return beside


def publish(beside: Path, folder: Path) -> None:
    """Give what ``write_folder`` wrote its name. Raises Refusal where something else took it meanwhile."""
    with refused(f"The export cannot be written to {folder}"):
        # A rename would replace an empty folder: it is asked for once more, as late as can be.
        check_free(folder)
        os.rename(beside, folder)
        sync_folder(folder.absolute().parent)


def discard(beside: Path) -> None:
    """Delete what did not get its name."""
    shutil.rmtree(beside, ignore_errors=True)
