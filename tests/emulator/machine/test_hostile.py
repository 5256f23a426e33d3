"""What a program inside says to process number 1, however mad, ends no other program and stops nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.emulator.machine.running import Gateway

_CONNECT = """
import ctypes, json, os, resource, socket, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(10)
    s.connect("/run/box.sock")
    return s
def ask(s, *files, **message):
    socket.send_fds(s, [json.dumps(message).encode()], files)
    return json.loads(s.recv(65536) or "null")
"""

# What a program of moxa's does, and waits with until it is told to end.
SNIPPETS = {
    "answers that nobody reads": """
s = connect()
s.setblocking(False)
for _ in range(100000):
    try: s.send(b'{"ask": "may"}')
    except BlockingIOError: time.sleep(.0001)
    except OSError: break
else: sys.exit("it is heard for ever")
""",
    "nested without end": "s = connect(); s.send(b'[' * 100000); s.recv(10)",
    "no message": "s = connect(); s.send(b'{'); s.recv(10)",
    "no words": "s = connect(); s.send(b'[]'); s.recv(10)",
    "a name of any bytes": "ctypes.CDLL(None).prctl(15, b'\\xff\\xfe) (', 0, 0, 0); ask(connect(), ask='may')",
    "a great many connections": """
all = []
for _ in range(900):
    try: all.append(connect())
    except OSError: break
time.sleep(.5)
""",
    "files with what is no message": """
files = [os.open('/dev/null', 0)] * 8
for _ in range(200):
    s = connect()
    socket.send_fds(s, [b'{'], files)
    s.recv(10)
    s = connect()
    socket.send_fds(s, [b'[]'], files)
    s.recv(10)
    s = connect()
    ask(s, *files, ask='may', more=files)
""",
    "wrong passwords": 's = connect()\ns.send(b\'{"ask": "password", "password": "x"}\')',
}
AS_ROOT = {
    "a signal without end": """
s = connect()
ask(s, 0, 1, 2, ask='run', user='moxa', arguments=['sleep', '5'], environment={}, folder='/', terminal=None)
s.send(b'{"ask": "signal", "number": 1' + b'0' * 30 + b'}')
s.recv(10)
""",
    "nothing to run": """
ask(connect(), 0, 1, 2, ask='run', user='moxa', arguments=[], environment={}, folder='/', terminal=None)
ask(connect(), 0, 1, 2, ask='run', user='moxa', arguments=['\\ud800'], environment={'a': '\\0'}, folder='/',
    terminal=None)
""",
    "a terminal of any size": """
ask(connect(), 0, 1, 2, ask='run', user='moxa', arguments=['true'], environment={}, folder='/', terminal=[10**6, -1])
ask(connect(), 0, 1, 2, ask='run', user='moxa', arguments=['true'], environment={}, folder='/', terminal=['x'])
""",
}


@pytest.fixture(scope="module")
def lasting(gateway: Gateway) -> Iterator[Gateway]:
    """One with a program in it that ends when process number 1 does."""
    assert gateway.ssh("sleep 500 >/dev/null 2>&1 & echo $! >/tmp/lasting").returncode == 0
    yield gateway
    gateway.ssh("kill $(cat /tmp/lasting)")


def _goes_on(gateway: Gateway) -> bool:
    return gateway.ssh("kill -0 $(cat /tmp/lasting) && echo here").stdout == "here\n"


@pytest.mark.parametrize("what", [*SNIPPETS, *AS_ROOT])
def test_nothing_that_is_said_inside_ends_the_box(lasting: Gateway, what: str) -> None:
    program = _CONNECT + {**SNIPPETS, **AS_ROOT}[what]
    if what in AS_ROOT:
        done = lasting.ssh("sudo -S -p '' python -", given=f"moxa\n{program}")
    else:
        done = lasting.ssh("python -", given=program)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert _goes_on(lasting)


def test_others_are_served_while_one_does_not_read(lasting: Gateway) -> None:
    program = _CONNECT + 's = connect()\ntry:\n    while True: s.send(b\'{"ask": "may"}\')\nexcept OSError: pass\n'
    lasting.ssh("cat >/tmp/deaf; python /tmp/deaf >/dev/null 2>&1 &", given=program)
    assert _goes_on(lasting)


def test_program_without_its_three_files_is_not_run(lasting: Gateway) -> None:
    program = "print(ask(connect(), *{files}, ask='run', user='moxa', arguments=['true'], environment={{}}, folder='/',"
    program += " terminal=None))"
    for files in ([], [0, 1], [0, 1, 2, 0]):
        done = lasting.ssh("sudo -S -p '' python -", given=f"moxa\n{_CONNECT}{program.format(files=files)}")
        assert done.stdout == "{'refused': True}\n"


def test_programs_have_three_files_and_no_other(lasting: Gateway) -> None:
    list_files = 'import os; print(sorted(os.listdir("/proc/self/fd"), key=int))'
    for run in (lasting.ssh, lasting.root):
        # The fourth one is that of the listing.
        assert run(f"python -c '{list_files}'").stdout == "['0', '1', '2', '3']\n"


def test_password_of_any_bytes_is_a_wrong_one(lasting: Gateway) -> None:
    done = lasting.ssh("printf 'p\\351ss\\n' | sudo -k -S -p '' true")
    assert (done.returncode, done.stderr) == (
        1,
        "Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n",
    )


def test_terminal_of_any_size_has_the_largest(lasting: Gateway) -> None:
    program = f"""
import asyncio, asyncssh
async def main():
    there = dict(username="moxa", password="moxa", known_hosts=None)
    async with asyncssh.connect("127.0.0.1", {lasting.port}, **there) as connection:
        huge = dict(term_type="xterm", term_size=(10**6, 10**5))
        async with connection.create_process("read x; stty size", **huge) as process:
            process.change_terminal_size(10**8, 10**5)
            process.stdin.write("go\\n")
            print((await process.wait()).stdout.splitlines()[-1])
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("65535 65535\n", 0), done.stderr
    assert _goes_on(lasting)
