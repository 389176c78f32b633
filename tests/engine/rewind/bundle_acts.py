"""Versions that came from elsewhere or were written for others, and whose are taken in, in acts of a chance order."""

from __future__ import annotations

import random
from datetime import datetime

from engine.access.caller import Caller
from engine.access.public_key import ed25519
from engine.bundles import trusted
from engine.clock import stamp
from engine.errors import LeverframeError
from engine.storage.ledger import Ledger
from engine.versions import catalog, judged_here, origins
from engine.versions.judged_here import JudgedHere
from engine.versions.origins import Origin, Station
from engine.versions.records import JudgeAnswer
from tests.version_documents import JUDGED


class BundleActs:
    """An act; what the engine refuses has simply not happened."""

    ledger: Ledger
    ada: Caller
    chance: random.Random

    def tick(self) -> datetime:
        raise NotImplementedError

    def pack(self, project: str) -> None:
        raise NotImplementedError

    def trust(self, project: str) -> None:
        """A workspace's key is trusted, or is not any more."""
        name = f"w{self.chance.randrange(2)}"
        try:
            trusted.remove(self.ledger, name, "so", self.ada, self.tick())
        except LeverframeError:
            trusted.add(self.ledger, ed25519(name.encode() * 16), name, "so", self.ada, self.tick())

    def leave(self, project: str) -> None:
        """A version is written for a caller that holds no Python."""
        with self.ledger.write() as db:
            db.execute(
                "INSERT INTO exports (at, by, project, number, kind, dialect, digest, folder, parity, forced, used_by,"
                " reason) SELECT ?, 'ada', project, number, 'onnx', '', 'd', '/mnt', '{}', 0, '', 'so' FROM versions"
                " LIMIT 1", (stamp(self.tick()),),
            )  # fmt: skip

    def came(self, project: str) -> None:
        """What was packed just now came from elsewhere."""
        self.pack(project)
        with self.ledger.write() as db:
            version = catalog.newest(db, project)
            assert version is not None
            at = version.made_at
            there = Station("0" * 64, f"{project}@7", "live", None, stamp(at), 1, "mia")
            origins.keep(db, Origin(project, version.number, at, "ada", "w0", "SHA256:x", (there,), True))
            label, why = f"{project}@{version.number}", "its data is not here"
            judged_here.keep(db, label, JudgedHere(at, f"{project}@1", 0, 20, why, JudgeAnswer(JUDGED, ())))
