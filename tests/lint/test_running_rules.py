"""What keeps requests, the start or the gateway busy, and what of a bundle goes with it: cases, and their findings."""

from __future__ import annotations

import pytest

from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from tests.lint.bundles import MANIFEST, bundle, source
from tests.lint.test_source_rules import handler

SOUND = source(MANIFEST)
Files = dict[str, bytes | str | Kind | None]
SUBPROCESS = "import subprocess, os, commands\n"
ADDRESS = "'https://127.0.0.1/api/v1/system/status'"


def told(rule: str, files: Files, line_of: str = "") -> list[str]:
    """The lines of the findings of one rule, stripped."""
    return [one.excerpt.strip() for one in check(bundle(files)) if one.rule == rule]


# what a handler does, and whether it waits for a command that may run for long
COMMANDS = {
    "subprocess.call(['ping', 'x'])": True,
    "subprocess.call('ping x', shell=True)": True,
    "subprocess.check_output(('wget', self.url))": True,
    "subprocess.check_call(args=['/usr/bin/curl', 'x'])": True,
    "os.system('sudo -n apt-get update')": True,
    "os.system('cd /tmp; wget x')": True,
    "os.system('ls | ssh x')": True,
    "commands.getoutput('nslookup x')": True,
    "subprocess.Popen(['ping', 'x']).communicate()": True,
    "p = subprocess.Popen(['ping', 'x'])\np.wait()": True,
    "os.popen('ping x').read()": True,
    "subprocess.call(['tail', '-f', '/var/log/syslog'])": True,
    "command = ['ping', 'x']\nsubprocess.call(command)": True,
    "subprocess.call(['ifconfig', 'eth0'])": False,
    "subprocess.call(['timeout', '5', 'ping', 'x'])": False,
    "subprocess.call('timeout 5 ping x', shell=True)": False,
    "subprocess.call(['ping', '-c', '1', 'x'])": False,
    "subprocess.call(['ping', '-c1', 'x'])": False,
    "subprocess.call(['curl', '-s', '-m', '5', 'x'])": False,
    "subprocess.call(['curl', '--max-time', '5', 'x'])": False,
    "subprocess.call(['wget', '-T', '5', 'x'])": False,
    "subprocess.call(['wget', '--timeout=5', 'x'])": False,
    "subprocess.call(['ssh', '-oConnectTimeout=5', 'x'])": False,
    "subprocess.call(['tail', '-n', '5', '/var/log/syslog'])": False,
    "os.system('ping x &')": False,
    "os.system('LANG=C /bin/date')": False,
    "os.system('cat /proc/uptime | awk 1 > /tmp/x && sync')": False,
    "subprocess.call(self.command)": False,
    "subprocess.call([self.program, 'x'])": False,
    "subprocess.call()": False,
    "subprocess.Popen(['ping', 'x'])": False,
    "p = subprocess.Popen(['ping', 'x'])\nt = Timer(5, p.kill)\np.wait()": False,
    "self.call(['ping', 'x'])": False,
    "os.getenv('x')": False,
    "": False,
}


@pytest.mark.parametrize(("body", "is_told"), COMMANDS.items())
def test_commands_that_handlers_wait_for(body: str, is_told: bool) -> None:
    index = handler(body + "\nreturn response()", before=SUBPROCESS)
    assert bool(told("command-without-timeout", {"index.py": index})) is is_told


def test_command_in_a_thread_keeps_nobody_waiting() -> None:
    index = handler("Thread(target=self.a).start()", after="def a(self):\n    os.system('ping x')", before=SUBPROCESS)
    assert told("command-without-timeout", {"index.py": index}) == []
    index = handler("self.a()", after="def a(self):\n    os.system('ping x')", before=SUBPROCESS)
    assert told("command-without-timeout", {"index.py": index}) == ["os.system('ping x')"]


# methods of the bundle, and whether it never starts
INITS = {
    "def init(*a, **b):\n    while True:\n        self.poll()": True,
    "def __init__(self, **kwargs):\n    while 1:\n        pass": True,
    "def init(*a, **b):\n    self.poll()\ndef poll(self):\n    while True:\n        pass": True,
    "def init(*a, **b):\n    while True:\n        if self.ready():\n            break": False,
    "def init(*a, **b):\n    while 1:\n        try:\n            return 1\n        except A:\n            pass": False,
    "def init(*a, **b):\n    while not self.ready():\n        pass": False,
    "def init(*a, **b):\n    Thread(target=self.poll)\ndef poll(self):\n    while True:\n        pass": False,
    "def init(*a, **b):\n    def poll():\n        while True:\n            pass\n    Thread(target=poll)": False,
    "def run(self):\n    while True:\n        pass": False,
}


@pytest.mark.parametrize(("methods", "is_told"), INITS.items())
def test_init_comes_to_an_end(methods: str, is_told: bool) -> None:
    index = handler("return response()", after=methods)
    assert bool(told("endless-init", {"index.py": index})) is is_told


def test_init_of_another_class_may_run_for_ever() -> None:
    index = "class Poller(object):\n    def init(self, **_):\n        while True:\n            pass\n\n\n"
    assert told("endless-init", {"index.py": index + SOUND}) == []


