"""Where a version that comes in is kept until it is proven: a folder of its own, with an object store of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from engine.bundles import contents
from engine.bundles.reading import OpenBundle
from engine.environments.keeping import build_from_kept
from engine.environments.kept_files import KeptFile, KeptFiles
from engine.environments.records import Environment, Lock, Supply
from engine.errors import Damage, NotFound, Refusal
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.release.proof import Ground, of_workspace
from engine.storage.atomic import read_file
from engine.storage.disk import why_not
from engine.storage.free_space import in_words, keep_free
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore, Stored
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.versions import absent_data
from engine.versions import document as documents
from engine.versions.environment import check_described, lock_of

PIECE = 1 << 20


@dataclass(frozen=True)
class StagingPlace:
    """Where it works: the workspace, its ledger and store; a folder that goes at the end, with a store in it."""

    workspace: Workspace
    ledger: Ledger
    store: ObjectStore
    folder: Path

    @property
    def staged(self) -> ObjectStore:
        """Durable once it is flushed: nobody needs it after a loss of power before that."""
        return ObjectStore(self.folder / "objects", durable=False)

    def move_in(self, digests: Iterable[str]) -> None:
        """Move those objects to the workspace's store, on the disk before anything says that they are there."""
        self.staged.flush()
        for digest in digests:
            self.store.adopt(digest, self.staged)
        self.store.sync()


def spooled(place: StagingPlace, stream: IO[bytes]) -> Path:
    """What comes on ``stream`` as a file of ours, as much of it as there is room for."""
    target = place.folder / "bundle.zip"
    with open(target, "xb") as file:
        while piece := stream.read(PIECE):
            if _room(place) < len(piece):
                raise Refusal(f"The bundle that is coming in has no room here: {_too_little(place)}.")
            file.write(piece)
    return target


def _room(place: StagingPlace) -> int:
    """The bytes that may still be written to the disk of the workspace."""
    usage = shutil.disk_usage(place.workspace.root)
    with place.ledger.read() as db:
        return usage.free - keep_free(db, usage.total)


def _too_little(place: StagingPlace) -> str:
    usage = shutil.disk_usage(place.workspace.root)
    with place.ledger.read() as db:
        kept = keep_free(db, usage.total)
    return f"{in_words(usage.free)} of the disk are free, and {in_words(kept)} are kept free (keep_free)"


def check_room(place: StagingPlace, bundle: OpenBundle) -> None:
    """It is staged, and rebuilt to be proven: twice its size, and whatever its packages take."""
    absent = sum(file.size for part in bundle.manifest.absent for file in part.files)
    needed = 2 * (bundle.size + absent)
    if _room(place) < needed:
        raise Refusal(f"It takes {in_words(needed)} to be proven, and {_too_little(place)}; free some and try again.")


def stage(place: StagingPlace, bundle: OpenBundle, data: Path | None) -> None:
    """Put every object of it into the staged store, verified; ``data``: the folder with its data, where that did not
    travel. Raises Damage, and Refusal for data that is lacking and did not travel as a reference."""
    absent, staged, taken = absent_files(bundle), place.staged, set[str]()
    for file in contents.files_of(bundle.document):
        if file.name not in absent:
            _stage_file(staged, bundle, file.name, file.stored)
            taken.add(file.name)
    bundle.verify_rest({*taken, *bundle.wheels})
    if absent and not stage_data(place, bundle, data):
        if not absent_data.travels_by_reference(bundle.document.settings):
            why = next(part.why for part in bundle.manifest.absent if part.files)
            raise Refusal(
                f"Its data did not travel: {why}. Bring the {len(absent):,} files of its folder data/ on a way that "
                "may carry them ('leverframe bundle VERSION --data-to FOLDER' writes them there), and name it: --data "
                "FOLDER."
            )
        absent_data.mark(staged, bundle.document)
    staged.put(bundle.document_content)
    check_described(bundle.document, lock_of(staged, bundle.document))


def absent_files(bundle: OpenBundle) -> set[str]:
    """The members that it would have had, which did not travel."""
    return {file.name for part in bundle.manifest.absent for file in part.files}


