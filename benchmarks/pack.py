"""`bundlekit pack` beside `tar czf` and `gzip -9`, in one run.

    python -m benchmarks.pack [ROUNDS]

On a bundle with 4.9 MB of Python: processor seconds (user and system) of each, the median of interleaved rounds, and
the bytes of each file. bundlekit checks the bundle as well; what is compressed is the same tar.
"""

from __future__ import annotations

import gzip
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from benchmarks.bundles import make_bundles

SIZE = 4_900_000


def fill(folder: Path) -> None:
    """Put modules of the standard library into a bundle, until there are so many bytes."""
    source, size = Path(sysconfig.get_path("stdlib")), 0
    for path in sorted(source.rglob("*.py")):
        if size >= SIZE:
            return
        if not {"site-packages", "test", "tests", "__pycache__"} & set(path.parts):
            place = folder / "lib" / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            size += path.stat().st_size


def processor_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        make_bundles(root / "bundles", 1)
        (bundle,) = (path.parent for path in (root / "bundles").rglob("bundle.json"))
        fill(bundle)
        tar = root / "bundle.tar"
        pack = [str(Path(sys.executable).parent / "bundlekit"), "pack", str(bundle), "-o", place]
        subprocess.run(pack, check=True, capture_output=True)
        (archive,) = root.glob("*.tar.gz")
        tar.write_bytes(gzip.decompress(archive.read_bytes()))
        commands = {
            "bundlekit pack": pack,
            "tar czf": ["tar", "czf", f"{place}/by-tar.tgz", "-C", str(bundle.parent), bundle.name],
            "gzip -9": ["gzip", "-9kf", str(tar)],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                taken[name].append(processor_seconds(command))
        sizes = {
            "bundlekit pack": archive.stat().st_size,
            "tar czf": (root / "by-tar.tgz").stat().st_size,
            "gzip -9": (root / "bundle.tar.gz").stat().st_size,
        }
        base = statistics.median(taken["tar czf"])
        print(f"{'':16} {'processor':>10} {'ratio':>7} {'bytes':>10}")
        for name in commands:
            middle = statistics.median(taken[name])
            print(f"{name:16} {middle:8.2f} s {middle / base:6.1f}x {sizes[name]:10}")


if __name__ == "__main__":
    main()
