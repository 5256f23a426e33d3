"""What the gateway's own Python says of a release before anything is stopped, by the program that travels."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bundlekit.remote import script
from tests.emulator.bundles.pythons import python_2

PLAIN = "import os, json\nfrom sanji.core import Sanji\n"


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The program under Python 2.7 as on a gateway, and under the Python of an emulated gateway, by version."""
    folder = tmp_path_factory.mktemp("python")
    program = check_in(folder)
    return {"2": [str(python_2(folder, with_sdk=True)), *program], "3": [sys.executable, *program]}


def check_in(folder: Path) -> list[str]:
    """The program as it travels; what Python has to run."""
    programs = folder / "programs.zip"
    programs.write_bytes(script.make_programs())
    return [str(programs), "check"]


def checked(python: list[str], folder: Path, files: Mapping[str, str | bytes]) -> list[list[str]]:
    """The events about a release with such files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(folder.rglob("*"))
    ended = subprocess.run([*python, folder], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    events = [line.split("\t") for line in ended.stdout.splitlines()]
    assert ended.returncode == (3 if any(event[0] == "problem" for event in events) else 0)
    assert sorted(folder.rglob("*")) == before, "nothing is written, no compiled sources either"
    return events


FIT: dict[str, dict[str, str | bytes]] = {
    "helper beside it": {"index.py": "import helper\n", "helper.py": ""},
    "package": {"index.py": "import a.b\nfrom a import c\n", "a/__init__.py": "", "a/b.py": "", "a/c.py": ""},
    "relative": {
        "index.py": "import a.b",
        "a/__init__.py": "",
        "a/b.py": "from . import c\nfrom .c import x",
        "a/c.py": "",
    },
    "cycle": {"index.py": "import a", "a.py": "import b", "b.py": "import a"},
    "guarded": {"index.py": "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n"},
    "guarded helper": {
        "index.py": "try:\n    import helper\nexcept Exception:\n    helper = None\n",
        "helper.py": "def broken(:\n",
    },
    "either of two": {"index.py": "try:\n    import json\nexcept ImportError:\n    import nowhere as json\n"},
    "the other of two": {"index.py": "try:\n    import nowhere as json\nexcept ImportError:\n    import json\n"},
    "of another Python": {"index.py": "import sys\nif sys.version_info[0] > 9:\n    import nowhere\n"},
    "only when it is no main": {"index.py": "import a", "a.py": 'if __name__ == "__main__":\n    import nowhere\n'},
    "standard library": {"index.py": "import os.path, logging.handlers\nfrom logging import handlers\n"},
    "vendored": {
        "index.py": "import sys\nsys.path.insert(0, 'vendor')\nimport lib.a\n",
        "vendor.lock": "",
        "vendor/lib/__init__.py": "import sys\nsys.modules[__name__ + '.moves'] = sys\nfrom lib.moves import nowhere\n",
        "vendor/lib/a.py": "import nowhere\n",
        "vendor/lib/of_another_python.py": "a = = 1\n",
    },
    "byte order mark": {"index.py": b"\xef\xbb\xbfimport os\n"},
    "windows line ends": {"index.py": b"import os\r\nif os:\r\n    pass\r\n"},
    "what it would do": {"index.py": "import helper", "helper.py": "open('/tmp/never', 'w')\nraise SystemExit(1)\n"},
}


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("case", FIT)
def test_fit_release_gives_no_word(pythons: dict[str, list[str]], tmp_path: Path, version: str, case: str) -> None:
    assert checked(pythons[version], tmp_path, FIT[case]) == []


UNFIT: dict[str, tuple[dict[str, str | bytes], str, str, str]] = {
    "index": ({"index.py": "import os\nif:\n"}, "syntax", "index.py:2", "invalid syntax"),
    "helper": ({"index.py": "import a", "a.py": "\n\ndef f(:\n    pass\n"}, "syntax", "a.py:3", "invalid syntax"),
    "vendored module": (
        {
            "index.py": "import sys\nsys.path.insert(0, 'vendor')\nimport a",
            "vendor/a.py": "\nx = = 1",
            "vendor.lock": "",
        },
        "syntax",
        "vendor/a.py:2",
        "invalid syntax",
    ),
    "vendored module that is not there": (
        {
            "index.py": "import sys\nsys.path.insert(0, 'vendor')\nimport a.b",
            "vendor/a/__init__.py": "",
            "vendor.lock": "",
        },
        "import",
        "index.py:3",
        "a.b",
    ),
    "helper of a helper": (
        {"index.py": "from a.b import x", "a/__init__.py": "", "a/b.py": "import a.c", "a/c.py": "x = = 1"},
        "syntax",
        "a/c.py:1",
        "invalid syntax",
    ),
    "broken behind except ImportError": (
        {"index.py": "try:\n    import a\nexcept ImportError:\n    a = None\n", "a.py": "x = = 1"},
        "syntax",
        "a.py:1",
        "invalid syntax",
    ),
    "found late": ({"index.py": "import os\nreturn os\n"}, "syntax", "index.py:2", "'return' outside function"),
    "missing": (
        {"index.py": "import os\nimport nowhere.at_all\n"},
        "import",
        "index.py:2",
        "No module named",
    ),
    "missing in a helper": (
        {"index.py": "import a", "a.py": "class A:\n    import nowhere"},
        "import",
        "a.py:2",
        "nowhere",
    ),
    "missing at the end": (
        {"index.py": 'if __name__ == "__main__":\n    import nowhere\n'},
        "import",
        "index.py:2",
        "nowhere",
    ),
    "missing of a package": (
        {"index.py": "import a.b", "a/__init__.py": ""},
        "import",
        "index.py:1",
        "No module named a.b",
    ),
    "missing name": (
        {"index.py": "from json import gibberish"},
        "import",
        "index.py:1",
        "cannot import name gibberish",
    ),
    "neither of two": (
        {"index.py": "try:\n    import nowhere\nexcept ImportError:\n    import nothing\n"},
        "import",
        "index.py:4",
        "nothing",
    ),
    "relative out of it": ({"index.py": "from . import a", "a.py": ""}, "import", "index.py:1", "outside of a package"),
    "no index.py": ({"main.py": ""}, "syntax", "index.py:1", "there is no such file"),
    "zero byte": ({"index.py": b"import os\n\0\n"}, "syntax", "index.py:", "null bytes"),
}


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("case", UNFIT)
def test_unfit_release_is_told_by_file_and_line(
    pythons: dict[str, list[str]], tmp_path: Path, version: str, case: str
) -> None:
    files, kind, where, what = UNFIT[case]
    events = checked(pythons[version], tmp_path, files)
    problems = [event for event in events if event[0] == "problem"]
    assert [event[1] for event in problems] == [kind], events
    assert problems[0][2].startswith(where)
    assert what in problems[0][3]


TOLD: dict[str, tuple[dict[str, str | bytes], str]] = {
    "in a function": ({"index.py": "def f():\n    import nowhere\n"}, "index.py:2: to import nowhere may fail"),
    "under a condition": (
        {"index.py": "import os\nif os.sep:\n    import nowhere\n"},
        "index.py:3: to import nowhere may",
    ),
    "behind sys.path": ({"index.py": "import sys\nsys.path.append('/opt')\nimport nowhere\n"}, "index.py:3: to import"),
    "behind all of sys.path": ({"index.py": "import sys\nsys.path[:0] = ['lib']\nimport nowhere\n"}, "index.py:3: to"),
    "nobody imports it": ({"index.py": "", "tests/test_it.py": "x = = 1"}, "tests/test_it.py:1: invalid syntax"),
    "late helper": ({"index.py": "def f():\n    import a", "a.py": "x = = 1"}, "a.py:1: invalid syntax"),
}


IN_LIB = "import os, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\n"

# how index.py has Python look in the folder lib
LIBRARIES = [
    "sys.path.append('lib')",
    "sys.path.insert(0, os.path.join(HERE, 'lib'))",
    "sys.path.append(os.path.join(os.path.dirname(__file__), 'lib'))",
    "sys.path.append(os.path.dirname(os.path.realpath(__file__)) + '/lib')",
    "LIB = os.path.normpath(os.path.join(HERE, 'x', '..', 'lib'))\nif LIB not in sys.path:\n    sys.path.append(LIB)",
]


@pytest.mark.parametrize("version", ["2", "3"])
def test_modules_in_a_folder_on_sys_path_are_the_bundles_own(
    pythons: dict[str, list[str]], tmp_path: Path, version: str
) -> None:
    for number, line in enumerate(LIBRARIES):
        files: dict[str, str | bytes] = {"index.py": f"{IN_LIB}{line}\nimport brought\n", "lib/brought.py": ""}
        (tmp_path / str(number)).mkdir()
        assert checked(pythons[version], tmp_path / str(number), files) == []
        events = checked(pythons[version], tmp_path / str(number), {**files, "lib/brought.py": "import nowhere"})
        assert [event[:3] for event in events] == [["problem", "import", "lib/brought.py:1"]], line


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("case", TOLD)
def test_what_may_go_well_is_only_told(pythons: dict[str, list[str]], tmp_path: Path, version: str, case: str) -> None:
    files, note = TOLD[case]
    events = checked(pythons[version], tmp_path, files)
    assert [event[0] for event in events] == ["note"]
    assert note in events[0][1]


def test_sdk_is_imported_as_the_gateway_has_it_and_python_2_syntax_passes(
    pythons: dict[str, list[str]], tmp_path: Path
) -> None:
    source = PLAIN + 'try:\n    print "two"\nexcept ValueError, error:\n    exec "pass"\n'
    assert checked(pythons["2"], tmp_path, {"index.py": source}) == []
    (tmp_path / "index.py").unlink()
    assert checked(pythons["2"], tmp_path, {"index.py": "from sanji.core import Sanjy\n"})[0][1] == "import"


def test_python_2_alone_looks_beside_a_module_first_and_wants_a_coding_line(
    pythons: dict[str, list[str]], tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "index.py": "import a.b",
        "a/__init__.py": "",
        "a/b.py": "import c",
        "a/c.py": "# \u00fc",
    }
    assert checked(pythons["2"], tmp_path, files)[0][2] == "a/c.py:1"
    assert checked(pythons["3"], tmp_path, files)[0][2] == "a/b.py:1"


def test_what_requirements_txt_asks_for_is_said(pythons: dict[str, list[str]], tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "index.py": "import some_thing\nimport other\n",
        "requirements.txt": "# what we need\n-r more.txt\nSome-Thing==1.2  # pinned\nPyYAML\n",
    }
    events = checked(pythons["3"], tmp_path, files)
    assert events[0][4] == "requirements.txt asks for Some-Thing==1.2"
    assert events[1][4] == "requirements.txt asks for Some-Thing==1.2, PyYAML"


@pytest.mark.parametrize("version", ["2", "3"])
def test_new_keys_of_a_factory_file_are_told(pythons: dict[str, list[str]], tmp_path: Path, version: str) -> None:
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "a.json").write_text('{"old": {"x": 1}, "list": [], "mine": 2}')
    (settings / "broken.json").write_text("{")
    files: dict[str, str | bytes] = {
        "index.py": "",
        "data/a.json.factory": '{"old": {"x": 2, "y": 3}, "list": [{"z": 1}], "n\u00fc": 4}'.encode(),
        "data/broken.json.factory": "{}",
        "data/fresh.json.factory": '{"all": "new"}',
    }
    folder = tmp_path / "release"
    checked(pythons[version], folder, files)
    ended = subprocess.run([*pythons[version], folder, settings], capture_output=True, text=True, check=True)
    said = "data/a.json.factory has keys that the settings do not have, and they stay as they are: n\u00fc, old.y"
    assert ended.stdout == f"note\t{said}\n"


@pytest.mark.parametrize("version", ["2", "3"])
def test_module_that_ends_python_or_prints_or_raises_harms_nothing(
    pythons: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "quitter.py").write_text("import os\nos._exit(0)\n")
    (library / "printer.py").write_text("print('problem')\nimport sys\nsys.stdin.read()\n")
    (library / "raiser.py").write_text("raise RuntimeError('no sensor')\n")
    monkeypatch.setenv("PYTHONPATH", str(library))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    events = checked(
        pythons[version],
        tmp_path / "release",
        {"index.py": "import quitter\nimport raiser\nimport json\nimport printer\n"},
    )
    assert [event[0] for event in events] == ["note", "note"]
    assert "quitter may fail: its import ended Python" in events[0][1]
    assert "raiser may fail: no sensor" in events[1][1]


def test_module_whose_import_has_no_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(1000)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    program = script.program
    monkeypatch.setattr(
        script, "program", lambda name: program(name).replace("MODULE_SECONDS = 20", "MODULE_SECONDS = 1")
    )
    python = [sys.executable, *check_in(tmp_path)]
    events = checked(python, tmp_path / "release", {"index.py": "import sleeper\nimport nowhere\n"})
    assert [event[0] for event in events] == ["problem", "note"]
    assert "sleeper may fail: its import had not ended" in events[1][1]


@pytest.mark.parametrize("version", ["2", "3"])
def test_import_that_went_well_is_made_again_only_after_something_has_changed_for_it(
    pythons: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    first, library, count = tmp_path / "first", tmp_path / "library", tmp_path / "count"
    release, memory = tmp_path / "release", tmp_path / "memory"
    for folder in (first, library, release):
        folder.mkdir()
    counting = f"open({str(count)!r}, 'a').write('x')\n"
    (library / "counted.py").write_text(f"import used\n{counting}")
    (library / "used.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", f"{first}:{library}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def check(source: str = "import counted\n") -> tuple[str, int]:
        """What is told, and how often the module was imported so far."""
        (release / "index.py").write_text(source)
        command = [*pythons[version], *map(str, (release, tmp_path, memory))]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.stderr == ""
        return ended.stdout, len(count.read_text())

    assert [check(), check()] == [("", 1)] * 2
    known = memory.read_text()
    assert "cannot import name nothing" in check("from counted import nothing\n")[0]
    assert check("import counted\nimport json\n") == ("", 2)
    assert memory.read_text() != known
    assert check("import json\nimport counted\n") == ("", 2)
    memory.write_text(memory.read_text()[:-9])
    assert check() == ("", 3), "a damaged memory"
    (first / "other.py").write_text("")
    assert [check(), check()] == [("", 4)] * 2, "a folder where Python looks first"
    (library / "used.py").write_text("gone = True\n")
    assert check() == ("", 5), "a module that the module imports"
    before = (library / "counted.py").stat()
    with (library / "counted.py").open("r+") as stream:
        stream.write("import nope")
    os.utime(library / "counted.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "nope" in check()[0], "a file that has its old date and size"
    (library / "counted.py").write_text(f"import used\n{counting}")
    (library / "used.py").unlink()
    assert "No module named" in check()[0]
    assert "No module named" in check()[0], "what failed is tried again"
    assert len(count.read_text()) == 5
    (library / "odd.py").write_text("__file__ = 5\n")
    assert check("import odd\n") == ("", 5), "a module whose file cannot be watched"
    for of_another_version in ("[]", "{}", '{"stamps": 5}'):
        memory.write_text(of_another_version)
        assert check("import json\n") == ("", 5)
