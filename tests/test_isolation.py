"""No Python of ours takes a module from the folder where it is started, or from a home.

Each start of one in our sources is isolated, or stands here with the reason why it is not; and none imports what
somebody has planted. On a booted gateway that is in tests/remote/test_planted.py.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [
    ROOT / "hatch_build.py",
    *sorted((ROOT / "bundlekit").rglob("*.py")),
    *sorted(ROOT.glob("templates/*/*.py")),
]
SHELL = sorted((ROOT / "bundlekit").rglob("*.sh"))

NOT_ISOLATED = {
    "hatch_build.py:_download": "-P; pip needs the setuptools of the build, which come by PYTHONPATH",
    "hatch_build.py:_manual": "-P; the click of the build comes by PYTHONPATH, too",
    "bundlekit/emulator/bundles/process.py:start": "a bundle, with its own folder first on its path",
    "bundlekit/emulator/machine/host.py:_ask": "any Python, so 2.7 too, which has no -I",
    "bundlekit/emulator/machine/host.py:_python_programs": "the gateway's own `python`, for whatever runs in the box",
    "bundlekit/remote/script/programs/importer.py:ask": "looks for modules where a bundle does; in /, as root",
    "bundlekit/vendor/trial.py:_run": "Python 2.7, which has no -I: -E -s in / instead",
    "bundlekit/lint/parallel.py:_workers": "multiprocessing has no flags for it; PYTHONSAFEPATH is set",
}
IN_SHELL = {
    'setsid "$PYTHON" -u index.py >>"$2" 2>&1 &': "a bundle, with its own folder first on its path",
    '"$PYTHON" -u index.py >>"$2" 2>&1 &': "the same without setsid",
}

STARTS = re.compile(r"run|call|check_call|check_output|Popen|getoutput|create_subprocess_exec|exec[vl]p?e?|p?spawn\w*")
IS_PYTHON = re.compile(r"(.*/)?python[0-9.]*")
NAMED_PYTHON = re.compile(r"_?(python|executable|interpreter)[0-9]?")


def is_python(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return bool(IS_PYTHON.fullmatch(text))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(NAMED_PYTHON.fullmatch(name))
        case ast.Call(func=ast.Attribute(attr="quote" | "fspath") | ast.Name(id="str"), args=[one, *_]):
            return is_python(one)
    return False


def is_isolated(arguments: list[ast.expr]) -> bool:
    """Whether -I is among the flags that stand in front of what is to run."""
    for argument in arguments:
        flag = argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""
        if not re.fullmatch(r"-[A-Za-z]+", flag) or flag in ("-c", "-m"):
            return False
        if "I" in flag:
            return True
    return False


def is_open(node: ast.AST) -> bool:
    """Whether this starts a Python that is not isolated."""
    match node:
        case ast.List(elts=[first, *rest]) | ast.Tuple(elts=[first, *rest]) if rest:
            flags = isinstance(rest[0], ast.Constant) and str(rest[0].value).startswith("-")
            return is_python(first) and (flags or isinstance(node, ast.List)) and not is_isolated(rest)
        case ast.Call(
            func=ast.Attribute(attr="get_context") | ast.Name(id="get_context"), args=[ast.Constant(value=way)]
        ):
            return way != "fork"
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[first, *rest]) if STARTS.fullmatch(name):
            return is_python(first) and not is_isolated(rest)
        case ast.JoinedStr(values=parts):
            pairs = zip(parts, [*parts[1:], ast.Constant("")], strict=True)
            return any(
                isinstance(part, ast.FormattedValue)
                and is_python(part.value)
                and isinstance(before, ast.Constant)
                and str(before.value).endswith("exec ")
                and not (isinstance(after, ast.Constant) and re.match(r" -\w*I", str(after.value)))
                for before, (part, after) in zip([ast.Constant(""), *parts], pairs, strict=False)
            )
    return False


def starts(source: str) -> Iterator[str]:
    """The functions in which a Python is started that is not isolated."""

    def visit(node: ast.AST, name: str) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = node.name
        if is_open(node):
            yield name
        for child in ast.iter_child_nodes(node):
            yield from visit(child, name)

    return visit(ast.parse(source), "")


def starts_in_shell(text: str) -> list[str]:
    """The lines that start a Python other than in /, without a home and without the folder where it is."""
    started = re.findall(r'^.*(?:"\$PYTHON"|\bpython[0-9.]*) -.*$', text, re.MULTILINE)
    return [line.strip() for line in started if not re.search(r'cd / && (exec )?"\$PYTHON" -E?s', line)]


def test_every_python_that_is_started_is_isolated_or_listed() -> None:
    found = {f"{path.relative_to(ROOT)}:{name}" for path in SOURCES for name in starts(path.read_text())}
    assert found == set(NOT_ISOLATED)
    assert {line for path in SHELL for line in starts_in_shell(path.read_text())} == set(IN_SHELL)


@pytest.mark.parametrize(
    "source",
    [
        "subprocess.run([sys.executable, '-c', x])",
        "subprocess.run([sys.executable, '-s', '-c', '-I'])",
        "command = [executable, '-m', 'pip']\ncommand += x",
        "subprocess.run(('python2.7', '-'), input=x)",
        "await asyncio.create_subprocess_exec(self.python, program)",
        "os.execv('/usr/bin/python3', ['python3', 'x.py'])",
        "f'exec {shlex.quote(sys.executable)} -SB -c x'",
        "multiprocessing.get_context('spawn')",
    ],
)
def test_python_that_is_not_isolated_is_found(source: str) -> None:
    assert list(starts(f"async def f():\n    {source.replace(chr(10), chr(10) + '    ')}\n"))[:1] == ["f"]


@pytest.mark.parametrize(
    "source", ["run([sys.executable, '-I', '-S', x])", "f'exec {sys.executable} -ISB -c x'", "run(['ssh', '-G', x])"]
)
def test_python_that_is_isolated_is_not_found(source: str) -> None:
    assert list(starts(source)) == []


def test_python_in_a_shell_script_that_is_not_isolated_is_found() -> None:
    lines = ['x=$("$PYTHON" -c "$Y")', '(cd / && "$PYTHON" -c "$Y")', "python3 - <<END", '"$PYTHON" -Es -c x']
    assert starts_in_shell("\n".join([*lines, '(cd / && exec "$PYTHON" -Es "$@")'])) == lines


PLANTED = """
import os
with open({mark!r}, "a") as mark:
    mark.write("%s by %s\\n" % (__name__, open("/proc/self/cmdline").read()))
