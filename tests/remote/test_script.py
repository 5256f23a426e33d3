"""The script and the command line around it, under the shells that gateways have."""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from bundlekit.remote import bootstrap, script

SHELLS = [("dash",), ("busybox", "sh"), ("bash", "--posix")]
HOSTILE = ["-rf", "--", "../x", "a b", "$(reboot)", "a'b", 'a"b', "a\nb", "*", "", "ü", "x" * 5000, "a\\b", "`id`"]

_HERE = re.compile(r"<<'END_OF_PROGRAM'\n(.*?)^END_OF_PROGRAM$", re.DOTALL | re.MULTILINE)
# As bash writes them: without comments, and what is in here-documents as it is.
_DEFINITIONS = 'eval "$1"; declare -f; set -o posix; set | grep -v "^_=" | grep -v "^BASH_EXECUTION_STRING="'


def _without_programs(text: str) -> str:
    return _HERE.sub(
        "<<'END_OF_PROGRAM'\nEND_OF_PROGRAM",
        re.split("# -+ the way in\n|^\\[ \\$# -gt 0 \\]", text, flags=re.MULTILINE)[0],
    )


def _without_docstrings(program: str) -> str:
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) and node.body[1:]:
            del node.body[0]
    return ast.dump(tree)


def test_script_and_programs_fit_the_first_flights_of_tcp() -> None:
    assert gzip.decompress(script.compressed()).decode() == script.bare()
    assert len(script.compressed()) < script.LIMIT == 2**15
    first_two_flights = (10 + 20) * 1_448
    opening = bootstrap.opening("0" * 16, password="x" * 100, look=["x" * 100, "0" * 64])
    first = [opening.login, opening.script, bootstrap.take("0" * 16, "programs.zip", script.programs())]
    assert sum(map(len, first)) + 2_000 < first_two_flights


def test_script_is_made_once_by_many_threads_at_once() -> None:
    # In an interpreter of its own, where nothing is made yet.
    source = """
import collections, sys, threading, traceback
from concurrent.futures import ThreadPoolExecutor
from bundlekit.remote import script
sys.setswitchinterval(1e-6)
made, bare, ended = collections.Counter(), script._bare_python, threading.Event()
def counted(source):
    made[source] += 1
    return bare(source)
script._bare_python = counted
def fail():
    # Python 3.11 parses the line to mark where in it the fault is; two who parse at once fail.
    while not ended.is_set():
        try:
            made.nothing.at.all()
        except AttributeError:
            traceback.format_exc()
gate = threading.Barrier(20)
def make(_):
    gate.wait()
    return script.compressed(), script.programs()
failing = threading.Thread(target=fail)
failing.start()
try:
    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(make, range(20)))) == 1
finally:
    ended.set()
    failing.join()
assert set(made.values()) <= {1}, made.values()
"""
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_script_without_comments_defines_the_same() -> None:
    defined = [
        subprocess.run(["bash", "-c", _DEFINITIONS, "x", part], capture_output=True, check=True, text=True).stdout
        for part in (_without_programs(script.text()), _without_programs(script.bare()))
    ]
    assert defined[0] == defined[1]
    assert len(defined[0]) > 30_000


def test_programs_without_comments_are_the_same() -> None:
    trees = [[_without_docstrings(found) for found in _HERE.findall(text)] for text in (script.text(), script.bare())]
    assert trees[0] == trees[1]
    assert len(trees[0]) == 1
    with zipfile.ZipFile(io.BytesIO(script.programs())) as file:
        apart = {name: file.read(name).decode() for name in file.namelist() if name != "__main__.py"}
    assert sorted(apart) == [
        *("check.py", "ed25519.py", "fetch.py", "importer.py", "openssl.py", "signature.py", "sshsig.py", "verify.py")
    ]
    for name, text in apart.items():
        assert _without_docstrings(text) == _without_docstrings(script.program(name))


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_file_that_comes_with_an_order_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch, shell: tuple[str, ...]
) -> None:
    conversing(monkeypatch, """sha256sum <"$folder/programs.zip" """)
    opening = bootstrap.opening("0123", password=None)
    taken = bootstrap.take("0123", "programs.zip", script.programs())
    stdin = opening.stdin(known=False) + taken + bootstrap.command("0123", "verb")
    ended = subprocess.run([*shell, "-c", opening.command], input=stdin, capture_output=True, check=True)
    digest = hashlib.sha256(script.programs()).hexdigest()
    assert digest.startswith(script.programs_digest())
    assert ended.stdout.decode().endswith(f"done\t0123\t0\n{digest}  -\ndone\t0123\t0\n")


