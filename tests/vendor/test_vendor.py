"""`bundlekit vendor` as it is typed, with pip and without a network."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bundlekit.bundle.files import FolderFiles
from bundlekit.bundle.vendor_lock import LockedPackage, VendorLock, read_lock
from bundlekit.cli import main
from bundlekit.errors import CouldNotRun
from bundlekit.vendor.folder import complete, digest_of, is_interrupted, present, write
from bundlekit.vendor.vendoring import differences
from tests.pack.folders import make_folder
from tests.source.python_2 import interpreter
from tests.vendor.packages import TRAP, index, sdist, wheel

__all__ = ["index"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "thermostat")


@pytest.fixture(scope="module")
def python_2(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(interpreter(tmp_path_factory.mktemp("python-2")))


def require(bundle: Path, *lines: str) -> None:
    (bundle / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))


def contents(bundle: Path) -> dict[str, bytes]:
    return {**(present(bundle) or {}), "vendor.lock": (bundle / "vendor.lock").read_bytes()}


def publish(index: Path) -> None:
    """A wheel that requires one for Python 2.7 alone and one for Python 3 alone; an sdist of a package without wheels,
    and one that is newer than the wheel of its package, and is not taken.
    """
    markers = ('Requires-Dist: backport ; python_version < "3"', 'Requires-Dist: nowhere ; python_version >= "3"')
    wheel(index, "app", "1.0", {"app/__init__.py": "import backport, old", "INFO/LICENSE": "terms"}, *markers,
          "Requires-Dist: old", "License: MIT")  # fmt: skip
    wheel(index, "backport", "1.0", {"backport.py": "print 'Python 2'"}, tag="py2-none-any")
    listed = {"old.egg-info/top_level.txt": "old\n", "old.egg-info/requires.txt": "six2\n"}
    sdist(index, "old", "1.0", {"src/old.py": "import six2", "setup.py": TRAP, **listed})
    wheel(index, "six2", "1.0", {"six2.py": ""})
    sdist(index, "six2", "1.5", {"six2.py": "newer = 1", "setup.py": TRAP})


def test_vendor_takes_along_what_a_gateway_needs(
    index: Path, bundle: Path, python_2: str, capfd: pytest.CaptureFixture[str]
) -> None:
    publish(index)
    require(bundle, "app==1.0  # why", "sanji", 'nowhere; python_version >= "3"')
    assert main(["vendor", str(bundle), "--python", python_2]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "app 1.0  MIT",
        "backport 1.0  no licence named",
        "old 1.0  no licence named",
        "six2 1.0  no licence named",
    ]
    assert "4 packages, 5 files" in err
    assert "imported all of it" in err
    assert set(contents(bundle)) == {
        *("app/__init__.py", "backport.py", "old.py", "six2.py", "licences/app/LICENSE", "vendor.lock"),
    }
    assert not Path(os.environ["BUNDLEKIT_TRAP"]).exists(), "a setup.py was run"
    lock = json.loads((bundle / "vendor.lock").read_text())
    assert lock["requirements"] == ["app==1.0"]
    assert {one["name"]: one["required_by"] for one in lock["packages"]} == {
        "app": ["requirements.txt"],
        "backport": ["app"],
        "old": ["app"],
        "six2": ["old"],
    }


def test_lock_gives_the_same_bytes_elsewhere_and_later(
    index: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(index)
    require(bundle, "app")
    assert main(["vendor", str(bundle)]) == 0
    first = contents(bundle)
    wheel(index, "six2", "2.0", {"six2.py": "new = 1"})
    other = make_folder(tmp_path / "elsewhere" / "other name")
    require(other, "app")
    (other / "vendor.lock").write_bytes(first["vendor.lock"])
    monkeypatch.chdir(other)
    umask = os.umask(0o077)
    try:
        assert main(["vendor"]) == 0
    finally:
        os.umask(umask)
    assert contents(other) == first
    require(other, "app", "backport")
    assert main(["vendor"]) == 0
    assert contents(other).keys() == first.keys()
    assert b"new" not in contents(other)["six2.py"], "what was locked stays where something else is added"
    assert main(["vendor", "--upgrade"]) == 0
    assert contents(other)["six2.py"] == b"new = 1"


def test_package_with_another_digest_is_refused_and_nothing_changes(
    index: Path, bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(index, "six2", "1.0", {"six2.py": ""})
    require(bundle, "six2")
    assert main(["vendor", str(bundle)]) == 0
    other = make_folder(tmp_path / "other")
    require(other, "six2")
    (other / "vendor.lock").write_bytes((bundle / "vendor.lock").read_bytes())
    wheel(index, "six2", "1.0", {"six2.py": "evil = 1"})
    capfd.readouterr()
    assert main(["vendor", str(other)]) == 1
    assert "its digest differs" in capfd.readouterr().err
    assert not (other / "vendor").exists()


def test_what_fits_is_left_alone_without_pip(
    index: Path, bundle: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(index, "six2", "1.0", {"six2.py": ""})
    require(bundle, "six2")
    assert main(["vendor", str(bundle)]) == 0
    before = (bundle / "vendor" / "six2.py").stat().st_ino
    monkeypatch.setattr("bundlekit.vendor.vendoring.download", None)
    assert main(["vendor", str(bundle)]) == 0
    assert (bundle / "vendor" / "six2.py").stat().st_ino == before
    assert main(["vendor", str(bundle), "--check"]) == 0
    require(bundle, "# nothing any more")
    assert main(["vendor", str(bundle), "--check"]) == 1
    assert "requirements.txt has changed since vendor.lock was written: six2" in capfd.readouterr().err
    assert main(["vendor", str(bundle)]) == 0
    assert not (bundle / "vendor").exists()
    assert not (bundle / "vendor.lock").exists()
    assert main(["vendor", str(bundle), "--check"]) == 0


def test_changed_file_in_vendor_is_neither_passed_nor_lost(
    index: Path, bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(index, "six2", "1.0", {"six2.py": ""})
    require(bundle, "six2")
    assert main(["vendor", str(bundle)]) == 0
    (bundle / "vendor" / "six2.pyc").write_text("left by Python")
    assert main(["vendor", str(bundle), "--check"]) == 0
    (bundle / "vendor" / "six2.py").write_text("mended = 1")
    assert main(["vendor", str(bundle), "--check"]) == 1
    assert main(["vendor", str(bundle), "--upgrade"]) == 1
    assert "kept: they were left as they are" in capfd.readouterr().err
    assert (bundle / "vendor" / "six2.py").read_text() == "mended = 1"


def locked(version: str, files: dict[str, bytes]) -> VendorLock:
    package = LockedPackage("six", version, f"six-{version}.whl", "0" * 64, "MIT", ("six",), ("requirements.txt",))
    return VendorLock((f"six=={version}",), digest_of(files), (package,))


OLD, NEW = ({"six/x.py": text} for text in (b"old = 1", b"new = 1"))


@pytest.mark.parametrize("fails", [0, 1, 2], ids=["content", "old away", "new there"])
def test_folder_that_cannot_be_replaced_stays_or_is_completed(
    fails: int, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full as the files are written, or a rename fails."""
    write(bundle, OLD, locked("1", OLD))
    steps: list[str] = []

    def failing(name: str) -> None:
        real = getattr(Path, name)

        def step(path: Path, *arguments: object) -> object:
            steps.append(name)
            if len(steps) == (1, 3, 4)[fails]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(path, *arguments)

        monkeypatch.setattr(Path, name, step)

    failing("write_bytes")
    failing("rename")
    with pytest.raises(CouldNotRun, match="No space left"):
        write(bundle, NEW, locked("2", NEW))
    assert steps[-1] == ("write_bytes", "rename", "rename")[fails]
    if fails:
        assert "interrupted" in differences(bundle)[0]
        complete(bundle)
    assert present(bundle) == (NEW if fails else OLD)
    assert [one.name for one in bundle.iterdir() if one.name.startswith(".vendor")] == []


