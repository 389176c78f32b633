"""Made-up records of versions that travel, and the part of the fake engine that answers with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.bundles.looking import BundleLook
from engine.bundles.manifest import AbsentPart
from engine.bundles.registering import Arrival
from engine.bundles.sending import Sent
from engine.bundles.trusted import TrustedKey
from engine.bundles.whereabouts import Arrived, Stage, Whereabouts
from engine.bundles.writing import Bundle
from engine.clock import stamp
from engine.exports.records import Export
from engine.release.records import ProofStep
from engine.versions.origins import Origin, Station, StationDecision
from engine.versions.parity import Group, Parity, WorstRow
from tests.console.health_records import ago

KEY = TrustedKey("development", "SHA256:dev", "ssh-ed25519 AAAADEV", ago(days=20), "ada", "the modellers")
OWN = ("SHA256:own", "ssh-ed25519 AAAAOWN")
APPROVED = StationDecision("approve", stamp(ago(days=4)), "mia", "good")
STATION = Station("ab" * 32, "flights@31", "live", None, stamp(ago(days=5)), 77, "mia", (APPROVED,))
ORIGIN = Origin("flights", 11, ago(days=2), "ada", "development", "SHA256:dev", (STATION,), True)
ARRIVED = (Arrived(ORIGIN, "candidate"),)
LOOK = BundleLook(
    "/srv/flights-31.zip", "d" * 64, "flights@31", 5_000_000, 41, "SHA256:dev", "ssh-ed25519 AAAADEV", "development",
    stamp(ago(days=5)), 77, "mia", ("mia",), 1, "BETTER THAN LIVE. All 9 gates pass.",
    (("packages", "each is in the lock with its digest, and is fetched there"),), True, False, False, None, False, None,
    None,
)  # fmt: skip
BUNDLE = Bundle(
    "flights@11", "ab" * 32, "/srv/flights-11.zip", 5_000_000, 41, "d" * 64, "SHA256:own",
    (AbsentPart("packages", "each is in the lock with its digest, and is fetched there"),),
)  # fmt: skip
HERE = Stage(None, (Whereabouts("flights@11", "candidate", None, stamp(ago(hours=12)), None, None, None),))
LIVE_THERE = Whereabouts(
    "flights@3", "live", None, stamp(ago(days=2)), stamp(ago(days=1)), None, "flights@11 of development"
)
THERE = Stage("test.example.org", (LIVE_THERE,))
SILENT = Stage("prod.example.org", (), "prod.example.org could not be reached over SSH: no route to host")
PARITY = Parity(
    True, (), "probabilities", 12_895, 12_895, 1.1e-07, 2.3e-09, None, 0, 0.0, 0, Group(312, 1.1e-07, 0),
    Group(926, 1.0e-07, 0), Group(0, None, None),
    (WorstRow(4711, "late 0.512345678", "late 0.512345789", 1.1e-07, ("boundary",)),
     WorstRow(12, "0.1", "0.1", 9e-08, ("gaps",))),
    measured_by="ONNX Runtime 1.20",
)  # fmt: skip
EXPORT = Export(
    2, "flights", 9, "onnx", "", "e" * 64, "/srv/flights-9-onnx", PARITY, False, "gate displays",
    "exported for its callers", "ada", ago(days=3), "live",
)  # fmt: skip
FORCED = replace(
    EXPORT, id=1, number=7, kind="sql", dialect="duckdb", forced=True, used_by="", state="retired",
    parity=replace(PARITY, holds=False, why=("27 decisions away from the boundary change",), changed=27,
                   changed_share=0.0225),
)  # fmt: skip


class FakeTravel:
    """Answers with the records above."""

    _do: Callable[..., None]
    no_file: str | None = None
    look_now: BundleLook = LOOK
    stages_now: tuple[Stage, ...] = (THERE,)
    exports_now: tuple[Export, ...] = (EXPORT, FORCED)
    arrived_now: tuple[Arrived, ...] = ARRIVED
    trusted_now: tuple[TrustedKey, ...] = (KEY,)

    def why_no_file(self) -> str | None:
        return self.no_file

    def bundle(self, label: str, target: Path, *, data: bool, wheels: bool) -> Bundle:
        self._do("bundle", label, target, data, wheels)
        return replace(BUNDLE, label=label, place=str(target))

    def send(self, label: str, host: str, *, data: bool, wheels: bool) -> Sent:
        self._do("send", label, host, data, wheels)
        return Sent(label, host, "flights@3", "flights@3 is taken in and waits for a decision here.", 5_000_000)

    def where(self, what: str) -> tuple[Stage, ...]:
        return (HERE,)

    def where_else(self, what: str, hosts: tuple[str, ...] = ()) -> tuple[Stage, ...]:
        return tuple(replace(SILENT, name=host) for host in hosts) or self.stages_now

    def look_into(self, source: Path) -> BundleLook:
        return self.look_now

    def take_in(self, source: Path, *, data: Path | None = None, on_step: Any) -> Arrival:
        self._do("take in", source, data)
        on_step(ProofStep("41 files verified, each by its digest", 0.4))
        return Arrival("flights@12", "flights@12 is taken in and waits for a decision here.", ORIGIN)

    def take_in_despite(self, source: Path, reason: str, *, data: Path | None = None, on_step: Any) -> Arrival:
        self._do("take in despite", source, reason, data)
        return Arrival("flights@12", "flights@12 is taken in and waits for a decision here.", ORIGIN)

    def arrivals(self, *, limit: int) -> tuple[Arrived, ...]:
        return self.arrived_now

    def trusted_keys(self) -> tuple[TrustedKey, ...]:
        return self.trusted_now

    def bundle_key(self) -> tuple[str, str]:
        return OWN

    def trust(self, name: str, key: str, reason: str) -> TrustedKey:
        self._do("trust", name, key, reason)
        return replace(KEY, name=name)

    def distrust(self, name: str, reason: str) -> None:
        self._do("distrust", name, reason)

    def exports(self, project: str | None = None, *, limit: int) -> tuple[Export, ...]:
        return tuple(each for each in self.exports_now if project in (None, each.project))

    def export(self, label: str, kind: str, folder: Path, **named: Any) -> Export:
        tell = named.pop("tell")
        self._do("export", label, kind, folder, named)
        tell("rows of the holdout")
        return EXPORT
