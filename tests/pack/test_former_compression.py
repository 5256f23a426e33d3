"""The compressor against decoders that others wrote."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bundlekit.pack.deflate import compress

REPEATS = st.builds(lambda piece, times: piece * times, st.binary(max_size=40), st.integers(0, 300))
DATA = st.lists(st.one_of(st.binary(max_size=200), REPEATS), max_size=12).map(b"".join)


@given(DATA)
@example(b"")
@example(b"a")
@example(bytes(range(256)))
@example(b"abc" * 100_000)
@settings(max_examples=300, deadline=None)
def test_zlib_reads_what_is_compressed(data: bytes) -> None:
    assert zlib.decompress(compress(data), -zlib.MAX_WBITS) == data


def _skewed() -> bytes:
    """Frequencies like Fibonacci's numbers: a prefix code without a limit would need more than 15 bits."""
    one, two, data = 1, 1, bytearray()
    for symbol in range(22):
        data += bytes([symbol]) * one
        one, two = two, one + two
    shuffled = list(data)
    random.Random(1).shuffle(shuffled)
    return bytes(shuffled)


SOURCE = b"".join(path.read_bytes() for path in sorted(Path(json.__file__).parent.glob("*.py")))
LARGE = {
    "random": random.Random(2).randbytes(600_000),
    "zeros": bytes(3_000_000),
    "skewed": _skewed(),
    "far repeats": (random.Random(3).randbytes(32_768) + b"-") * 12,
    "source": SOURCE,
}


@pytest.mark.parametrize("data", LARGE.values(), ids=LARGE.keys())
@pytest.mark.parametrize("decoder", [["gzip", "-dc"], ["busybox", "gunzip", "-c"]], ids=["gzip", "busybox"])
def test_other_decoders_read_large_data(data: bytes, decoder: list[str]) -> None:
    header, tail = gzip.compress(b"", mtime=0)[:10], zlib.crc32(data).to_bytes(4, "little")
    packed = header + compress(data) + tail + len(data).to_bytes(4, "little")
    assert subprocess.run(decoder, input=packed, capture_output=True, check=True).stdout == data


def test_source_code_shrinks_nearly_as_with_zlib() -> None:
    assert len(compress(SOURCE)) < 1.1 * len(zlib.compress(SOURCE, 9))
