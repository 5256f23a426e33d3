"""The compressor of earlier versions: deflate (RFC 1951), written in Python.

A gateway knows the releases that it got then by the digest of the compressed file. Only whoever makes the same file
again can tell that nothing has changed since.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, islice
from operator import itemgetter

_WINDOW = 32768  # bytes that a match may go back, by RFC 1951; so are the next ones
_LONGEST = 258
_SHORT, _LONG = 4, 7  # how many bytes a candidate shares at the least; one that shares many is tried first
_NOTED = 32  # places in a match that later ones may go back to; more cost time and save next to nothing
_REMEMBERED = 1 << 18  # places, before those out of reach are forgotten
_BLOCK = 1 << 14  # tokens

# A token is a byte, or a match as its length << 16 | its distance. A match's length and distance are written
# as a symbol and the bits by which they exceed the symbol's base.
_LENGTH_BITS = [0] * 8 + [bits for bits in range(1, 6) for _ in range(4)] + [0]
_LENGTH_BASES = [min(_LONGEST, 3 + sum(1 << bits for bits in _LENGTH_BITS[:symbol])) for symbol in range(29)]
_DISTANCE_BITS = [0, 0] + [bits for bits in range(14) for _ in range(2)]
_DISTANCE_BASES = [1 + sum(1 << bits for bits in _DISTANCE_BITS[:symbol]) for symbol in range(30)]
_END = 256
_LENGTHS_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def compressed_as_before(tar: bytes) -> bytes:
    """`tar` as gzip, without name and time in its header."""
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    tail = zlib.crc32(tar).to_bytes(4, "little") + len(tar).to_bytes(4, "little")
    return head + _compress(tar) + tail


def _compress(data: bytes) -> bytes:
    """`data` as a raw deflate stream."""
    tokens = _tokens(data)
    out: list[bytes] = []
    rest = ""
    block = list(islice(tokens, _BLOCK))
    final = False
    while not final:
        following = list(islice(tokens, _BLOCK))
        final = not following
        bits = rest + _block(block, final)
        if final:
            bits += "0" * (-len(bits) % 8)
        whole = len(bits) // 8 * 8
        out.append(int(bits[:whole][::-1], 2).to_bytes(whole // 8, "little"))
        rest = bits[whole:]
        block = following
    return b"".join(out)


def _tokens(data: bytes) -> Iterator[int]:
    """Bytes and matches. A match waits for one place, lest it hides a longer one there."""
    shorts: dict[bytes, int] = {}
    longs: dict[bytes, int] = {}
    end = len(data) - _SHORT
    here = waiting = 0
    while here <= end:
        short, long = data[here : here + _SHORT], data[here : here + _LONG]
        there = longs.get(long, -1)
        if there < 0 or here - there > _WINDOW:
            there = shorts.get(short, -1)
        shorts[short] = longs[long] = here
        length = _same(data, there, here) if there >= 0 and here - there <= _WINDOW else 0
        if waiting and length <= waiting >> 16:
            yield waiting
            stop = here - 1 + (waiting >> 16)
            for passed in range(here + 1, min(stop, end, here + _NOTED)):
                shorts[data[passed : passed + _SHORT]] = longs[data[passed : passed + _LONG]] = passed
            here, waiting = stop, 0
        else:
            if waiting:
                yield data[here - 1]
            waiting = length << 16 | here - there if length else 0
            if not waiting:
                yield data[here]
            here += 1
        if len(longs) > _REMEMBERED:
            shorts = {key: place for key, place in shorts.items() if here - place <= _WINDOW}
            longs = {key: place for key, place in longs.items() if here - place <= _WINDOW}
    if waiting:
        yield waiting
        here += (waiting >> 16) - 1
    yield from data[here:]


def _same(data: bytes, there: int, here: int) -> int:
    """How many bytes from two places on are the same, as many as a match can have."""
    room = min(_LONGEST, len(data) - here)
    one = int.from_bytes(data[there : there + room], "little")
    differing = one ^ int.from_bytes(data[here : here + room], "little")
    return ((differing & -differing).bit_length() - 1) // 8 if differing else room


def _block(tokens: list[int], final: bool) -> str:
    """A block with codes of its own, as bits in the order in which they are packed."""
    written: list[tuple[int, str, int, str]] = []
    for token in tokens:
        if token < _END:
            written.append((token, "", -1, ""))
        else:
            length, more = _split(token >> 16, _LENGTH_BASES, _LENGTH_BITS)
            written.append((257 + length, more, *_split(token & 0xFFFF, _DISTANCE_BASES, _DISTANCE_BITS)))
    literals = _code_lengths(Counter([_END, *(entry[0] for entry in written)]), 15)
    distances = _code_lengths(Counter(entry[2] for entry in written if entry[2] >= 0), 15)
    literal_codes = _codes(literals)
    distance_codes = {**_codes(distances), -1: ""}
    body = [literal_codes[symbol] + bits + distance_codes[far] + more for symbol, bits, far, more in written]
    return ("1" if final else "0") + "01" + _tables(literals, distances) + "".join(body) + literal_codes[_END]


def _split(value: int, bases: list[int], widths: list[int]) -> tuple[int, str]:
    symbol = bisect_right(bases, value) - 1
    return symbol, _bits(value - bases[symbol], widths[symbol])


def _tables(literals: dict[int, int], distances: dict[int, int]) -> str:
    """The lengths of both codes, themselves coded; runs of symbols that are not used are counted."""
    literal_count, distance_count = max(literals) + 1, max(distances) + 1
    lengths = [literals.get(symbol, 0) for symbol in range(literal_count)]
    lengths += [distances.get(symbol, 0) for symbol in range(distance_count)]
    written: list[tuple[int, str]] = []
    for length, group in groupby(lengths):
        run = len(list(group))
        while length == 0 and run >= 11:
            written.append((18, _bits(min(run, 138) - 11, 7)))
            run -= min(run, 138)
        if length == 0 and run >= 3:
            written.append((17, _bits(run - 3, 3)))
            run = 0
        written.extend([(length, "")] * run)
    meta = _code_lengths(Counter(symbol for symbol, _ in written), 7)
    count = max(4, *(_LENGTHS_ORDER.index(symbol) + 1 for symbol in meta))
    counts = _bits(literal_count - 257, 5) + _bits(distance_count - 1, 5) + _bits(count - 4, 4)
    codes = _codes(meta)
    return (
        counts
        + "".join(_bits(meta.get(symbol, 0), 3) for symbol in _LENGTHS_ORDER[:count])
        + "".join(codes[symbol] + bits for symbol, bits in written)
    )


def _code_lengths(frequencies: Counter[int], limit: int) -> dict[int, int]:
    """The lengths of the best prefix code of at most `limit` bits (Larmore, Hirschberg: package-merge)."""
    for symbol in (0, 1):
        if len(frequencies) < 2:  # old decoders refuse a code of one symbol
            frequencies[symbol] += 0
    leaves = [(frequency, (symbol,)) for frequency, symbol in sorted((n, symbol) for symbol, n in frequencies.items())]
    row: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(limit):
        pairs = ((one[0] + two[0], one[1] + two[1]) for one, two in zip(row[::2], row[1::2], strict=False))
        row = sorted([*leaves, *pairs], key=itemgetter(0))  # among equals leaves stay first, which the method needs
    return dict(Counter(symbol for _, symbols in row[: 2 * len(leaves) - 2] for symbol in symbols))


def _codes(lengths: dict[int, int]) -> dict[int, str]:
    code = before = 0
    codes = {}
    for length, symbol in sorted((length, symbol) for symbol, length in lengths.items()):
        code <<= length - before
        before = length
        codes[symbol] = f"{code:0{length}b}"
        code += 1
    return codes


def _bits(value: int, width: int) -> str:
    """A number, lowest bit first."""
    return f"{value:0{width}b}"[::-1] if width else ""
