"""A bundle with compiled tables has a format of its own, so that an older Leverframe refuses it in a sentence."""

from __future__ import annotations

import json

import pytest

from engine.audit.chain import canonical
from engine.bundles.manifest import BundleManifest, BundleMember, content, read
from engine.errors import Damage, Refusal

MODEL, TABLES = (BundleMember(f"{name}/a.bin", 7, "a" * 64) for name in ("model", "compiled"))


def manifest(*members: BundleMember) -> BundleManifest:
    return BundleManifest("b" * 64, "flights@2", "c" * 64, "a key", members)


def of_format(number: int, *members: BundleMember) -> bytes:
    return canonical({**json.loads(content(manifest(*members))), "format": number}).encode()


@pytest.mark.parametrize(("members", "number"), [((MODEL,), 1), ((MODEL, TABLES), 2)])
def test_it_is_two_with_tables_and_one_as_ever_without(members: tuple[BundleMember, ...], number: int) -> None:
    written = content(manifest(*members))
    assert json.loads(written)["format"] == number and read(written) == manifest(*members)


@pytest.mark.parametrize(("members", "number"), [((MODEL,), 2), ((MODEL, TABLES), 1)])
def test_one_that_its_members_do_not_ask_for_is_damage(members: tuple[BundleMember, ...], number: int) -> None:
    with pytest.raises(Damage, match="another format than its members ask for"):
        read(of_format(number, *members))


def test_one_that_nobody_knows_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refusal, match="It has the format 3 and this Leverframe reads 1 and 2; bundle the version"):
        read(of_format(3, MODEL))
