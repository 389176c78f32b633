"""The document that makes a folder of objects a backup: what is changed in it is told, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.backup import manifest as manifests
from engine.backup.manifest import BackupManifest, MissingObject
from engine.errors import Damage
from engine.storage.objects import Stored

KEY, OTHER = bytes(32), bytes(range(32))


def digest(number: int) -> str:
    return f"{number:064x}"


MADE = BackupManifest(
    workspace=digest(1),
    home="/home/ada/.leverframe",
    made_at="2026-11-03T04:05:06.000000Z",
    made_by="ada",
    ledger=Stored(digest(2), 131072, (digest(3), digest(4))),
    schema=11,
    rows=7,
    head=digest(5),
    objects=(digest(6), digest(7)),
    lacking=(MissingObject(digest(8), "tiny@1"),),
)
WRITTEN: dict[str, Any] = json.loads(manifests.written(MADE, KEY))


def test_what_is_written_is_read_again_and_its_signature_holds() -> None:
    found, signature = manifests.read(manifests.written(MADE, KEY))
    assert found == MADE
    assert manifests.signature_of(found, signature, KEY) == "holds"
    assert manifests.signature_of(found, signature, OTHER) == "wrong"
    assert manifests.signature_of(found, signature, None) == "no key"


@pytest.mark.parametrize("field", sorted(WRITTEN.keys() - {"signature"}))
def test_a_field_that_is_changed_or_gone_is_told(field: str) -> None:
    changed: Any = {str: "0" * 64, int: 99, list: [], dict: {**WRITTEN["ledger"], "size": 1}}[type(WRITTEN[field])]
    assert changed != WRITTEN[field]
    for document in ({**WRITTEN, field: changed}, {name: WRITTEN[name] for name in WRITTEN if name != field}):
        with pytest.raises(Damage):
            manifests.read(json.dumps(document).encode())


def test_a_field_that_nobody_knows_is_told() -> None:
    with pytest.raises(Damage, match="changed"):
        manifests.read(json.dumps({**WRITTEN, "more": 1}).encode())


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, 7, None])
def test_what_is_no_digest_never_becomes_the_name_of_a_file(name: object) -> None:
    for document in (
        {**WRITTEN, "objects": [name]},
        {**WRITTEN, "ledger": {**WRITTEN["ledger"], "chunks": [name]}},
        {**WRITTEN, "lacking": [{"digest": name, "version": "tiny@1"}]},
    ):
        with pytest.raises(Damage, match="it is not what was written"):
            manifests.read(json.dumps(document).encode())


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"nonsense", manifests.written(MADE, KEY)[:-20]]
)
def test_what_is_no_manifest_is_told(content: bytes) -> None:
    with pytest.raises(Damage):
        manifests.read(content)


def test_a_manifest_that_is_made_up_whole_has_no_good_signature() -> None:
    forged = BackupManifest(**{**MADE.__dict__, "rows": 6})
    found, signature = manifests.read(manifests.written(forged, OTHER))
    assert manifests.signature_of(found, signature, KEY) == "wrong"


def test_only_what_is_not_there_is_copied_and_only_what_nobody_needs_is_dropped() -> None:
    assert manifests.to_copy(["c", "a", "b", "a"], {"b"}) == ["a", "c"]
    former = BackupManifest(**{**MADE.__dict__, "objects": (digest(9),)})
    there = [digest(number) for number in range(3, 12)]
    assert manifests.to_drop(there, [MADE, former]) == [digest(5), digest(8), digest(10), digest(11)]
    assert manifests.to_drop(there, []) == there
