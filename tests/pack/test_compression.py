"""Archives as others read them."""

from __future__ import annotations

import email
import gzip
import random
import subprocess
from pathlib import Path

import pytest

from bundlekit.pack.compression import compressed

# More than one member, and one that ends just where a member does.
SIZES = [0, 1, 4 << 20, (4 << 20) + 1, 9_000_000]


@pytest.mark.parametrize("decoder", [["gzip", "-dc"], ["busybox", "gunzip", "-c"]], ids=["gzip", "busybox"])
@pytest.mark.parametrize("size", SIZES)
def test_other_decoders_read_it(size: int, decoder: list[str]) -> None:
    data = (random.Random(2).randbytes(500_000) * 20)[:size]
    packed = compressed([data])
    assert subprocess.run(decoder, input=packed, capture_output=True, check=True).stdout == data
    assert packed[3:8] == bytes(5), "no name and no time"


def test_bytes_do_not_depend_on_how_the_data_comes() -> None:
    data = random.Random(2).randbytes(300_000) * 30
    pieces = [data[start : start + 333_333] for start in range(0, len(data), 333_333)]
    assert compressed(pieces) == compressed([data])


def test_source_code_is_not_larger_than_the_best_of_gzip() -> None:
    data = b"".join(path.read_bytes() for path in sorted(Path(email.__file__).parent.glob("*.py")))
    assert len(compressed([data])) <= len(gzip.compress(data, 9))
