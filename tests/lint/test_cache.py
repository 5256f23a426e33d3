"""What was found before is told again as long as nothing that the check looked at has changed, and not longer."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bundlekit
from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.bundle.gateway_resources import GATEWAY_RESOURCES
from bundlekit.bundle.overlay import Overlaid
from bundlekit.lint import Finding, cache, check, tool_fingerprint
from bundlekit.lint.cache import Cache, cache_folder
from bundlekit.lint.parallel import FEW, check_each
from bundlekit.lint.selection import Choice, Selection, selection, selector
from bundlekit.lint.settings import Settings
from tests import fork_server
from tests.lint.bundles import MANIFEST, MemoryFiles, bundle
from tests.lint.cases import inspections
from tests.rotation import share

FORMATS = ["text", "concise", "json", "github", "gitlab", "sarif", "junit"]
ALL = selection()


@pytest.fixture(autouse=True, scope="module")
def _same_edition() -> Iterator[None]:
    """Whoever works on bundlekit may save a file of it while the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "fingerprint", lambda: "this one")
        yield


def laid_out(files: Bundle, folder: Path) -> Path:
    """A bundle that is in memory, in a folder; what the disk does not take is left out."""
    assert isinstance(files.files, MemoryFiles)
    folder.mkdir(parents=True)
    for path, content in files.files.contents.items():
        with suppress(OSError, ValueError):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                (folder / path).write_bytes(content)
            elif content is Kind.FOLDER:
                (folder / path).mkdir()
            elif content is Kind.LINK:
                (folder / path).symlink_to("elsewhere")
            else:
                os.mkfifo(folder / path)
    return folder


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


def with_all_that_is_read(folder: Path) -> Path:
    """A bundle with a file of each kind that some rule reads."""
    index = "import beside\nfrom sanji.core import Sanji\n\n\nclass Example(Sanji):\n    pass\n\n\nExample().start()\n"
    laid_out(
        bundle(
            {
                "index.py": index,
                "beside.py": "import further\nVALUE = u'\u00e9'\n",
                "further.py": "import tornado\n",
                "requirements.txt": "tornado\n",
                ".bundleignore": "notes/\n",
                "data/example.json": '{"key": "mine"}\n',
                "upload.json": '{"mx-api-token": "k3Jd8sLq0ZpW5vNm7RtY"}\n',
                "other.txt": "anything\n",
            }
        ),
        folder,
    )
    git(folder, "init", "-q")
    git(folder, "add", "data/example.json")
    return folder


def find(folder: Path, kept: Path, chosen: Selection = ALL) -> tuple[Finding, ...] | None:
    """By another run, as it were."""
    return Cache(kept).find(Bundle.in_folder(folder), chosen)


def keep(folder: Path, kept: Path, chosen: Selection = ALL) -> tuple[Finding, ...]:
    found = Cache(kept).check(Bundle.in_folder(folder), chosen)
    assert find(folder, kept, chosen) == found
    return found


def written(kept: Path) -> list[Path]:
    return [path for path in kept.rglob("*") if path.is_file()]


