"""What is wrong with where a project's code comes from, found without reading any of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source.code import holder
from engine.projects.source.svn import ABSENT
from engine.records import DoctorFinding
from engine.vocabulary.systems import FOLDER, SUBVERSION, UNHELD


def findings(name: str, path: str) -> Iterator[DoctorFinding]:
    """Told only where something is: the folder of the project ``name`` is gone, in nothing, or not to be read here."""
    folder = Path(path)
    came = folder.parts[-3:] == ("live", name, "code")  # As a bundle: its folder is whatever is live.
    if not folder.is_dir():
        said = f"the folder of {name}, {path}, is gone; retrains will fail until it is back"
        if came:
            said = f"the code of {name} is that of what is live, in {path}, and not there; retrains wait for approval"
        yield DoctorFinding(name, "watch", said)
        return
    try:
        system = holder(folder)
    except Refusal as refusal:
        yield DoctorFinding(name, "watch", str(refusal).rstrip("."))
        return
    if system == FOLDER and not came:  # Of a version's own code nobody can make a checkout.
        said = f"{UNHELD}, in {path}: who changed what is not known; put the folder under Git or Subversion"
        yield DoctorFinding(name, "watch", said)
    if system == SUBVERSION and shutil.which("svn") is None:
        yield DoctorFinding(name, "failing", f"svn is not on the PATH; {ABSENT}, {path}: no retrain can take its code")