"""
# What Python imports as it starts, what our programs import, and ourselves.
NAMES = """
    json fcntl socket struct pickle subprocess multiprocessing importlib encodings sitecustomize usercustomize bundlekit
"""


def plant(folder: Path, mark: Path) -> None:
    for name in NAMES.split():
        package = folder / name
        package.mkdir()
        (package / "__init__.py").write_text(PLANTED.format(mark=str(mark)))


# Nothing listens where the gateway should be.
VERBS = {
    "new": ("new --name sample --resource /sample:get --no-input", 0),
    "validate": ("validate many", 0),
    "rules": ("rules", 0),
    "schema": ("schema", 0),
    "pack": ("pack example", 0),
    "export": ("export openapi example", 0),
    "completion": ("completion bash", 0),
    "status": ("status moxa@127.0.0.1:1", 3),
    "deploy": ("deploy moxa@127.0.0.1:1 --bundle example", 3),
    "doctor": ("doctor moxa@127.0.0.1:1", 1),
    "api": ("api GET /example moxa@127.0.0.1:1", 3),
    "adopt": ("adopt moxa@127.0.0.1:1 --bundle example", 3),
    "fetch": ("fetch moxa@127.0.0.1:1 --bundle example -o brought", 3),
    "login": ("login moxa@127.0.0.1:1", 3),
    "run": ("run example --port 0", 0),
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle, with many, and with modules that nobody may import; they would leave `mark`."""
    folder = tmp_path_factory.mktemp("planted")
    plant(folder, folder / "mark")
    shutil.copytree(ROOT / "tests/fixtures/example", folder / "example")
    for number in range(25):
        shutil.copytree(ROOT / "tests/fixtures/example", folder / f"many/{number}")
    return folder


def run_among(folder: Path, *command: str) -> tuple[int, str]:
    """Run it in that folder until it has ended, or says where it listens."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if "example answers" in line:
            process.send_signal(signal.SIGINT)
    return process.wait(60), said


def imported(folder: Path) -> str:
    mark = folder / "mark"
    return mark.read_text() if mark.exists() else ""


@pytest.mark.parametrize("verb", VERBS)
def test_verb_imports_nothing_from_the_folder_where_it_is_started(planted: Path, verb: str) -> None:
    command, code = VERBS[verb]
    ended, said = run_among(planted, str(Path(sys.executable).with_name("bundlekit")), *command.split())
    assert imported(planted) == ""
    assert (ended, "Traceback" in said) == (code, False), said


SPAWNS = """
import sys
from bundlekit.lint.parallel import _workers

if __name__ == "__main__":
    sys.platform = "darwin"
    with _workers(1, None) as workers:
        workers[0].send([None])
        assert workers[0].recv() == [None]
"""


def test_processes_that_are_spawned_import_nothing_from_the_folder_where_we_are(planted: Path, tmp_path: Path) -> None:
    (tmp_path / "spawns.py").write_text(SPAWNS)
    assert run_among(planted, sys.executable, str(tmp_path / "spawns.py")) == (0, "")
    assert imported(planted) == ""


def test_what_is_planted_is_imported_by_a_python_that_is_not_isolated(planted: Path) -> None:
    assert run_among(planted, sys.executable, "-c", "import json, bundlekit")[0] == 0
    assert [line.partition(" ")[0] for line in imported(planted).splitlines()] == ["json", "bundlekit"]
    (planted / "mark").unlink()