def stage_data(place: StagingPlace, bundle: OpenBundle, data: Path | None) -> bool:
    """Put the data of it into the staged store, each file held against its digest: from the bundle, from ``data``, or
    out of the workspace's own store, where another version has the same. Whether all of it was had.

    Raises Refusal for a file of ``data`` that is another one, or cannot be read."""
    absent, files = absent_files(bundle), bundle.document.data.files
    for file in files:
        name = f"{contents.DATA}/{file.path}"
        if name not in absent:
            _stage_file(place.staged, bundle, name, file)
        elif data is not None:
            _stage_brought(place.staged, _brought(data, name, len(files)), file)
        elif not _stage_known(place, file):
            return False
    return True


def _stage_known(place: StagingPlace, stored: Stored) -> bool:
    """Take what the workspace's own store has of it, whole; whether it has all."""
    if not all(place.store.has(digest) for digest in stored.chunks):
        return False
    try:
        for digest in stored.chunks:
            place.staged.take(digest, place.store)
    except Damage:  # Told by doctor; it is not taken over.
        return False
    return True


def _brought(data: Path, name: str, files: int) -> Path:
    """The file that is to be ``name`` in the bundle; one that is alone may be named itself."""
    return data if files == 1 and data.is_file() else data / name.partition("/")[2]


def _stage_file(staged: ObjectStore, bundle: OpenBundle, name: str, stored: Stored) -> None:
    whole: list[bytes] = []
    for number, piece in enumerate(bundle.stream(name)):
        if len(stored.chunks) == 1:  # It is of one object, and came in pieces of a size of ours.
            whole.append(piece)
        elif staged.put(piece) != stored.chunks[number]:
            raise Damage(f"'{plain(name, 80)}' in it is not made of the objects that the version names.")
    if len(stored.chunks) == 1 and staged.put(b"".join(whole)) != stored.chunks[0]:
        raise Damage(f"'{plain(name, 80)}' in it is not made of the objects that the version names.")


def stage_wheels(place: StagingPlace, bundle: OpenBundle, at: datetime) -> KeptFiles | None:
    """The files that its environment is built from, in the staged store; None where they did not travel."""
    if not bundle.wheels:
        return None
    files = []
    for name in bundle.wheels:
        member, called = bundle.members[name], name.partition("/")[2]
        chunks = tuple(place.staged.put(piece) for piece in bundle.stream(name))
        package = called.partition("-")[0]
        files.append(KeptFile(package, called, Stored(member.sha256, member.size, chunks)))
    return KeptFiles(lock_of(place.staged, bundle.document).digest, at, tuple(files))


def ground_of(place: StagingPlace, kept: KeptFiles | None) -> Ground:
    """Where it is proven: in an environment that is built from what came with it, or in the workspace's own."""
    if kept is None:
        return of_workspace(place.workspace)
    built: list[Environment] = []

    def environment_of(lock: Lock, supply: Supply) -> Environment:
        if not built:
            room = place.folder / "environment"
            room.mkdir()
            built.append(build_from_kept(place.staged, kept, lock, supply, room, None))
        return built[0]

    return Ground(environment_of, f"{place.workspace.token}:proof")


def _stage_brought(staged: ObjectStore, path: Path, stored: Stored) -> None:
    """Take in a file of data that did not travel in the bundle."""
    try:
        if path.stat().st_size != stored.size:
            raise Refusal(f"{path} is not the data that the version was made from: it is of another size.")
        content = read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        there = path.parent.is_dir()
        said = f"{path.parent} holds no {path.name}" if there else f"There is no folder {path.parent}"
        raise NotFound(f"{said}; name the one that 'leverframe bundle VERSION --data-to FOLDER' wrote.") from None
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {why_not(error)}.") from None
    if staged.put(content) != stored.digest:
        raise Refusal(f"{path} is not the data that the version was made from: it has another digest.")


def manifest_of(place: StagingPlace, bundle: OpenBundle) -> Manifest:
    """What the code of it says in leverframe.toml, which has to be what the version says. Raises Refusal, Damage."""
    code, document = place.folder / "code", bundle.document
    documents.write_folder(place.staged, document.code.files, code)
    found = load_manifest(code, of_version=True)
    shutil.rmtree(code)
    if json.loads(json.dumps(found.document)) != document.settings or found.name != document.project:
        raise Damage("Its settings are not those of the leverframe.toml in its code.")
    if document.settings.get("schedule", {}) != document.schedule:
        raise Damage("Its schedule is not that of the leverframe.toml in its code.")
    return found