def test_all_cases_of_the_rules_are_told_again_as_they_were_told(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    every = list(inspections().items())
    taken = share(every, of=3)
    unlike, unknown, several = [], [], 0
    for number, (name, inspection) in enumerate(taken):
        if not isinstance(inspection.bundle.files, MemoryFiles):
            continue
        folder = laid_out(inspection.bundle, tmp_path / str(number))
        told = check(Bundle.in_folder(folder))
        first = Cache(kept).check(Bundle.in_folder(folder), ALL)
        again = find(folder, kept)
        several += len(told) > 1
        unlike += [name] if first != told or again not in (told, None) else []
        unknown += [name] if again is None else []
        shutil.rmtree(folder)
    assert unlike == []
    part = len(taken) / len(every)
    assert len(unknown) < 20 * part, "of some nothing is kept, for a fix would repeat a secret or it is too much"
    assert several > 100 * part


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle with a file of each kind that is read, and where its findings are kept."""
    folder, kept = with_all_that_is_read(tmp_path_factory.mktemp("rich") / "box"), tmp_path_factory.mktemp("kept")
    found = keep(folder, kept)
    assert {"packed-secret", "runtime-settings"} <= {one.rule for one in found}
    return folder, kept


FILES = [
    *("bundle.json", "index.py", "beside.py", "further.py", "requirements.txt", ".bundleignore"),
    *("data/example.json", "data/example.json.factory", "upload.json", "other.txt"),
]


@pytest.mark.parametrize("name", FILES)
@given(st.data())
def test_any_other_byte_of_any_file_is_looked_at(rich: tuple[Path, Path], name: str, data: st.DataObject) -> None:
    folder, kept = rich
    before = (folder / name).read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    other = data.draw(st.integers(1, 255))
    (folder / name).write_bytes(before[:place] + bytes([before[place] ^ other]) + before[place + 1 :])
    try:
        assert find(folder, kept) is None
    finally:
        (folder / name).write_bytes(before)
    assert find(folder, kept) is not None


def renamed(folder: Path, old: str, new: str) -> None:
    (folder / new).parent.mkdir(exist_ok=True)
    (folder / old).rename(folder / new)


def linked(place: Path, target: str) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(target)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file more": lambda folder: (folder / "more").touch(),
    "a folder more": lambda folder: (folder / "data" / "more").mkdir(),
    "a file less": lambda folder: (folder / "other.txt").unlink(),
    "another name": lambda folder: renamed(folder, "other.txt", "another.txt"),
    "another folder": lambda folder: renamed(folder, "other.txt", "sub/other.txt"),
    "a link in its place": lambda folder: linked(folder / "other.txt", "x"),
    "a longer file that is too large to be read": lambda folder: os.truncate(folder / "other.txt", 9 * 1024 * 1024),
    "what is executable": lambda folder: (folder / "other.txt").chmod(0o755),
    "what git keeps": lambda folder: git(folder, "rm", "-q", "--cached", "data/example.json"),
    "no git any more": lambda folder: shutil.rmtree(folder / ".git"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_else_is_looked_at_counts(tmp_path: Path, change: str) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    keep(folder, kept)
    CHANGES[change](folder)
    assert find(folder, kept) is None
    assert keep(folder, kept) == check(Bundle.in_folder(folder))


def test_link_that_leads_elsewhere_counts(tmp_path: Path) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    (folder / "link").symlink_to("here")
    keep(folder, kept)
    (folder / "link").unlink()
    (folder / "link").symlink_to("hers")
    assert find(folder, kept) is None


def ignoring(pattern: str, tmp_path: Path) -> Selection:
    settings = Settings(tmp_path / "bundlekit.toml", Choice(), ((pattern, (selector("BK214"),)),))
    return replace(ALL, path_ignores=settings.path_ignores(tmp_path / "box", tmp_path))


def test_what_is_asked_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GATEWAY_RESOURCES, "1", ())
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    choices = [
        ALL,
        selection(Choice(ignore=(selector("BK214"),))),
        selection(Choice(select=(selector("BK1"),))),
        selection(Choice(api="1")),
        ignoring("box/upload.json", tmp_path),
        ignoring("box/other.json", tmp_path),
    ]
    for number, chosen in enumerate(choices):
        others = [find(folder, kept, one) for one in choices]
        assert [one is not None for one in others] == [at < number for at in range(len(choices))]
        keep(folder, kept, chosen)
    assert keep(folder, kept, choices[4]) != keep(folder, kept, choices[5])


def test_another_bundle_with_the_same_files_is_another_bundle(tmp_path: Path) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    keep(folder, kept)
    shutil.copytree(folder, tmp_path / "copy")
    assert find(tmp_path / "copy", kept) is None
    assert all("copy" in one.file for one in keep(tmp_path / "copy", kept))


def package(tmp_path: Path, *folders: str) -> Path:
    made = tmp_path.joinpath(*folders, "bundlekit")
    made.mkdir(parents=True)
    (made / "__init__.py").write_text("x = 1\n")
    for name in ("io.py", "quoting.py"):
        (made / name).touch()
    (made / "lint" / "rules").mkdir(parents=True)
    (made / "lint" / "rules" / "one.py").write_text("x = 1\n")
    return made


def test_another_rule_in_a_checkout_is_another_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = package(tmp_path, "checkout")
    monkeypatch.setattr(bundlekit, "__file__", str(made / "__init__.py"))
    before = tool_fingerprint.fingerprint()
    (made / "lint" / "__pycache__").mkdir()
    assert tool_fingerprint.fingerprint() == before
    os.utime(made / "lint" / "rules" / "one.py", (1, 1))
    assert tool_fingerprint.fingerprint() != before


def test_check_runs_nothing_but_what_counts(tmp_path: Path) -> None:
    folder = with_all_that_is_read(tmp_path / "box")
    program = "import sys; from pathlib import Path; from bundlekit.bundle.bundle import Bundle\n"
    program += "from bundlekit.lint import check; check(Bundle.in_folder(Path(sys.argv[1]))); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in run.stdout.split() if name.startswith("bundlekit.")}
    assert "lint" in rooms
    assert rooms <= {*tool_fingerprint.ROOMS, "errors", "io", "quoting", "shipped"}


def test_what_was_installed_is_told_by_the_list_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = package(tmp_path, "site-packages")
    monkeypatch.setattr(bundlekit, "__file__", str(made / "__init__.py"))
    record = made.parent / f"bundlekit-{bundlekit.__version__}.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("rules/one.py,sha256=abc,6\n")
    before = tool_fingerprint.fingerprint()
    os.utime(made / "lint" / "rules" / "one.py", (1, 1))  # as another installation of the same files has it
    assert tool_fingerprint.fingerprint() == before
    record.write_text("rules/one.py,sha256=abd,6\n")
    changed = tool_fingerprint.fingerprint()
    assert changed != before
    record.unlink()
    assert tool_fingerprint.fingerprint() not in (before, changed)


def test_another_version_of_a_library_is_another_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tool_fingerprint.fingerprint()
    (tmp_path / "tree_sitter-9.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert tool_fingerprint.fingerprint() != before


def test_another_edition_checks_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    keep(folder, kept)
    monkeypatch.setattr(cache, "fingerprint", lambda: "another")
    assert find(folder, kept) is None


def test_file_that_is_changed_while_it_is_checked_is_checked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    content = (folder / "beside.py").read_bytes()

    def checked(one: Bundle, chosen: Selection) -> tuple[Finding, ...]:
        one.files.read("beside.py", 10)
        (folder / "beside.py").write_bytes(content[::-1])
        one.files.read("beside.py", 10)
        return ()

    monkeypatch.setattr("bundlekit.lint.engine.check", checked)
    Cache(kept).check(Bundle.in_folder(folder), ALL)
    for state in (content, content[::-1]):
        (folder / "beside.py").write_bytes(state)
        assert find(folder, kept) is None


def test_what_lies_in_no_folder_is_not_kept(tmp_path: Path) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    typed = Bundle("box", Overlaid(Bundle.in_folder(folder).files, "bundle.json", json.dumps(MANIFEST).encode()))
    for one in (typed, bundle(), Bundle.in_folder(tmp_path / "nowhere")):
        assert Cache(kept).check(one, ALL) == check(one)
        assert Cache(kept).find(one, ALL) is None
    assert not kept.exists()


def test_secrets_are_not_written_and_nobody_else_may_read(tmp_path: Path) -> None:
    secret = "Zq8vTn3LxW5rKd2PmB7y"
    manifest = json.dumps({**MANIFEST, "password": secret}, indent=2)
    folder, kept = laid_out(bundle({"bundle.json": manifest}), tmp_path / "box"), tmp_path / "kept"
    Cache(kept).check(Bundle.in_folder(folder), ALL)
    manifest = json.dumps({"version": "1.0.0", "password": secret, **MANIFEST}, indent=2)
    (folder / "bundle.json").write_text(manifest)
    found = Cache(kept).check(Bundle.in_folder(folder), ALL)
    assert any(secret in edit.text for one in found for edit in one.fix), "a fix has it, so nothing is kept"
    assert find(folder, kept) is None
    assert written(kept)
    assert all(secret.encode() not in path.read_bytes() for path in written(kept))
    assert {stat.S_IMODE(path.stat().st_mode) for path in written(kept)} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (kept, *kept.iterdir())} == {0o700}


def sealed(path: Path, body: bytes) -> None:
    path.write_bytes(cache._seal(path.parent.name + path.name, body) + body)


def instead(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "one bit": lambda path: path.write_bytes(path.read_bytes()[:-3] + b"~" + path.read_bytes()[-2:]),
    "garbage": lambda path: path.write_bytes(b"\0" * 1000),
    "too large": lambda path: os.truncate(path, 1024 * 1024 * 1024),
    "no JSON": lambda path: sealed(path, b"{"),
    "deep": lambda path: sealed(path, b"[" * 100_000),
    "another form": lambda path: sealed(path, b'{"asked": [], "findings": [{"code": 1}]}'),
    "a list": lambda path: sealed(path, b"[]"),
    "a link": lambda path: linked(path, str(path.rename(path.with_name("x")))),
    "a folder": lambda path: instead(path, Path.mkdir),
    "a pipe": lambda path: instead(path, os.mkfifo),
}


@pytest.mark.parametrize("breaks", BROKEN)
def test_broken_file_is_passed_over(tmp_path: Path, breaks: str) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    found = keep(folder, kept)
    (path,) = written(kept)
    BROKEN[breaks](path)
    assert find(folder, kept) is None
    assert Cache(kept).check(Bundle.in_folder(folder), ALL) == found


UNUSABLE: dict[str, Callable[[Path], Path]] = {
    "a file": lambda tmp_path: Path(shutil.copy(__file__, tmp_path / "file")),
    "below a file": lambda tmp_path: Path(shutil.copy(__file__, tmp_path / "file")) / "kept",
    "a name that is too long": lambda tmp_path: tmp_path / ("x" * 300),
    "what does not take files": lambda _: Path("/proc/self/kept"),
    "no name": lambda _: Path("\0"),
}


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_folder_that_cannot_be_used_is_no_error(tmp_path: Path, unusable: str) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), UNUSABLE[unusable](tmp_path)
    assert Cache(kept).check(Bundle.in_folder(folder), ALL) == check(Bundle.in_folder(folder))
    assert find(folder, kept) is None


def test_folder_of_somebody_else_is_neither_believed_nor_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "kept"
    keep(folder, kept)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    before = written(kept)
    assert find(folder, kept) is None
    (folder / "more").touch()
    Cache(kept).check(Bundle.in_folder(folder), ALL)
    assert written(kept) == before


@pytest.mark.parametrize("depth", [0, 1], ids=["it", "the folder around it"])
def test_folder_that_others_can_write_is_neither_believed_nor_written_to(depth: int, tmp_path: Path) -> None:
    folder, kept = with_all_that_is_read(tmp_path / "box"), tmp_path / "around" / "kept"
    keep(folder, kept)
    (kept, kept.parent)[depth].chmod(0o777)
    before = written(kept)
    assert find(folder, kept) is None
    (folder / "more").touch()
    Cache(kept).check(Bundle.in_folder(folder), ALL)
    assert written(kept) == before


def test_what_was_not_used_for_long_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, kept = laid_out(bundle(), tmp_path / "box"), tmp_path / "kept"
    keep(folder, kept)
    (first,) = written(kept)
    os.utime(first, (1, 1))
    assert find(folder, kept) is not None, "it is used, so that it is the youngest again"
    for number in range(40):
        old = first.with_name(f"old{number}")
        old.write_bytes(b"x" * 100)
        os.utime(old, (1000 + number, 1000 + number))
    cache._tidy(first.parent)
    assert len(written(kept)) == 41
    monkeypatch.setattr(cache, "MOST_FILES", 40)
    cache._tidy(first.parent)
    assert sorted(path.name for path in written(kept)) == sorted([first.name, *(f"old{at}" for at in range(11, 40))])
    monkeypatch.setattr(cache, "MOST_BYTES", 2000)
    cache._tidy(first.parent)
    assert 0 < sum(path.stat().st_size for path in written(kept)) <= 1500
    assert first.exists()


def test_writing_makes_room_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, kept = laid_out(bundle(), tmp_path / "box"), tmp_path / "kept"
    monkeypatch.setattr(cache, "MOST_FILES", 4)
    for number in range(600):
        cache.Cache(kept)._write(f"{number % 16:x}{number // 16 % 16:x}{number:030x}", b"x")
    assert folder.exists()
    assert len(written(kept)) < 16 * (4 + 16)


def test_several_processes_keep_and_find_at_once(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    folders = [laid_out(bundle(ttl=number - 1), tmp_path / f"box{number}") for number in range(3 * FEW)]
    jobs = [(folder, Bundle.in_folder(folder), ALL) for folder in folders]
    plain = list(check_each(jobs, processes=1))
    assert list(check_each(jobs, processes=3, cache=Cache(kept))) == plain
    assert len(written(kept)) == len(folders)
    assert [find(folder, kept) for folder in folders] == [found for _, found in plain]
    (folders[40] / "more").touch()
    jobs = [(folder, Bundle.in_folder(folder), ALL) for folder in folders]
    assert list(check_each(jobs, processes=3, cache=Cache(kept))) == plain


def validate(*words: str | Path, home: Path, **more: str) -> tuple[int, str, str]:
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": "", **more}
    run = fork_server.run(
        ["validate", *map(str, words)], given="", environment=environment, cwd=Path.cwd(), timeout=120
    )
    return run.returncode, run.stdout, run.stderr


@pytest.mark.parametrize("output_format", FORMATS)
def test_second_run_prints_what_the_first_one_did(tmp_path: Path, output_format: str) -> None:
    folder = with_all_that_is_read(tmp_path / "box")
    (folder / "bundle.json").write_text(json.dumps({**MANIFEST, "ttl": 0, "licence": "MIT"}, indent=2))
    words = [str(folder), "--format", output_format]
    first = validate(*words, home=tmp_path / "home")
    kept = written(tmp_path / "home" / ".cache" / "bundlekit" / "findings")
    assert len(kept) == 1
    assert validate(*words, home=tmp_path / "home") == first == validate(*words, "--no-cache", home=tmp_path / "home")
    assert first[0] == 1


def test_second_run_loads_neither_rules_nor_parser(tmp_path: Path) -> None:
    folder = with_all_that_is_read(tmp_path / "box")
    program = "import sys; from bundlekit.cli import main; main(sys.argv[1:]); print(*sys.modules, sep='\\n')"
    command = [sys.executable, "-c", program, "validate", str(folder)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "home")}
    loaded = [
        set(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines())
        for _ in range(2)
    ]
    heavy = {
        "tree_sitter",
        "jsonschema",
        "bundlekit.lint.engine",
        "bundlekit.lint.rules.files.packed_secret",
        "hashlib",
    }
    assert "tree_sitter" in loaded[0]
    assert loaded[1].isdisjoint(heavy)


def test_nothing_is_kept_for_who_does_not_want_it(tmp_path: Path) -> None:
    folder = with_all_that_is_read(tmp_path / "box")
    validate(folder, "--no-cache", home=tmp_path / "home")
    (tmp_path / "bundlekit.toml").write_text("cache = false\n")
    first = validate(folder, home=tmp_path / "home")
    assert not (tmp_path / "home").exists()
    (tmp_path / "bundlekit.toml").write_text("cache = true\n")
    assert validate(folder, home=tmp_path / "home") == first
    assert (tmp_path / "home").exists()
    (tmp_path / "bundlekit.toml").write_text('cache = "no"\n')
    code, _, told = validate(folder, home=tmp_path / "home")
    assert code == 2
    assert 'cache is "no", expected true or false' in told


def test_home_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no other test can have left anything
    folder = with_all_that_is_read(tmp_path / "box")
    usual = validate(folder, home=tmp_path / "home")
    for home in ("/proc/self", "/dev/null", "relative", ""):
        assert validate(folder, home=Path(home)) == usual
    assert validate(folder, home=tmp_path, XDG_CACHE_HOME="relative") == usual
    assert not Path("relative").exists()


def test_folder_is_where_platformdirs_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs import user_cache_path

    for named in ("", "  ", str(tmp_path)):
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        assert cache_folder() == user_cache_path("bundlekit", appauthor=False) / "findings"
