"""`python -m fuzz [TARGET] [-max_total_time=SECONDS] [options of libFuzzer]`; without a target one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import atheris

_HOME = Path(".cache/fuzz")
_DEFAULTS = ("-max_total_time=120", "-timeout=20", "-rss_limit_mb=1500", "-max_len=6000", "-print_final_stats=1")


def main(arguments: list[str]) -> int:
    with atheris.instrument_imports(include=["bundlekit", "pathspec", "tarfile", "tomllib"]):
        from fuzz.targets import SEEDS, TARGETS, WORDS, archive_seed

    if not arguments or arguments[0].startswith("-"):
        runs = (subprocess.run([sys.executable, "-m", "fuzz", name, *arguments], check=False) for name in TARGETS)
        return max(abs(run.returncode) for run in runs)
    name, *options = arguments
    if name not in TARGETS:
        print(f"no target {name}; there are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    corpus = _HOME / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name] if name in SEEDS else [archive_seed()]):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = _HOME / "words.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS), encoding="ascii")
    places = (f"-dict={words}", f"-artifact_prefix={_HOME}/{name}-")
    atheris.Setup([sys.argv[0], *_DEFAULTS, *places, *options, os.fspath(corpus)], TARGETS[name])
    atheris.Fuzz()
    return 0


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
