"""Chunk boundaries follow the content."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.storage import chunks
from engine.storage.chunks import LARGEST, SMALLEST, boundaries


def noise(size: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).tobytes()


def pieces(data: bytes) -> list[bytes]:
    ends = boundaries(data)
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@given(st.binary(max_size=70_000))
@settings(max_examples=60, deadline=None)
def test_chunks_put_together_are_the_data_again(data: bytes) -> None:
    assert b"".join(pieces(data)) == data


def test_empty_data_has_no_chunks() -> None:
    assert boundaries(b"") == []


def test_no_chunk_is_larger_than_allowed_even_in_data_without_any_variety() -> None:
    for data in (bytes(3 * LARGEST + 5), noise(5_000_000)):
        sizes = [len(p) for p in pieces(data)]
        assert sum(sizes) == len(data)
        assert max(sizes) <= LARGEST
        assert min(sizes[:-1]) >= SMALLEST


def test_an_insertion_in_the_middle_changes_only_the_chunks_around_it() -> None:
    old = noise(8_000_000)
    new = old[:4_000_000] + b"a few bytes more" + old[4_000_000:]
    changed = set(pieces(new)) - set(pieces(old))
    assert 1 <= len(changed) <= 3


def test_a_place_is_found_whatever_block_it_lies_in() -> None:
    """The blocks in which the hash is computed must not show in the result."""
    data = noise((1 << 22) + 500_000)
    shifted = noise(777, seed=2) + data
    common = set(pieces(data)) & set(pieces(shifted))
    assert len(common) >= len(pieces(data)) - 3


def test_the_table_of_the_hash_never_changes() -> None:
    """Other numbers would cut everything anew and store every old file a second time."""
    assert boundaries(noise(1_000_000))[:3] == GOLDEN
    assert chunks.WINDOW == 32


GOLDEN = [118290, 143729, 183538]