def killed(act: int, work: Callable[[], None]) -> bool:
    """Do some work in a process of its own that is killed before it changes a file for the nth time; whether it was."""
    process = os.fork()
    if not process:
        changes = 0

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal changes
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if writes or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir"):
                changes += 1
                if changes == act:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        work()
        os._exit(0)
    status = os.waitpid(process, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status != 0


def test_kill_at_any_moment_leaves_the_old_or_what_is_completed(tmp_path: Path) -> None:
    old, new = locked("1", OLD), locked("2", NEW)
    states = {"old": 0, "new": 0}
    for act in itertools.count(1):
        for second in itertools.count(1):  # what completes it is killed as well
            bundle = make_folder(tmp_path / f"{act}-{second}")
            (bundle / "requirements.txt").write_text("six==2\n")
            write(bundle, OLD, old)
            if not killed(act, lambda bundle=bundle: write(bundle, NEW, new)):  # type: ignore[misc]
                assert states["old"] > 3
                assert states["new"] > 10
                return
            assert differences(bundle) != ()
            was_killed = killed(second, lambda bundle=bundle: complete(bundle))  # type: ignore[misc]
            complete(bundle)
            lock = read_lock(FolderFiles(bundle))
            assert (lock, present(bundle)) in ((old, OLD), (new, NEW))
            states["new" if lock == new else "old"] += 1
            assert (differences(bundle) == ()) == (lock == new)
            assert [one.name for one in bundle.iterdir() if one.name.startswith(".vendor")] == []
            shutil.rmtree(bundle)
            if not was_killed:
                break


def test_what_a_killed_vendor_left_replaces_nothing_of_the_users(tmp_path: Path) -> None:
    bundle = make_folder(tmp_path / "thermostat")
    write(bundle, OLD, locked("1", OLD))
    for act in itertools.count(1):  # up to where the new one is complete, and the old one is still there
        assert killed(act, lambda: write(bundle, NEW, locked("2", NEW)))
        if is_interrupted(bundle):
            break
    mine = bundle / "vendor" / "six" / "x.py"
    mine.write_text("mine = 1")
    complete(bundle)
    assert mine.read_text() == "mine = 1"
    assert not is_interrupted(bundle)
    (tmp_path / "elsewhere" / "vendor").mkdir(parents=True)
    (bundle / ".vendor-next").symlink_to(tmp_path / "elsewhere")
    assert main(["vendor", str(bundle)]) == 1
    assert (tmp_path / "elsewhere" / "vendor").is_dir()


def test_folder_of_the_users_own_is_left_alone(index: Path, bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    require(bundle, "six2")
    (bundle / "vendor").mkdir()
    (bundle / "vendor" / "mine.py").touch()
    assert main(["vendor", str(bundle)]) == 1
    assert "did not put there" in capfd.readouterr().err
    (bundle / "vendor" / "mine.py").unlink()
    (bundle / "vendor").rmdir()
    (bundle / "vendor").symlink_to(index)
    assert main(["vendor", str(bundle)]) == 1
    assert "is not a folder" in capfd.readouterr().err
    assert list(index.iterdir()) == []


def test_package_that_python_2_cannot_import_is_refused(
    index: Path, bundle: Path, python_2: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(index, "wrong", "1.0", {"wrong.py": "def f(*, a): pass"})
    require(bundle, "wrong")
    assert main(["vendor", str(bundle), "--python", python_2]) == 1
    err = capfd.readouterr().err
    assert "wrong of wrong 1.0: SyntaxError" in err
    assert not (bundle / "vendor").exists()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-r other.txt", "has an option of pip"),
        ("--index-url https://evil.example", "has an option of pip"),
        ("-e .", "has an option of pip"),
        ("https://evil.example/x.whl", "is not the name of a package"),
        ("foo @ https://evil.example/x.whl", "is not the name of a package"),
        ("foo==1.0 --hash=sha256:" + "0" * 64, "has an option of pip"),
        ("./local", "is not the name of a package"),
        ("foo bar", "is not the name of a package"),
        ("foo; \x1b[31m", "is not the name of a package"),
        ("foo===\x1b[31m", "is not the name of a package"),
        ("foo===${HOME}", "is not the name of a package"),
        ("foo===1\\ # joined with the next line", "is not the name of a package"),
    ],
)
def test_line_that_is_no_package_is_refused(
    index: Path, bundle: Path, line: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    require(bundle, "# first", line)
    assert main(["vendor", str(bundle)]) == 1
    err = capfd.readouterr().err
    assert why in err
    assert "requirements.txt:2" in err
    assert "\x1b[31m" not in err


@pytest.mark.parametrize(
    "case",
    [
        ("No module named 'pip'", 3, "there is no pip beside bundlekit"),
        ("AttributeError: x\nbundlekit-unknown-pip", 3, "this pip is not built as bundlekit expects"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError'", 3, "pip reaches no package index"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", 1, "its digest differs"),
        ("ERROR: No matching distribution found for x-y (from versions: none)", 3, "pip finds no package x-y"),
        ("ERROR: No matching distribution found for X_y==9", 3, "no version of x-y that requirements.txt allows"),
        ("ERROR: ResolutionImpossible: help", 3, "no versions of these packages fit together"),
        ("Traceback \x1b[2J", 3, "pip failed"),
    ],
)
def test_failure_of_pip_is_put_into_words(
    bundle: Path, case: tuple[str, int, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said, code, why = case
    monkeypatch.setattr("bundlekit.vendor.pip._run", lambda *_, **__: (1, said))
    require(bundle, "x-y")
    assert main(["vendor", str(bundle)]) == code
    err = capfd.readouterr().err
    assert why in err
    assert "hint:" in err
    assert "\x1b[2J" not in err


def test_missing_package_is_named(index: Path, bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    require(bundle, "nowhere")
    assert main(["vendor", str(bundle)]) == 3
    assert "pip finds no package nowhere" in capfd.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 2}', '{"form": 1, "requirements": 1}', "[" * 100_000])
def test_lock_that_is_none_is_refused(bundle: Path, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    require(bundle, "six2")
    (bundle / "vendor.lock").write_text(text)
    assert main(["vendor", str(bundle), "--check"]) == 1
    assert "is not a lock of bundlekit vendor" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "six2\n--index-url https://evil.example\nsix2"),
        ("version", "1.0\n--index-url https://evil.example"),
        ("version", "1.0 --global-option=evil"),
        ("sha256", "0" * 64 + " --config-settings=x=y"),
        ("licence", "MIT\x1b]0;evil\a"),
        ("required_by", ["requirements.txt\x1b[2J"]),
    ],
)
def test_lock_gives_pip_no_option_and_the_terminal_no_command(
    bundle: Path, key: str, value: str | list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    require(bundle, "six2")
    package = LockedPackage("six2", "1.0", "six2-1.0.whl", "0" * 64, "MIT", ("six2",), ("requirements.txt",))
    said = json.loads(VendorLock(("six2",), "0" * 64, (package,)).text())
    said["packages"][0][key] = value
    (bundle / "vendor.lock").write_text(json.dumps(said))
    assert main(["vendor", str(bundle)]) == 1
    err = capfd.readouterr().err
    assert "is not a lock of bundlekit vendor" in err
    assert "\x1b" not in err


def test_usage_that_makes_no_sense_is_refused(bundle: Path, tmp_path: Path) -> None:
    require(bundle, "six2")
    assert main(["vendor", str(bundle), "--check", "--upgrade"]) == 2
    assert main(["vendor", str(bundle), "--python", "/bin/true"]) == 2
    assert main(["vendor", str(tmp_path / "nothing")]) == 2
    assert main(["vendor", str(tmp_path)]) == 3


def test_check_takes_files_as_a_hook_gives_them(index: Path, bundle: Path, tmp_path: Path) -> None:
    require(bundle, "six2")
    stray = tmp_path / "requirements.txt"
    stray.touch()
    assert main(["vendor", "--check", "--", str(stray)]) == 0
    assert main(["vendor", "--check", "--", str(stray), str(bundle / "requirements.txt")]) == 1
    assert main(["vendor", "--", str(stray)]) == 3


def test_digest_depends_on_names_and_contents_alone() -> None:
    assert digest_of({"a": b"1", "b": b"2"}) == digest_of({"b": b"2", "a": b"1"})
    assert len({digest_of({"a": b"1"}), digest_of({"a": b"2"}), digest_of({"b": b"1"}), digest_of({})}) == 4
