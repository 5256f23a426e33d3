"""What is found in index.py and in the modules that it imports: cases, and their findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from bundlekit.lint.facts.inspection import MOST_REFUSED
from bundlekit.scaffold.template import render_bundle
from tests.lint.bundles import MANIFEST, bundle, source
from tests.scaffold.conversations import CONVERSATIONS, Conversation

FIXTURE = Path(__file__).parents[1] / "fixtures" / "example"
SOUND = source(MANIFEST)
PLACEHOLDERS = ("undefined-name", "unresolved-route")  # of names in cases that stand for anything


def test_example_is_clean() -> None:
    assert check(Bundle.in_folder(FIXTURE)) == ()


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda one: one.name)
def test_new_bundle_is_clean(conversation: Conversation, tmp_path: Path) -> None:
    folder = render_bundle(conversation.answers, tmp_path)
    assert check(Bundle.in_folder(folder)) == ()


# files beside a sound index.py, how that begins, then rule, file, line and a part of the message
MODULES: dict[str, tuple[str, dict[str, bytes | str | Kind | None], list[tuple[str, str, int, str]]]] = {
    "module that is imported": (
        "import helper\n",
        {"helper.py": "x = 1\ny = f'{x}'\n"},
        [("python-3-syntax", "helper.py", 2, "Python 2.7 refuses an f-string")],
    ),
    "module that is not imported": (
        "import os\n",
        {"helper.py": "x = f''\n"},
        [("unused-module", "helper.py", 1, "nothing that runs imports this")],
    ),
    "module by the way of another": (
        "from pkg import a\n",
        {"pkg/__init__.py": "", "pkg/a.py": "import b\n", "pkg/b.py": "x: int = 1\n"},
        [("python-3-syntax", "pkg/b.py", 1, "an annotation of a variable")],
    ),
    "relative imports": (
        "import pkg.a\n",
        {
            "pkg/__init__.py": "",
            "pkg/a.py": "from . import b\nfrom .c import d\n",
            "pkg/b.py": "...\n",
            "pkg/c.py": "1_0\n",
        },
        [
            ("python-3-syntax", "pkg/b.py", 1, "... outside an index"),
            ("python-3-syntax", "pkg/c.py", 1, "an underscore in a number"),
        ],
    ),
    "package that is imported": (
        "import pkg\n",
        {"pkg/__init__.py": "async def f(): pass\n", "pkg/other.py": "x = f''\n"},
        [("python-3-syntax", "pkg/__init__.py", 1, "async")],
    ),
    "modules that import each other": (
        "import a\n",
        {"a.py": "import b\n", "b.py": "import a, index\n"},
        [],
    ),
    "relative import out of the bundle": ("from ....a import b\n", {}, []),
    "module that is no file": ("try: import a\nexcept ImportError: pass\n", {"a.py": Kind.FOLDER}, []),
    "import of a path": ("import a\n", {"a.py": "from .. import x\nimport a.b.c.d.e.f.g\nfrom a import b\n"}, []),
    "module with other letters": (
        "import a\n",
        {"a.py": "x = 1\n# ü\n"},
        [("missing-coding-line", "a.py", 2, "non-ASCII characters without a coding line")],
    ),
    "module with a coding line": ("import a\n", {"a.py": "# coding: utf-8\n# ü\n"}, []),
    "module of Latin letters": ("import a\n", {"a.py": b"# coding: latin-1\n# \xfc\n"}, []),
    "print of the future": ("import a\n", {"a.py": "from __future__ import print_function\nprint('', end='')\n"}, []),
    "print of the past": ("import a\n", {"a.py": "import sys\nprint >>sys.stderr, 'a'\n"}, []),
}


@pytest.mark.parametrize(
    "line",
    [
        "exec compile('', '', 'exec') in d",
        "exec 'import ' + name",
        "x.set_async(async=1)",
        "print xmlrpclib.False",
        "x = `1`",
        "print >>f, 'a'",
        "raise A, 'b'",
    ],
)
def test_python_2_is_no_syntax_error(line: str) -> None:
    assert [one.rule for one in check(bundle({"index.py": line + "\n" + SOUND})) if one.rule not in PLACEHOLDERS] == []


@pytest.mark.parametrize(("begin", "files", "expected"), MODULES.values(), ids=MODULES)
def test_modules_beside_the_main_one(
    begin: str, files: dict[str, bytes | str | Kind | None], expected: list[tuple[str, str, int, str]]
) -> None:
    findings = check(bundle({"index.py": begin + SOUND, **files}))
    assert [(one.rule, one.file, one.line) for one in findings] == [
        (rule, f"box/{file}", line) for rule, file, line, _ in expected
    ]
    for finding, (*_, message) in zip(findings, expected, strict=True):
        assert message in finding.message
        assert bool(finding.excerpt) is (finding.rule != "unused-module")


BROUGHT = "import sys\nsys.path.insert(0, 'lib')\nimport kit.a\n"


def test_package_for_python_3_is_told_once() -> None:
    """Neither each place of it, nor names, encodings and imports."""
    files: dict[str, bytes | str | Kind | None] = {
        "lib/kit/__init__.py": "x: int = 1\n",
        "lib/kit/a.py": "from kit import b\n" + "y = f'{b}'\n" * 30,
        "lib/kit/b.py": "import asyncio\nprint(FileNotFoundError, lost, 'é')\n" + "z = f''\n" * 5,
    }
    (finding,) = check(bundle({"index.py": BROUGHT + SOUND, **files}))
    assert (finding.rule, finding.file, finding.line) == ("python-3-syntax", "box/lib/kit/__init__.py", 1)
    assert '"lib/kit" is a package for Python 3: Python 2.7 refuses 36 places in 3 of its files' in finding.message


def test_package_with_some_slips_is_told_place_by_place() -> None:
    files: dict[str, bytes | str | Kind | None] = {
        "lib/kit/__init__.py": "",
        "lib/kit/a.py": "y = f''\n" * MOST_REFUSED,
    }
    findings = check(bundle({"index.py": BROUGHT + SOUND, **files}))
    assert [(one.rule, one.line) for one in findings] == [("python-3-syntax", n + 1) for n in range(MOST_REFUSED)]


def test_rest_of_a_file_for_python_3_is_counted() -> None:
    findings = check(bundle({"index.py": "y = f''\n" * 300 + SOUND}))
    assert [one.line for one in findings] == list(range(1, MOST_REFUSED + 2))
    assert findings[-1].message == f"Python 2.7 refuses {300 - MOST_REFUSED} more places of this file, from here on"


def test_many_modules_are_not_all_looked_into() -> None:
    files: dict[str, bytes | str | Kind | None] = {f"m{n}.py": f"import m{n + 1}\nx = f''\n" for n in range(1000)}
    findings = check(bundle({"index.py": "import m0\n" + SOUND, **files}))
    assert 100 < len(findings) < 300


# the head of an index.py, files beside it, then rule and a part of message and hint
IMPORTS: dict[str, tuple[str, dict[str, bytes | str | Kind | None], list[tuple[str, str, str]]]] = {
    "library of Python 2.7": ("import os.path, json, Queue, urllib2, xml.etree.ElementTree as E, ssl", {}, []),
    "parts of the library": ("from email.mime.text import MIMEText\nfrom logging import handlers", {}, []),
    "the SDK and what it requires": (
        "import six, voluptuous\nfrom paho.mqtt import client\nimport six.moves.x",
        {},
        [],
    ),
    "the future": ("from __future__ import print_function", {}, []),
    "module of Python 3": ("import queue", {}, [("missing-module", '"queue"', "Python 2.7 calls it Queue")]),
    "part of a package of Python 3": (
        "from urllib.request import urlopen",
        {},
        [("missing-module", '"urllib.request"', "Python 2.7 calls it urllib2")],
    ),
    "module that Python 2.7 has not": ("import pathlib", {}, [("missing-module", '"pathlib"', "gateway has pathlib")]),
    "package from elsewhere": ("import requests", {}, [("missing-module", '"requests"', "gateway has requests")]),
    "in a function": ("def f():\n    import requests", {}, [("missing-module", '"requests"', "")]),
    "package that is required": (
        "import requests",
        {"requirements.txt": "sanji==1.1.2\nrequests>=2\n"},
        [("requirement-not-installed", '"requests" is named in requirements.txt', "run bundlekit vendor")],
    ),
    "package of another name that is required": (
        "import yaml\nimport serial",
        {"requirements.txt": "PyYAML==5.4.1\npyserial ; python_version < '3'\n"},
        [("requirement-not-installed", '"yaml"', ""), ("requirement-not-installed", '"serial"', "")],
    ),
    "requirements from elsewhere": (
        "import x",
        {"requirements.txt": "-r other.txt\n"},
        [("requirement-not-installed", '"x"', "")],
    ),
    "requirements that are a folder": ("import x", {"requirements.txt": Kind.FOLDER}, [("missing-module", '"x"', "")]),
    "beside": ("import requests", {"requests/__init__.py": ""}, []),
    "beside as a module": ("import x.y", {"x.py": ""}, []),
    "beside, compiled": ("import x, y", {"x.so": "", "y.pyc": ""}, []),
    "beside without an init": (
        "import x.y",
        {"x": Kind.FOLDER, "x/y.py": ""},
        [("missing-module", '"x.y"', "put an __init__.py into the folder x")],
    ),
    "with a fall back": ("try:\n    import queue\nexcept ImportError:\n    import Queue as queue", {}, []),
    "with any fall back": ("try:\n    import requests\nexcept:\n    requests = None", {}, []),
    "tried without a fall back": (
        "try:\n    import requests\nfinally:\n    pass",
        {},
        [("missing-module", '"requests"', "")],
    ),
    "for another Python": (
        "import sys\nif sys.version_info[0] > 2:\n    import queue\nelse:\n    import Queue",
        {},
        [],
    ),
    "for the start": ("if __name__ == '__main__':\n    import requests", {}, [("missing-module", '"requests"', "")]),
    "with other places to look": ("import sys\nsys.path.append('/opt/lib')\nimport x", {}, []),
    "from a folder of the bundle": (
        "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), 'lib'))\nimport brought, x",
        {"lib/brought.py": ""},
        [("missing-module", '"x"', "")],
    ),
    "from a folder by a name": (
        "import os, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\nLIB = HERE + '/lib/.'\n"
        "if LIB not in sys.path:\n    sys.path.insert(0, LIB)\nimport brought.more, x",
        {"lib/brought/__init__.py": "", "lib/brought/more.py": ""},
        [("missing-module", '"x"', "")],
    ),
    "from a folder that a module names": (
        "import paths, brought, x",
        {"lib/brought.py": "import other", "paths.py": "import sys\nsys.path.append('lib')", "lib/other.py": ""},
        [("missing-module", '"x"', "")],
    ),
    "from a folder and another place": (
        "import sys\nsys.path.append('lib')\nsys.path.append(compute())\nimport x\ncompute = str",
        {"lib/brought.py": ""},
        [],
    ),
    "from a folder out of the bundle": ("import sys\nsys.path.append('../lib')\nimport x", {}, []),
    "from a list of folders": ("import sys\nsys.path[:0] = ['lib']\nimport x", {}, []),
    "relative": ("from . import x", {}, []),
    "in a string": ('"""\nimport requests\n"""', {}, []),
}


@pytest.mark.parametrize(("begin", "files", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_imports(begin: str, files: dict[str, bytes | str | Kind | None], expected: list[tuple[str, str, str]]) -> None:
    findings = check(bundle({"index.py": begin + "\n" + SOUND, **files}))
    assert [one.rule for one in findings if one.rule != "unresolved-route"] == [rule for rule, *_ in expected]
    for finding, (_, message, hint) in zip(findings, expected, strict=True):
        assert message in finding.message
        assert hint in finding.hint


def handler(body: str, parameters: str = "self, message, response", after: str = "", before: str = "") -> str:
    """An index.py with one handler of this body, and what stands behind it in the class."""
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    rest = "".join(f"    {line}\n" for line in after.split("\n")) if after else ""
    return (
        f"{before}from sanji.core import Route, Sanji\n\n\nclass Example(Sanji):\n"
        f"    @Route(methods=['get', 'put'], resource='/example')\n    def value({parameters}):\n{lines}{rest}"
    )


SIGNATURES = {
    "self, message, response": True,
    "self, message, response, extra=None": True,
    "self, message, response, *args, **kwargs": True,
    "this, request, answer": True,
    "self, message, (code, data)": True,
    "self, message": False,
    "self": False,
    "": False,
    "self, message, *args": False,
    "self, *args, **kwargs": False,
    "self, message, response, extra": False,
}


@pytest.mark.parametrize(("parameters", "is_right"), SIGNATURES.items())
def test_handler_takes_what_the_sdk_gives(parameters: str, is_right: bool) -> None:
    findings = check(bundle({"index.py": handler("return answer(response)", parameters)}))
    assert ("wrong-handler-signature" in [one.rule for one in findings]) is not is_right


@pytest.mark.parametrize(("parameters", "is_right"), {"self, message": True, "self, message, response": False}.items())
def test_handler_of_events_takes_the_message_alone(parameters: str, is_right: bool) -> None:
    view = {"role": "view", "methods": ["get", "put"], "resource": "/example"}
    findings = check(bundle({"index.py": handler("pass", parameters)}, resources=[view]))
    assert ("wrong-handler-signature" in [one.rule for one in findings]) is not is_right


def test_handler_under_another_decorator_may_take_anything() -> None:
    source = handler("pass", "self").replace("    def", "    @other\n    def")
    assert "wrong-handler-signature" not in [one.rule for one in check(bundle({"index.py": source}))]


# bodies of handlers that answer on every way
ANSWERED = [
    "return response(code=200)",
    "response(code=200)",
    "try:\n    return response(code=200)\nexcept Exception:\n    return response(code=500)",
    "try:\n    x = 1\nexcept ValueError:\n    return response(code=400)\nreturn response()",
    "try:\n    x()\nfinally:\n    response()",
    "try:\n    x()\nexcept A:\n    raise\nelse:\n    response()",
    "if a:\n    response()\nelse:\n    response(code=400)",
    "if a:\n    response()\nelif b:\n    raise A\nelse:\n    return response()",
    "if response(code=200):\n    return",
    "with lock:\n    return response()",
    "for a in b:\n    if a:\n        return response()\nreturn response(code=404)",
    "while True:\n    if a:\n        return response()",
    "raise NotImplementedError",
    "self.later(message, response)",
    "self.answer = response",
    "return self.other(message=message, response=response)",
    "def done():\n    response()\nself.when(done)",
    "thread = Thread(target=f, args=(response,))\nthread.start()",
    "if a:\n    return response()\nreturn self.fail(response, 404)",
    "yield",
    "sys.exit(1)",
    '"""Says nothing."""\n# a comment\nreturn response(200)',
    "response.code = 1",
]

# those that do not, and the lines (from the handler's first) at which it shows
UNANSWERED = {
    "pass": [0],
    "return": [1],
    "return {}": [1],
    "if a:\n    return response()": [0],
    "if a:\n    return\nreturn response()": [2],
    "if a:\n    return\nelif b:\n    return response()": [0, 2],
    "for a in b:\n    return response()": [0],
    "while a:\n    response()": [0],
    "while True:\n    break": [0],
    "try:\n    response()\nexcept A:\n    log()": [0],
    "try:\n    x()\nexcept A:\n    return response()": [0],
    "with lock:\n    if a:\n        return None\n    response()": [3],
    "message.response(1)": [0],
    "responses()": [0],
}


@pytest.mark.parametrize("body", ANSWERED)
def test_handler_that_answers_on_every_way_is_clean(body: str) -> None:
    assert "handler-without-answer" not in [one.rule for one in check(bundle({"index.py": handler(body)}))]


@pytest.mark.parametrize(("body", "lines"), UNANSWERED.items())
def test_way_without_an_answer_is_found(body: str, lines: list[int]) -> None:
    findings = check(bundle({"index.py": handler(body)}))
    assert [one.line - 6 for one in findings if one.rule == "handler-without-answer"] == lines


# what a handler does, what stands behind it in the class, and what is imported, then the rules that it breaks
WAITS: dict[str, tuple[str, str, str, list[str]]] = {
    "a long sleep": ("time.sleep(30)", "", "import time", ["long-running-handler"]),
    "a long sleep by its name": ("sleep(2.5)", "", "from time import sleep", ["long-running-handler"]),
    "a long sleep by another name": ("t.sleep(5)", "", "import time as t", ["long-running-handler"]),
    "a short sleep": ("time.sleep(0.2)", "", "import time", []),
    "a sleep of a second": ("time.sleep(1)", "", "import time", []),
    "a sleep that is computed": ("time.sleep(self.pause)", "", "import time", []),
    "another sleep": ("self.modem.sleep(30)", "", "import time", []),
    "a sleep in a method": ("self.a()", "def a(self):\n    time.sleep(9)", "import time", ["long-running-handler"]),
    "a sleep two methods on": (
        "self.a()",
        "def a(self):\n    self.b()\ndef b(self):\n    time.sleep(9)",
        "import time",
        ["long-running-handler"],
    ),
    "methods that call each other": ("self.a()", "def a(self):\n    self.b()\ndef b(self):\n    self.a()", "", []),
    "a sleep in a thread": ("Thread(target=self.a)", "def a(self):\n    time.sleep(9)", "import time", []),
    "a sleep in run": ("pass", "def run(self):\n    while True:\n        time.sleep(9)", "import time", []),
    "a sleep in a function inside": ("def a():\n    time.sleep(9)\nThread(target=a)", "", "import time", []),
    "an endless loop": ("while True:\n    self.poll()", "", "", ["long-running-handler"]),
    "an endless loop of ones": ("while 1:\n    pass", "", "", ["long-running-handler"]),
    "a loop with a break": ("while True:\n    if a:\n        break", "", "", []),
    "a loop with a return": ("while True:\n    if a:\n        return response()", "", "", []),
    "a loop that raises": ("while True:\n    raise A", "", "", []),
    "a loop with a break of another": (
        "while True:\n    for a in b:\n        break",
        "",
        "",
        ["long-running-handler"],
    ),
    "a loop with a condition": ("while not self.done:\n    pass", "", "", []),
    "a request without a time-out": ("urllib2.urlopen('http://x')", "", "import urllib2", ["call-without-timeout"]),
    "a request with a time-out": ("urllib2.urlopen('http://x', timeout=3)", "", "import urllib2", []),
    "a request with a time-out at its place": ("urllib2.urlopen('http://x', None, 3)", "", "import urllib2", []),
    "a request with more": ("urllib2.urlopen('http://x', **more)", "", "import urllib2", []),
    "a request with a default": (
        "urllib2.urlopen('http://x')",
        "",
        "import socket, urllib2\nsocket.setdefaulttimeout(5)",
        [],
    ),
    "a connection": ("socket.create_connection(a)", "", "import socket", ["call-without-timeout"]),
    "a connection with a time-out": ("socket.create_connection(a, 5)", "", "import socket", []),
    "a connection by its name": (
        "HTTPConnection('x')",
        "",
        "from httplib import HTTPConnection",
        ["call-without-timeout"],
    ),
    "a request from the library": (
        "requests.get('http://x')",
        "",
        "try:\n    import requests\nexcept ImportError:\n    requests = None",
        ["call-without-timeout"],
    ),
    "a session": (
        "s = Session()\ns.get('http://x')",
        "",
        "try:\n    from requests import Session\nexcept ImportError:\n    pass",
        ["call-without-timeout"],
    ),
    "a session with a time-out": (
        "s = Session()\ns.get('http://x', timeout=3)",
        "",
        "try:\n    from requests import Session\nexcept ImportError:\n    pass",
        [],
    ),
    "a session that is kept": (
        "self.web.put('http://x')",
        "def run(self):\n    self.web = requests.Session()",
        "try:\n    import requests\nexcept ImportError:\n    pass",
        ["call-without-timeout"],
    ),
    "what is kept and no session": (
        "self.web.get('x')",
        "def run(self):\n    self.web = Cache()",
        "try:\n    import requests\nexcept ImportError:\n    pass",
        [],
    ),
    "a request that takes no time-out": ("urllib.urlopen('http://x')", "", "import urllib", ["call-without-timeout"]),
    "a request that takes no time-out, with a default": (
        "urllib.urlopen('http://x')",
        "",
        "import socket, urllib\nsocket.setdefaulttimeout(5)",
        [],
    ),
    "a proxy": ("xmlrpclib.ServerProxy('http://x').f()", "", "import xmlrpclib", ["call-without-timeout"]),
    "a proxy with a transport": ("xmlrpclib.ServerProxy('http://x', T(5)).f()", "", "import xmlrpclib", []),
    "a socket": ("s = socket.socket()\ns.connect(('x', 1))", "", "import socket", ["call-without-timeout"]),
    "a socket with a time-out": (
        "s = socket.socket()\ns.settimeout(5)\ns.connect(('x', 1))",
        "",
        "import socket",
        [],
    ),
    "a socket of this machine": (
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)\ns.connect('/run/x')",
        "",
        "import socket",
        [],
    ),
    "a datagram": ("s = socket.socket(type=socket.SOCK_DGRAM)\ns.connect(('x', 1))", "", "import socket", []),
    "what connects and is no socket": ("s = Modem()\ns.connect()", "", "import socket", []),
    "a method of that name": ("self.requests.get('x')\nrequests_of.get('x')", "", "", []),
}


@pytest.mark.parametrize(("body", "after", "before", "expected"), WAITS.values(), ids=WAITS)
def test_handlers_that_keep_requests_waiting(body: str, after: str, before: str, expected: list[str]) -> None:
    source = handler(body + "\nreturn response()", after=after, before=before + "\n")
    findings = check(bundle({"index.py": source}))
    assert [one.rule for one in findings if one.rule not in PLACEHOLDERS] == expected


MODEL = (
    "import os\nfrom sanji.model_initiator import ModelInitiator\nROOT = os.path.dirname(__file__)\nNAME = 'example'\n"
)
MODELS: dict[str, tuple[str, list[str]]] = {
    "the bundle's name": ("ModelInitiator('example', ROOT)", []),
    "another name": ("ModelInitiator('other', ROOT)", ["wrong-model-name"]),
    "another name by keyword": ("ModelInitiator(model_path=ROOT, model_name='other')", ["wrong-model-name"]),
    "a constant": ("ModelInitiator(NAME, ROOT)", []),
    "a constant and more": ("ModelInitiator(NAME + 's', ROOT)", ["wrong-model-name"]),
    "what is computed": ("ModelInitiator(make_name(), ROOT)", []),
    "a second model with its factory file": ("ModelInitiator('second', ROOT)", []),
    "a path": ("ModelInitiator('../other/x', ROOT)", []),
    "a constant of the class": ("ModelInitiator(self.OTHER, ROOT)\nOTHER = 'other'", ["wrong-model-name"]),
    "a right constant of the class": ("ModelInitiator(self.OTHER, ROOT)\nOTHER = 'example'", []),
    "a constant of the class that is changed": (
        "ModelInitiator(self.OTHER, ROOT)\ndef f(self):\n    self.OTHER = 'example'\nOTHER = 'other'",
        [],
    ),
    "no name": ("ModelInitiator()", []),
}


@pytest.mark.parametrize(("call", "expected"), MODELS.values(), ids=MODELS)
def test_names_of_models(call: str, expected: list[str]) -> None:
    source = handler("return response()", before=MODEL, after=f"def init(self, **kwargs):\n    self.model = {call}")
    findings = check(bundle({"index.py": source, "data/second.json.factory": "{}"}))
    assert [one.rule for one in findings if one.rule not in PLACEHOLDERS] == expected


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "source",
    [
        handler("return response()")
        + "".join(f"    @Route('/{n}')\n    def h{n}(self): self.h{n}()\n" for n in range(5000)),
        handler("while True: pass\n" * 5000),
        handler("if a: pass\n" * 20_000),
        handler("if a: pass\n" + "elif a: pass\n" * 20_000),
        handler("\n".join(" " * n + "if a:" for n in range(300)) + "\n" + " " * 300 + "pass"),
        "from time import sleep\n" * 10_000 + handler("sleep(2)\n" * 10_000),
        "import m\n" * 40_000,
        "".join(f"import m{n}\n" for n in range(30_000)),
        handler("x = " + "f(" * 50_000),
        handler("return " + "(" * 50_000 + "response" + ")" * 50_000),
    ],
    ids=range(10),
)
def test_hostile_source_neither_hangs_nor_crashes(source: str) -> None:
    check(bundle({"index.py": source}))


# what a handler does, and whether its change of the settings is lost
CHANGES = {
    "self.model.db = message.data": True,
    "self.model.db['a'] = 1": True,
    "self.model.db['a']['b'] += 1": True,
    "self.model.db.update(message.data)": True,
    "self.model.db['a'].append(1)": True,
    "self.model.db['a']['b'].pop('c')": True,
    "self.model.db.sort()": True,
    "del self.model.db['a']": True,
    "del self.model.db['a']['b'], x": True,
    "db = self.model.db\ndb['a'] = 1": True,
    "db = self.model.db\ndb.update(message.data)": True,
    "item = self.model.db['a']\nitem['b']['c'] += 1": True,
    "items = self.model.db\nitems += [1]": True,
    "items = self.model.db['a']\ndel items[0]": True,
    "for one in self.model.db:\n    one['a'] = 1": True,
    "for one in self.model.db['a']:\n    one.update(message.data)": True,
    "self.known()\nself.model.db = message.data": True,
    "self.model.db['a'].append(1)\nself.stores()": False,
    "self.model.db['a'].append(1)\nself.both()": False,
    "self.model.db['a'].append(1)\nstore(self.model)": False,
    "self.model.db['a'].append(1)\nstore(bundle=self)": False,
    "self.model.db['a'].append(1)\nsuper(Example, self).value(message, response)": False,
    "db = copy.deepcopy(self.model.db)\ndb['a'] = 1": False,
    "db = dict(self.model.db['a'])\ndb.update(a=1)": False,
    "db = self.model.db\ndb = {}\ndb['a'] = 1": False,
    "db = self.model.db\ndel db": False,
    "item = self.model.db['a']\nitem = 1": False,
    "self.model.db['a'].index(1)": False,
    "self.model.db['a'].get('b')": False,
    "self.seen[self.model.db['a']] = 1": False,
    "seen.update(self.model.db)": False,
    "self.model.db = message.data\nself.model.save_db()": False,
    "self.model.db = message.data\nself.save()": False,
    "self.model.db = message.data\nself.changed(1)": False,
    "self.model.db = message.data\njson.dump(self.model.db, f)": False,
    "with self.model.batch():\n    self.model.db['a'] = 1": False,
    "data = self.model.db['a']": False,
    "data = dict(self.model.db)\ndata['a'] = 1": False,
    "self.model.db.get('a')": False,
    "self.other.db = 1": False,
}


def test_settings_may_be_saved_by_a_thread() -> None:
    run = "def run(self):\n    while True:\n        self.keep()\ndef keep(self):\n    self.model.save_db()"
    findings = check(bundle({"index.py": handler("self.model.db['a'] = 1\nreturn response()", after=run)}))
    assert [one.rule for one in findings] == []


METHODS = (
    "def known(self):\n    log('known')\n    self.known()\n"
    "def stores(self):\n    self.model.save_db()\n"
    "def both(self):\n    self.known()\n    self.stores()"
)


@pytest.mark.parametrize(("body", "is_lost"), CHANGES.items())
def test_changed_settings_are_saved(body: str, is_lost: bool) -> None:
    findings = check(bundle({"index.py": handler(body + "\nreturn response()", after=METHODS)}))
    assert [one.rule for one in findings if one.rule not in PLACEHOLDERS] == ["unsaved-model"] * is_lost
