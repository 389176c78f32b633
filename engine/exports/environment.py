"""The export environment: the version's own packages, every one as it was locked, with the converter's beside them.

A model is read by the library that wrote it, so that its pins are kept: what cannot live with them cannot convert it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.environments.kind import kind_of
from engine.environments.python.lock import Lock as PythonLock
from engine.environments.python.lock import resolve
from engine.environments.records import Lock
from engine.errors import Refusal
from engine.exports.targets import Target

if TYPE_CHECKING:
    from engine.environments.records import Environment
    from engine.storage.workspace import Workspace


def export_lock(lock: Lock, target: Target, label: str, folder: Path, cache: Path) -> Lock:
    """The lock of the environment that ``target`` is made in. ``folder``: for the file that says what is asked for.

    Raises Refusal where the converter cannot be had with the packages of the version.
    """
    if lock.kind != "python":
        raise Refusal(
            f"{label} has an environment of the kind {lock.kind}, and only models of Python projects can be exported; "
            "have its callers score through the version itself."
        )
    asked = folder / "requirements.txt"
    asked.write_text("\n".join([lock.text, *target.packages, ""]), "utf-8")
    try:
        made = resolve(asked, _python(lock), cache, called=f"what {label} and the converter to {target.words} need")
    except Refusal as refused:
        said = str(refused).rstrip(".")
        raise Refusal(
            f"{label} cannot be converted to {target.words} with the packages that it was made with: {said[:1].lower()}"
            f"{said[1:]}. Retrain with packages that the converter takes ({', '.join(target.packages)}), and export "
            "that version."
        ) from None
    kept = {(each.name, each.version) for each in made.packages}
    lost = [f"{each.name} {each.version}" for each in lock.packages if (each.name, each.version) not in kept]
    if lost:
        raise Refusal(
            f"{label} cannot be converted to {target.words}: its {lost[0]} would have to be another version, and its "
            "model is read by what wrote it; retrain with packages that the converter takes."
        )
    return made


def _python(lock: Lock) -> str:
    assert isinstance(lock, PythonLock)
    return lock.python


def built(lock: Lock, workspace: Workspace) -> Environment:
    """The environment, built where it is missing. Raises Refusal."""
    environment: Environment = kind_of(lock).build(lock, workspace.environments)
    return environment
