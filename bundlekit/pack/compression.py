"""gzip (RFC 1952) by libdeflate: the same bytes on every machine that has the same version of it.

zlib promises that its output can be read, not that it stays the same: zlib-ng, which newer Pythons and distributions
bring under zlib's name, compresses to other bytes at every level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO

# A piece is a gzip member of its own, so that memory stays bounded; what reads gzip reads several in a row.
_PIECE = 4 << 20
_LEVEL = 8  # of source code smaller than `gzip -9`, in a third of its time


def compressed(blocks: Iterable[bytes | memoryview]) -> bytes:
    """What the blocks give, one after the other, as a gzip file without a name and a time in it."""
    from deflate import gzip_compress

    out = BytesIO()
    for piece in _pieces(blocks):
        out.write(gzip_compress(piece, _LEVEL))
    return out.getvalue()


def _pieces(blocks: Iterable[bytes | memoryview]) -> Iterator[bytearray]:
    """At least one piece, of at most so many bytes each; where they are cut depends on the bytes alone."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) > _PIECE:
            yield waiting[:_PIECE]
            del waiting[:_PIECE]
    yield waiting