# what the run of a bundle does, and whether it asks the gateway too often
ROUNDS = {
    f"while True:\n    urllib2.urlopen({ADDRESS}, timeout=3)": True,
    f"while True:\n    urllib2.urlopen({ADDRESS}, timeout=3)\n    time.sleep(1)": True,
    f"while not self.done:\n    requests.get(url={ADDRESS}, verify=False, timeout=3)\n    self.done.wait(0.5)": True,
    f"while True:\n    urllib2.urlopen({ADDRESS} + self.query, timeout=3)\n    sleep(.5)": True,
    "while True:\n    urllib2.urlopen(STATUS + '?fields=a', timeout=3)": True,
    "while True:\n    self.ask()\n    time.sleep(2)": True,
    f"while True:\n    urllib2.urlopen({ADDRESS}, timeout=3)\n    time.sleep(60)": False,
    f"while True:\n    urllib2.urlopen({ADDRESS}, timeout=3)\n    time.sleep(self.interval)": False,
    f"while not self.stop_event.wait(30):\n    urllib2.urlopen({ADDRESS}, timeout=3)": False,
    f"while True:\n    self.queue.get()\n    urllib2.urlopen({ADDRESS}, timeout=3)": False,
    f"urllib2.urlopen({ADDRESS}, timeout=3)": False,
    f"for path in PATHS:\n    urllib2.urlopen({ADDRESS} + path, timeout=3)": False,
    "while True:\n    urllib2.urlopen('https://example.com/api/v1/x', timeout=3)": False,
    "while True:\n    urllib2.urlopen(self.url, timeout=3)": False,
    "while True:\n    self.log('https://127.0.0.1/api/v1/x')": False,
}


@pytest.mark.parametrize(("body", "is_told"), ROUNDS.items())
def test_gateway_is_not_asked_over_and_over(body: str, is_told: bool) -> None:
    run = "def run(self):\n    " + body.replace("\n", "\n    ")
    ask = f"\ndef ask(self):\n    urllib2.urlopen({ADDRESS}, timeout=3)"
    before = f"import time, urllib2\nfrom time import sleep\nSTATUS = {ADDRESS}\n"
    index = handler("return response()", after=run + ask, before=before)
    assert bool(told("polled-gateway", {"index.py": index})) is is_told


# how index.py begins, files beside it, and what of its imports stays out of the archive
UNPACKED: dict[str, tuple[str, Files, list[str]]] = {
    "module": ("import helper\n", {"helper.py": "", ".bundleignore": "helper.py\n"}, ["import helper"]),
    "package": (
        "from lib import a\n",
        {"lib/__init__.py": "", "lib/a.py": "", ".bundleignore": "lib/\n"},
        ["from lib import a"],
    ),
    "module of a package": (
        "import lib.a\n",
        {"lib/__init__.py": "", "lib/a.py": "", ".bundleignore": "a.py\n"},
        ["import lib.a"],
    ),
    "module that a module imports": (
        "import a\n",
        {"a.py": "import b\n", "b.py": "", ".bundleignore": "b.py\n"},
        ["import b"],
    ),
    "module that goes in": ("import helper\n", {"helper.py": "", ".bundleignore": "*.md\n"}, []),
    "module that is not imported": ("", {"helper.py": "", ".bundleignore": "helper.py\n"}, []),
    "module that need not be there": (
        "try:\n    import helper\nexcept ImportError:\n    helper = None\n",
        {"helper.py": "", ".bundleignore": "helper.py\n"},
        [],
    ),
    "without a list": ("import helper\n", {"helper.py": ""}, []),
}


@pytest.mark.parametrize(("begin", "files", "expected"), UNPACKED.values(), ids=UNPACKED)
def test_imported_modules_go_into_the_archive(begin: str, files: Files, expected: list[str]) -> None:
    assert told("unpacked-module", {"index.py": begin + SOUND, **files}) == expected


# how index.py begins, files beside it, and those that nothing runs
UNUSED: dict[str, tuple[str, Files, list[str]]] = {
    "module": ("", {"old.py": ""}, ["box/old.py"]),
    "package, once": ("", {"old/__init__.py": "", "old/a.py": ""}, ["box/old/__init__.py"]),
    "module that is imported": ("import helper\n", {"helper.py": ""}, []),
    "module that a module imports": ("import a\n", {"a.py": "import b\n", "b.py": ""}, []),
    "rest of a package that is imported": (
        "import lib.a\n",
        {"lib/__init__.py": "", "lib/a.py": "", "lib/b.py": ""},
        [],
    ),
    "program that is run": ("import os\nos.system('python poll.py')\n", {"poll.py": ""}, []),
    "module by a name that is computed": ("import importlib\n", {"old.py": ""}, []),
    "module in another place": ("import sys\nsys.path.insert(0, 'lib')\n", {"lib/a.py": ""}, []),
    "tests": ("", {"tests/test_index.py": "", "test_index.py": "", "conftest.py": "", "setup.py": ""}, []),
    "module that stays out": ("", {"old.py": "", ".bundleignore": "old.py\n"}, []),
    "with a program of its own": ("", {"old.py": "", "exec": "python old.py\n"}, []),
    "half-typed index.py": ("import (\n", {"old.py": ""}, []),
    "no Python": ("", {"old.txt": "", "a.py": Kind.FOLDER}, []),
}


@pytest.mark.parametrize(("begin", "files", "expected"), UNUSED.values(), ids=UNUSED)
def test_what_goes_to_the_gateway_runs_there(begin: str, files: Files, expected: list[str]) -> None:
    findings = check(bundle({"index.py": begin + SOUND, **files}))
    assert [one.file for one in findings if one.rule == "unused-module"] == expected


# a resource, and what it should be
SEGMENTS = {"/x//y": '"/x/y"', "//x": '"/x"', "/x///y//": '"/x/y"', "/x/y": "", "/x/": "", "/x//": "", "/": ""}


@pytest.mark.parametrize(("resource", "expected"), SEGMENTS.items())
def test_segments_of_resources_are_not_empty(resource: str, expected: str) -> None:
    findings = check(bundle(resources=[{"methods": ["get"], "resource": resource}]))
    messages = [one.message for one in findings if one.rule == "empty-segment"]
    assert [message.endswith(f"expected {expected}") for message in messages] == ([True] if expected else [])