@pytest.mark.parametrize("name", [*HOSTILE, "gateway.sh", "part"])
def test_file_of_another_name_is_not_taken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    conversing(monkeypatch, 'touch "$folder/done"')
    opening = bootstrap.opening("0123", password=None)
    stdin = opening.stdin(known=False) + bootstrap.take("0123", name, b"x") + bootstrap.command("0123", "verb")
    ended = subprocess.run(["dash", "-c", opening.command], input=stdin, capture_output=True, check=False)
    assert ended.returncode == 9
    assert ended.stdout.splitlines()[-1].startswith(b"fail\tusage\t")


@pytest.mark.parametrize("shell", SHELLS[:2], ids=" ".join)
def test_script_is_never_installed_without_its_programs(tmp_path: Path, shell: tuple[str, ...]) -> None:
    """The one before may be at work still: its programs stay."""
    root, sent = tmp_path / "root", tmp_path / "sent"
    root.mkdir()
    sent.mkdir()
    (root / "gateway.sh").write_text("# an older one")
    for name, age in ("programs-new.zip", 0), ("programs-old.zip", 5 * 86_400):
        (root / name).touch()
        os.utime(root / name, (time.time() - age,) * 2)
    definitions, _ = re.split("# -+ the way in\n", script.text())
    place = sent / "gateway.sh"
    place.write_text(f"{definitions}\nfsync_paths() {{ :; }}\ninstall_script\n")

    def install() -> int:
        environment = {"PATH": os.environ["PATH"], "BUNDLEKIT_ROOT": str(root)}
        return subprocess.run([*shell, place], env=environment, capture_output=True, check=False).returncode

    assert install() != 0
    assert (root / "gateway.sh").read_text() == "# an older one"
    (sent / "programs.zip").write_bytes(script.programs())
    assert install() == 0
    names = ["gateway.sh", f"programs-{script.programs_digest()}.zip", "programs-new.zip"]
    assert sorted(path.name for path in root.iterdir()) == sorted(names)
    assert (root / "gateway.sh").read_text() == place.read_text()
    assert (root / names[1]).read_bytes() == script.programs()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    "arguments", [["probe", name] for name in [*HOSTILE[2:-4], "ü", "a\\b", "`id`", "x1"]] + [["stop", "a_b", "w"]]
)
def test_name_that_is_no_bundle_name_never_becomes_a_path(
    tmp_path: Path, shell: tuple[str, ...], arguments: list[str]
) -> None:
    file = tmp_path / "gateway.sh"
    file.write_text(script.text())
    root = tmp_path / "root"
    ended = subprocess.run(
        [*shell, file, *arguments], env={**os.environ, "BUNDLEKIT_ROOT": str(root)}, capture_output=True, check=False
    )
    assert ended.returncode == 9
    assert ended.stdout.splitlines()[-1].startswith(b"fail\tname\t")
    assert not root.exists()


@pytest.mark.parametrize("number", ["", "-1", "1e3", "08", "10000000", "99999999999999999999"])
def test_number_that_a_shell_cannot_reckon_with_is_refused(tmp_path: Path, number: str) -> None:
    file = tmp_path / "gateway.sh"
    file.write_text(script.text())
    ended = subprocess.run(
        ["dash", file, "history", "x", number],
        env={**os.environ, "BUNDLEKIT_ROOT": str(tmp_path / "root")},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, b"fail\tusage\t" in ended.stdout) == (9, True)


