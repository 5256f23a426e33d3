"""System calls that are refused to all that runs in the box, however it was started."""

from __future__ import annotations

import errno
import json
import platform
import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundlekit.emulator.machine import seccomp
from bundlekit.emulator.machine.emulated_device import MARK, MARKED
from bundlekit.emulator.machine.kernel import KernelRefusal
from tests.emulator.machine.running import Gateway
from tests.workstation import SAMPLE

_NEW = {
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
_FAMILIES = ("AF_UNIX", "AF_INET", "AF_NETLINK")  # which every kernel has, and every user may use
_X32 = 0x40000000

# For Python 2.7 and 3.
_PROBE = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
found = {{}}
for name, numbers in {calls!r}:
    result = libc.syscall(*[ctypes.c_long(number) for number in numbers])
    if not result and name.startswith("clone"):
        os._exit(0)
    found[name] = ctypes.get_errno() if result < 0 else 0
print("probe " + json.dumps(found))
"""
# keyctl as a program of 32 bits calls it.
_OTHER_BITS = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\\xb8" + (288).to_bytes(4, "little") + b"\\xcd\\x80\\xc3")
ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


def _calls() -> tuple[list[tuple[str, list[int]]], dict[str, int]]:
    """Calls with their numbers and arguments, and the errors that they have to end with; 0 for none."""
    calls: list[tuple[str, list[int]]] = []
    expected: dict[str, int] = {}

    def add(name: str, number: int, argument: int, error: int) -> None:
        calls.append((name, [number, argument, 1, 0, 0, 0]))
        expected[name] = error

    for refusal in seccomp.REFUSALS:
        for call in refusal.calls:
            number = seccomp.number_of(call)
            if refusal.flags:
                for name, flag in [*_NEW.items(), *([("time", 0x80)] if call == "unshare" else [])]:
                    add(f"{call} {name}", number, flag, refusal.answer)
            elif refusal.families:
                allowed = {int(getattr(socket, name)) for name in refusal.families}
                for family in set(range(64)) - allowed:
                    add(f"{call} {family}", number, family, refusal.answer)
            elif number >= 0:
                add(call, number, 0, refusal.answer)
    for name in _FAMILIES:
        number = int(getattr(socket, name))
        calls.append((name, [seccomp.number_of("socket"), number, int(socket.SOCK_DGRAM), 0]))
        expected[name] = 0
    add("unshare nothing", seccomp.number_of("unshare"), 0, 0)
    for number in (seccomp.NEWEST + 1, seccomp.NEWEST + 100, _X32 + seccomp.number_of("keyctl")):
        add(f"number {number}", number, 0, errno.ENOSYS)
    return calls, expected


def _found(text: str) -> list[dict[str, int]]:
    return [json.loads(line) for line in re.findall(r"^probe (.*)$", text, re.MULTILINE)]


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with the probe in an init script and a bundle, which runs."""
    home = tmp_path_factory.mktemp("probed")
    probe = _PROBE.format(calls=_calls()[0])
    root = home / "state/root"
    (root / "etc/rc2.d").mkdir(parents=True)
    (root / "home/moxa").mkdir(parents=True)
    (home / "state" / MARK).write_text(MARKED)
    (root / "home/moxa/probe.py").write_text(probe)
    script = root / "etc/rc2.d/S01probe"
    script.write_text("#!/bin/sh\nexec python /home/moxa/probe.py\n")
    script.chmod(0o755)
    bundle = home / "bundle"
    shutil.copytree(SAMPLE, bundle)
    (bundle / "probe.py").write_text(probe)
    index = bundle / "index.py"
    index.write_text(index.read_text().replace("import ", "import probe\nimport ", 1))
    with Gateway(home) as gateway:
        done = gateway.on_it("deploy", "--bundle", str(bundle))
        assert done.returncode == 0, done.stderr
        yield gateway


WAYS = {
    "ssh": "python probe.py",
    "terminal": "script -qec 'python probe.py' /dev/null | tr -d '\\r'",
    "sudo": "sudo -S -p '' python probe.py",
    "sudo and su": "sudo -S -p '' su moxa -c 'python /home/moxa/probe.py'",
    "init script": "cat /var/log/boot",
    "bundle": "sudo -S -p '' cat /opt/bundlekit/bundles/example/log",
}


@pytest.mark.parametrize("way", WAYS)
def test_calls_are_refused_however_a_program_was_started(probed: Gateway, way: str) -> None:
    done = probed.ssh(WAYS[way], given="moxa\n")
    first, *_ = _found(done.stdout) or [{}]
    assert first == _calls()[1], done.stdout + done.stderr


def test_every_process_but_init_is_filtered(probed: Gateway) -> None:
    """What serves SFTP and what follows the log of the bundle are among them."""
    with subprocess.Popen(
        [shutil.which("sftp") or "sftp", *probed._ssh_options("-P"), "moxa@127.0.0.1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=probed.environment,
    ) as sftp:
        assert sftp.stdin
        assert sftp.stdout
        sftp.stdin.write("pwd\n")
        sftp.stdin.flush()
        while "Remote working directory" not in sftp.stdout.readline():
            assert sftp.poll() is None
        listed = probed.root("cd /proc; grep -H -e ^Seccomp: -e ^Name: [0-9]*/status").stdout
        sftp.stdin.close()
    modes = dict(re.findall(r"^(\d+)/status:Seccomp:\t(\d)$", listed, re.MULTILINE))
    assert {"tail", "sftp-server", "python"} <= {
        re.sub(r"python.*", "python", name) for name in re.findall(r"Name:\t(.*)$", listed, re.MULTILINE)
    }
    assert modes.pop("1") == "0"
    assert set(modes.values()) == {"2"}


def test_program_of_32_bits_is_killed(probed: Gateway) -> None:
    if platform.machine() == "x86_64":  # other processors have no such call within a program of 64 bits
        done = probed.ssh("python - 2>&1; echo $?", given=_OTHER_BITS)
        # SIGSYS of the filter, or SIGSEGV of a kernel that has no such calls.
        assert re.search(r"^(159|139)$", done.stdout, re.MULTILINE), done.stdout


def test_keys_of_the_developer_are_hidden(probed: Gateway) -> None:
    for run in (probed.ssh, probed.root):
        done = run(
            "mkdir -p /tmp/m; umount /proc/keys; mount -t proc proc /tmp/m; mount --rbind /proc /tmp/m; "
            "umount /tmp/m/keys; cat /proc/keys /proc/key-users /proc/1/root/proc/keys /tmp/m/keys"
        )
        assert done.stdout == ""


def test_box_leaves_inotify_instances_to_the_developer(probed: Gateway) -> None:
    take = (
        "import ctypes, sys; libc = ctypes.CDLL(None); n = 0\n"
        "while libc.inotify_init() >= 0: n += 1\n"
        "print(n, flush=True); sys.stdin.read()"
    )
    done = probed.ssh(
        "cat >/tmp/take.py; mkfifo /tmp/hold; python /tmp/take.py </tmp/hold >/tmp/taken & exec 3>/tmp/hold; "
        "until [ -s /tmp/taken ]; do sleep .1; done; cat /tmp/taken; "
        "printf 'moxa\\n' | sudo -S -p '' python /tmp/take.py",
        given=take,
    )
    moxa, root = map(int, done.stdout.split())
    assert (0 < moxa <= 64, root) == (True, 0)


# ---------------------------------------------------------------------- every processor


_PROCESSORS = [("x86_64", 8, 0), ("aarch64", 8, 2), ("riscv64", 8, 2), ("armv7l", 4, 1), ("aarch64", 4, 1)]
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3, "arm": 0x40000028, "i386": 0x40000003}
_ALLOWED = 0x7FFF0000
_KILLED = 0x80000000


def _judge(program: bytes, processor: int, number: int, first: int = 0) -> int:
    """What a filter answers, as the kernel runs it."""
    data = struct.pack("=IIQQ", number, processor, 0, first)
    code = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        what, yes, no, operand = code[at]
        at += 1
        if what == 0x06:
            return int(operand)
        if what == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        else:
            holds = {0x15: value == operand, 0x25: value > operand, 0x35: value >= operand, 0x45: value & operand}
            at += yes if holds[what] else no


@pytest.mark.parametrize(("machine", "address", "column"), _PROCESSORS)
def test_filter_on_each_processor(monkeypatch: pytest.MonkeyPatch, machine: str, address: int, column: int) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(struct, "calcsize", lambda _: address)
    program = seccomp.filter_program()
    itself = _AUDIT["arm" if address == 4 else machine]
    refused = {seccomp.number_of(call) for refusal in seccomp.REFUSALS for call in refusal.calls}
    for number in range(seccomp.NEWEST + 1):
        assert (_judge(program, itself, number, first=0xFFFFFFFF) == _ALLOWED) == (number not in refused)
    for refusal in seccomp.REFUSALS:
        for call in refusal.calls:
            number = seccomp.number_of(call)
            if number < 0:
                continue
            for flag in _NEW.values() if refusal.flags else ():
                assert _judge(program, itself, number, flag | 17) == 0x50000 | refusal.answer
            for family in refusal.families:
                assert _judge(program, itself, number, int(getattr(socket, family))) == _ALLOWED
            if refusal.flags:
                assert _judge(program, itself, number, 0x3D0F00) == _ALLOWED  # a thread
            if not refusal.flags:
                assert _judge(program, itself, number, 40) == 0x50000 | refusal.answer
    for number in (seccomp.NEWEST + 1, _X32 + 1, 0xFFFFFFFF):
        is_private = column == 1 and number >= 0xF0000
        assert _judge(program, itself, number) == (_ALLOWED if is_private else 0x50000 | errno.ENOSYS)
    for other in set(_AUDIT.values()) - {itself}:
        assert _judge(program, other, 1) == _KILLED


@pytest.mark.parametrize(("machine", "address"), [("i686", 4), ("x86_64", 4), ("s390x", 8)])
def test_unknown_processor_has_no_box(monkeypatch: pytest.MonkeyPatch, machine: str, address: int) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(struct, "calcsize", lambda _: address)
    with pytest.raises(KernelRefusal) as refused:
        seccomp.filter_program()
    assert (refused.value.errno, refused.value.filename) == (errno.ENOSYS, f"filter system calls of {machine}")


def test_docs_list_what_is_refused() -> None:
    text = (Path(__file__).parents[3] / "docs/emulator.md").read_text()
    rows = re.findall(r"^\| (.+) \| (E[A-Z]+) \| (.+) \|$", text, re.MULTILINE)
    expected = []
    for refusal in seccomp.REFUSALS:
        calls = ", ".join(f"`{call}`" for call in refusal.calls)
        if refusal.flags:
            calls += " for a new namespace"
        if refusal.families:
            calls += " of a family other than " + ", ".join(f"`{family}`" for family in refusal.families)
        expected.append((calls, errno.errorcode[refusal.answer], refusal.why))
    expected.append((f"all from number {seccomp.NEWEST + 1} on", "ENOSYS", "they are newer than this list"))
    assert rows == expected
