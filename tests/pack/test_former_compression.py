"""The compressor of earlier versions makes what it made then; what it made can be read."""

from __future__ import annotations

import gzip
import random
from hashlib import sha256

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bundlekit.pack.former_compression import compressed_as_before
from tests.rotation import examples

REPEATS = st.builds(lambda piece, times: piece * times, st.binary(max_size=40), st.integers(0, 300))
DATA = st.lists(st.one_of(st.binary(max_size=200), REPEATS), max_size=12).map(b"".join)


@given(DATA)
@example(b"")
@example(bytes(range(256)))
@example(b"abc" * 100_000)
@settings(max_examples=examples(50), deadline=None)
def test_zlib_reads_what_is_compressed(data: bytes) -> None:
    assert gzip.decompress(compressed_as_before(data)) == data


def test_bytes_are_those_of_then() -> None:
    data = (random.Random(3).randbytes(32_768) + b"-") * 3 + b"def f(x):\n    return x\n" * 900
    made = sha256(compressed_as_before(data)).hexdigest()
    assert made == "156d4dc79be2dde8f8e7c59da216b51076e25bd301d948baed746e546d5b6582"