def conversing(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Let the conversation be the real one, and `answer` stand for the verbs that root does."""
    definitions, _ = re.split("# -+ the way in\n", script.text())
    source = f'{definitions}\nas_root() {{ {answer}; }}\nshift; converse "$@"\n'
    monkeypatch.setattr(script, "compressed", lambda: gzip.compress(source.encode()))
    monkeypatch.setattr(script, "digest", lambda: hashlib.sha256(source.encode()).hexdigest())


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("password", [None, "s3cret", "with ' and \" and $(id) and \\"])
def test_arguments_arrive_as_they_are_and_the_password_does_not(
    monkeypatch: pytest.MonkeyPatch, shell: tuple[str, ...], password: str | None
) -> None:
    conversing(monkeypatch, """for a; do printf '%s\\0' "$a"; done; env""")
    opening = bootstrap.opening("0123", password=password)
    stdin = opening.stdin(known=False) + bootstrap.command("0123", "verb", *HOSTILE) + bootstrap.command("0123", "-n")
    plain = {"PATH": os.environ["PATH"]}
    ended = subprocess.run([*shell, "-c", opening.command], input=stdin, env=plain, capture_output=True, check=True)
    greeting, _, said = ended.stdout.partition(b"hello\t1\t0123\n")
    assert greeting == b"\nscript\t0123\t\t\t\n\n"
    *arguments, rest = said.split(b"\0")
    assert [argument.decode() for argument in arguments[:-1]] == ["verb", *HOSTILE]
    assert arguments[-1].endswith(b"\ndone\t0123\t0\n-n")
    assert rest.endswith(b"\ndone\t0123\t0\n")
    if password:
        assert password not in opening.command
        assert password.encode() not in said
        assert password not in repr(opening)
    assert ended.stderr == b""


@pytest.mark.parametrize("shell", ["bash", "fish", "tcsh", "zsh"])
def test_any_log_in_shell_will_do(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    conversing(monkeypatch, """printf '%s\\n' "$@" """)
    opening = bootstrap.opening("0123", password="with ' and !")
    stdin = opening.stdin(known=False) + bootstrap.command("0123", "verb", "a b", "$(id)", "!x")
    ended = subprocess.run([shell, "-c", opening.command], input=stdin, capture_output=True, text=False, check=True)
    assert ended.stdout == b"\nscript\t0123\t\t\t\n\nhello\t1\t0123\nverb\na b\n$(id)\n!x\ndone\t0123\t0\n"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_command_without_the_token_is_not_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: tuple[str, ...]
) -> None:
    conversing(monkeypatch, f"touch {tmp_path}/done; exit 1")
    opening = bootstrap.opening("0123", password=None)
    ended = subprocess.run(
        [*shell, "-c", opening.command],
        input=opening.stdin(known=False) + b"4567 verb\n",
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 76
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_temporary_script_is_removed_in_the_end(monkeypatch: pytest.MonkeyPatch, shell: tuple[str, ...]) -> None:
    conversing(monkeypatch, """printf '%s\\n' "$folder"; false""")
    opening = bootstrap.opening("0123", password=None)
    stdin = opening.stdin(known=False) + bootstrap.command("0123", "verb")
    ended = subprocess.run([*shell, "-c", opening.command], input=stdin, capture_output=True, text=False, check=False)
    *_, greeting, place, end = ended.stdout.decode().splitlines()
    assert (greeting, end) == ("hello\t1\t0123", "done\t0123\t1")
    assert "bundlekit." in place
    assert not Path(place).exists()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_gateway_that_has_the_script_reads_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: tuple[str, ...]
) -> None:
    conversing(monkeypatch, """printf '%s\\n' "$@" """)
    (tmp_path / "gateway.sh").write_bytes(gzip.decompress(script.compressed()))
    opening = bootstrap.opening("0123", password=None)
    ended = subprocess.run(
        [*shell, "-c", opening.command],
        input=opening.stdin(known=True) + bootstrap.command("0123", "verb"),
        env={"PATH": os.environ["PATH"], "BUNDLEKIT_ROOT": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert ended.stdout == b"\nscript\t0123\tknown\t\t\nlooked\t0123\n\nhello\t1\t0123\nverb\ndone\t0123\t0\n"


def test_password_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="one line"):
        bootstrap.opening("0123", password="a\nreboot")
