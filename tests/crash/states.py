"""Disks that a power cut may leave: all up to a flush, and any part of what was written between it and the next."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.recorder import FLUSH, MARK, WRITE, Record, read

GRANULE = 4096  # bytes, of which a disk writes all or nothing
TORN = 3  # parts of what was not flushed, for each flush


@dataclass(frozen=True)
class Cut:
    """A moment at which the power goes, and what the disk keeps of what it was not yet told to keep.

    Attributes:
        change: that was under way.
        flush: the last one, counted from the begin of the change; 0 is the begin itself.
        torn: 0 for nothing but what was flushed; else the number of a part of what came after it.
        told: whether the client may have been told the end of the change by then.
        kept: the numbers of the granules since the flush that are on the disk.
    """

    change: str
    flush: int
    torn: int
    told: bool
    kept: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.change}:{self.flush}.{self.torn}"


# A cut, and what is to be written over what was flushed before it: offsets and data.
Built = tuple[Cut, list[tuple[int, bytes]]]


class Image:
    """A disk in memory, most of which is empty."""

    def __init__(self, path: Path) -> None:
        self._content = bytearray(path.read_bytes())
        empty = bytes(GRANULE)
        size = len(self._content)
        self._used = {at for at in range(0, size, GRANULE) if self._content[at : at + GRANULE] != empty}

    def write(self, offset: int, data: bytes) -> None:
        self._content[offset : offset + len(data)] = data
        self._used.update(range(offset - offset % GRANULE, offset + len(data), GRANULE))

    def put(self, file: int, over: list[tuple[int, bytes]]) -> None:
        """Make an open file this, with something written over it."""
        os.ftruncate(file, 0)
        os.ftruncate(file, len(self._content))
        content = memoryview(self._content)
        begin = end = 0
        for at in [*sorted(self._used), len(content)]:
            if at != end:
                os.pwrite(file, content[begin:end], begin)
                begin = at
            end = at + GRANULE
        for offset, data in over:
            os.pwrite(file, data, offset)


@dataclass
class Span:
    """A change within a log.

    Attributes:
        flushes: until the client was told.
        written: bytes until then.
        cuts: in their order.
    """

    change: str
    flushes: int = 0
    written: int = 0
    cuts: list[Cut] = field(default_factory=list)


class Log:
    """A recording as a list of granules with flushes in between."""

    def __init__(self, log: Path, seed: str, torn: int = TORN) -> None:
        self._records = list(read(log))
        self.spans: list[Span] = []
        self._bases: dict[tuple[str, int], int] = {}  # what the disk has for sure: the number of the record after it
        self._find(seed, torn)

    def _find(self, seed: str, torn: int) -> None:
        never = len(self._records)
        marks = {record.data.decode(): at for at, record in enumerate(self._records) if record.kind == MARK}
        for name in (text.removeprefix("begin ") for text in marks if text.startswith("begin ")):
            if f"settled {name}" not in marks:
                continue  # nobody waited for its end
            begin, end = marks[f"begin {name}"], marks[f"settled {name}"]
            told = marks.get(f"told {name}", never)
            until_told = self._records[begin : min(told, end)]
            span = Span(
                name,
                sum(record.kind == FLUSH for record in until_told),
                sum(len(record.data) for record in until_told if record.kind == WRITE),
            )
            self.spans.append(span)
            flushes = [begin, *(at for at in range(begin, end) if self._records[at].kind == FLUSH)]
            for number, at in enumerate(flushes):
                after = flushes[number + 1] if number + 1 < len(flushes) else end
                self._bases[name, number] = at
                dice = random.Random(f"{seed} {name} {number}")
                count = sum(1 for _ in _granules(self._records[at:after]))
                for part, kept in enumerate(_parts(count, dice, torn)):
                    span.cuts.append(Cut(name, number, part, told < after, kept))

    def build(self, image: Image, cuts: list[Cut]) -> Iterator[Built]:
        """Bring an image to each cut, in their order.

        Args:
            image: the disk before all; it becomes what was flushed.
            cuts: to build; in the order of the log.

        Yields:
            Each of them.
        """
        done = 0
        for cut in cuts:
            base = self._bases[cut.change, cut.flush]
            for record in self._records[done:base]:
                if record.kind == WRITE:
                    image.write(record.offset, record.data)
            done = max(done, base)
            kept = set(cut.kept)
            yield cut, [part for number, part in enumerate(_granules(self._until_flush(base))) if number in kept]

    def write_image(self, base: Path, name: str, to: Path) -> Cut:
        """Write the disk of a cut by its name to a file.

        Raises:
            KeyError: there is no such one.
        """
        cut = {cut.name: cut for span in self.spans for cut in span.cuts}[name]
        image = Image(base)
        for _, over in self.build(image, [cut]):
            with to.open("wb") as stream:
                image.put(stream.fileno(), over)
        return cut

    def _until_flush(self, base: int) -> Iterator[Record]:
        for record in self._records[base + 1 :]:
            if record.kind == FLUSH:
                return
            yield record


def _granules(records: Iterator[Record] | list[Record]) -> Iterator[tuple[int, bytes]]:
    for record in records:
        if record.kind == WRITE:
            for start in range(0, len(record.data), GRANULE):
                yield record.offset + start, record.data[start : start + GRANULE]


def _parts(count: int, dice: random.Random, torn: int) -> list[tuple[int, ...]]:
    """Nothing of so many; then all but one, one alone, and any."""
    parts: list[tuple[int, ...]] = [()]
    if count < 2:
        return parts
    for number in range(torn):
        one = dice.randrange(count)
        if number % 3 == 0:
            part = tuple(other for other in range(count) if other != one)
        elif number % 3 == 1:
            part = (one,)
        else:
            part = tuple(other for other in range(count) if dice.random() < 0.5)
        if part and part not in parts:
            parts.append(part)
    return parts
