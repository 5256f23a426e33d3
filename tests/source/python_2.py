"""A real Python 2.7, asked whether it takes sources."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.emulator.bundles.pythons import python_2

_ASK = r"""
import json, sys, warnings
warnings.simplefilter("ignore")
folder = sys.argv[1]
for name in json.load(sys.stdin):
    source = open(folder + "/" + name, "rb").read()
    try:
        compile(source, name, "exec", 0, True)
        why = None
    except Exception as error:
        why = str(error)
    print(json.dumps(why))
"""


def interpreter(folder: Path) -> Path:
    """Python 2.7 of this machine, or else of the test gateway, put together in a folder."""
    installed = sorted(Path.home().glob(".pyenv/versions/2.7.*/bin/python2.7"))
    return installed[-1] if installed else python_2(folder / "python2.7")


def refusals(folder: Path, sources: Sequence[bytes]) -> list[str | None]:
    """What Python 2.7's compiler says against each source; None where it takes it."""
    for number, source in enumerate(sources):
        (folder / f"{number}.py").write_bytes(source)
    names = json.dumps([f"{number}.py" for number in range(len(sources))])
    done = subprocess.run(
        [interpreter(folder), "-c", _ASK, folder], input=names, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def import_refusals(folder: Path, sources: Sequence[bytes]) -> list[str | None]:
    """What Python 2.7 says against importing each source as a file, where the encoding counts."""
    ask = _ASK.replace('compile(source, name, "exec", 0, True)', 'imp.load_source("one", folder + "/" + name)')
    (folder / "ask.py").write_text("import imp\n" + ask)
    for number, source in enumerate(sources):
        (folder / f"{number}.py").write_bytes(source)
    names = json.dumps([f"{number}.py" for number in range(len(sources))])
    done = subprocess.run(
        [interpreter(folder), "-B", folder / "ask.py", folder], input=names, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


_MODULES = r"""
import os, sys
names = set(sys.builtin_module_names) | {"os.path", "__main__"}
library = os.path.dirname(os.__file__)
for top in [library] + [os.path.join(library, folder) for folder in ("lib-dynload", "lib-tk", "plat-linux2")]:
    for folder, folders, files in os.walk(top):
        inside = os.path.relpath(folder, top).replace(os.sep, ".")
        package = "" if inside == "." else inside + "."
        folders[:] = [one for one in folders if os.path.exists(os.path.join(folder, one, "__init__.py"))
                      and one not in ("test", "tests", "idle_test", "site-packages", "dist-packages")]
        for name in files:
            stem, ending = name.split(".", 1) if "." in name else (name, "")
            if ending == "py" or name.endswith(".so"):
                name = package.rstrip(".") if stem == "__init__" else package + stem
                names.add(name[:-6] if name.endswith("module") and ending != "py" else name)
print("\n".join(sorted(name for name in names if name)))
"""


def builtin_names(folder: Path) -> set[str]:
    """The names that Python 2.7 has without an import, but for those with underscores that each module has anew."""
    ask = "import __builtin__; print('\\n'.join(name for name in dir(__builtin__) if name[0] != '_'))"
    done = subprocess.run([interpreter(folder), "-c", ask], capture_output=True, text=True, check=True)
    return {*done.stdout.split(), "__import__"}


def library(folder: Path) -> Path:
    """Where the modules of Python 2.7 lie."""
    ask = "import os; print(os.path.dirname(os.__file__))"
    done = subprocess.run([interpreter(folder), "-c", ask], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def module_names(folder: Path) -> set[str]:
    """The names of the modules that Python 2.7 brings."""
    done = subprocess.run([interpreter(folder), "-c", _MODULES], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
