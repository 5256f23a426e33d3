"""Bundles at the edges of what rules say, beside other tests; tests/lint/snapshots/ has what is found in them."""

from __future__ import annotations

from typing import Any

from bundlekit.bundle.files import Kind
from tests.lint.bundles import MANIFEST, keeper, source

Files = dict[str, bytes | str | Kind | None]

_HEAD = "from sanji.core import Route, Sanji\n\n\nclass Example(Sanji):\n"
_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx9Qq7uPzW3kf\n"


def _resource(path: str, methods: Any = "get") -> dict[str, Any]:
    return {"resources": [{"methods": methods, "resource": path}]}


# by name, the fields of bundle.json that differ from those of the sound one
FIELDS: dict[str, dict[str, Any]] = {
    "name with capitals and an end that goes": {"name": "Xy_Z_"},
    "name that is too long to be shown": {"name": "a" * 150 + "_"},
    "version with capitals": {"version": "1.0RC/1"},
    "version of small letters": {"version": "1.0rc/1"},
    "version that is four numbers and a rest": {"version": "1.0.0.0-rc"},
    "version with a long number": {"version": "v1234567890"},
    "version with nothing behind the plus": {"version": "1.0.0+"},
    "version with nothing behind the hyphen": {"version": "1.0.0-"},
    "version with a letter and zeros": {"version": "1.0.0-0a.00"},
    "blank e-mail address": {"email": " "},
    "name and what is no address": {"email": "Jo <jo>"},
    "address with two ats": {"email": "a@b@c"},
    "one of two addresses": {"email": "a@example.com, b"},
    "licence in capitals behind blanks": {"license": "The  MIT"},
    "licence of ours": {"license": "Commercial, ask us"},
    "licence with blanks alone": {"license": "  "},
    "licence as long as any": {"license": "MIT" + " OR MIT" * 13 + " OR ISC"},
    "ttl of a fraction in quotes": {"ttl": "1.5"},
    "ttl of a version in quotes": {"ttl": "1.2.3"},
    "ttl just above": {"ttl": 60.5},
    "ttl just below": {"ttl": 0.99},
    "name that is true": {"name": True},
    "name that is a fraction": {"version": 1.5},
    "priority that is true": {"priority": True},
    "priority of a fraction": {"priority": 98.5},
    "description of one letter": {"description": "x"},
    "path behind blanks": _resource("  x "),
    "path of blanks": _resource("  "),
    "path with brackets": _resource("/x<y>"),
    "path with a brace": _resource("/x{"),
    "path with a closing brace": _resource("/x}"),
    "param in the second segment": _resource("/x/:1/:2"),
    "param and its name behind letters": _resource("/a:id/:b"),
    "two params twice": _resource("/:a/:b/:b/:a"),
    "param thrice": _resource("/x/:a/:a/:a"),
    "two colons alone": _resource("/x/:/:"),
    "close to a method": _resource("/x", "puts"),
    "close to no method": _resource("/x", "qqqqq"),
    "method that is an object": _resource("/x", [{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
    "method that is a number, twice": _resource("/x", [1, 1, "get"]),
    "methods written with capitals, twice": _resource("/x", ["Get", "GET", "get"]),
    "slash at the end that is all": _resource("//"),
    "slash at the end and the prefix": _resource("/api/v1/x/"),
    "slash behind a capital": _resource("/X/"),
    "slashes behind capitals": _resource("/aX//"),
    "wildcards behind others": {
        "resources": [
            *({"methods": "get", "resource": one} for one in ("/x", "/+/y", "/a/b+", "/y/#")),
            *({"role": "view", "resource": one} for one in ("/z/+", "/z/#", "/z#")),
            {"methods": "get", "resource": "/b/#/c"},
        ]
    },
    "two params that are none": {
        "resources": [{"methods": "get", "resource": one} for one in ("/x/:1/:2", "/y/:3", "/z")]
    },
    "overlap behind a pair of different methods": {
        "resources": [
            {"methods": "put", "resource": "/:z/all"},
            {"methods": "get", "resource": "/x/:a"},
            {"methods": "get", "resource": "/x/all"},
        ]
    },
    "overlap with the second method": {
        "resources": [
            {"methods": "get", "resource": "/x/:a"},
            {"methods": "put", "resource": "/x/:b"},
            {"methods": "get", "resource": "/x/all"},
        ]
    },
    "the gateway's own behind a view of it": {
        "resources": [
            {"role": "view", "resource": "/system/status"},
            {"methods": "get", "resource": "/x"},
            {"methods": "get", "resource": "/system/time"},
            {"methods": "get", "resource": "/system/status"},
        ]
    },
    "computed and plain": {"resources": [{"methods": "get", "resource": one} for one in ("/a", "/b")]},
    "prefix twice": _resource("/api/v1/api/v1/x"),
    "three overlap": {
        "resources": [
            {"methods": "get", "resource": "/x/:a"},
            {"methods": ["get", "put"], "resource": "/x/all"},
            {"methods": ["put", "get"], "resource": "/:b/all"},
        ]
    },
    "overlap with a wildcard": {
        "resources": [{"methods": "get", "resource": "/x/+"}, {"methods": "get", "resource": "/x/:a"}]
    },
    "three times": {"resources": [{"methods": one, "resource": "/x/:a"} for one in ("get", "put", "post")]},
    "role that is nothing": {"role": None},
    "role of a resource that is nothing": {"resources": [{"role": None, "methods": "get", "resource": "/x"}]},
}


def _handlers(*routes: str, body: str = "return response(code=200)", rest: str = "") -> Files:
    lines = ["from sanji.core import Route, Sanji", "", "", "class Example(Sanji):"]
    lines += ["    def init(self, **kwargs): pass"]
    for number, route in enumerate(routes):
        lines += [f"    @Route({route})", f"    def handler_{number}(self, message, response):"]
        lines += [f"        {line}" for line in body.split("\n")]
    return {"index.py": "\n".join(lines) + "\n" + rest}


_BOTH = 'methods=["get", "put"], resource="/example"'


def _body(body: str) -> Files:
    return _handlers(_BOTH, body=body + "\nreturn response()")


def _waiting(*bodies: str) -> Files:
    files = _body("\n".join(bodies))
    return {"index.py": f"import os\nimport subprocess\n\nCOMMAND = ['ping', 'x']\n{files['index.py']!s}"}


def _rounds(*pauses: str) -> Files:
    """Loops that ask the gateway by a constant, each with its pause."""
    lines = ["    def pause(self):", "        time.sleep(9)"]
    for number, pause in enumerate(pauses):
        lines += [f"    def run_{number}(self):", "        while True:", "            urllib2.urlopen(URL)"]
        lines += [f"            {pause}"] * bool(pause)
    head = "import time\nimport urllib2\n\nURL = 'http://localhost/api/v1/x'\n"
    return {"index.py": f"{head}{_handlers(_BOTH)['index.py']!s}" + "\n".join(lines) + "\n"}


# by name, the files that differ from those of the sound bundle
FILES: dict[str, Files] = {
    "key in a JSON file": {"a.json": f"\n{_KEY}"},
    "key in a factory file": {"a.factory": f"ä {_KEY}"},
    "key in a source": {"a.py": f"# ä {_KEY}"},
    "key in a file of another sort": {"a.txt": f"ä\nä {_KEY}"},
    "index.py under another name": {"index.py": None, "app.py": "", "bundle.json": '{"main": "app.py"}'},
    "index.py under a name that is no module": {"index.py": None, "app": "", "bundle.json": '{"main": "app"}'},
    "index.py under a name that is not there": {"index.py": None, "bundle.json": '{"main": "app.py"}'},
    "index.py that is missing, and a manifest that is a list": {"index.py": None, "bundle.json": "[]"},
    "long name of a module": {"index.py": "import " + "m" * 80 + "\n" + source(MANIFEST)},
    "long name of a module that is required": {
        "index.py": "import " + "m" * 80 + "\n" + source(MANIFEST),
        "requirements.txt": "m" * 80,
    },
    "handler of what is nearly the same": _handlers('"/exampel", ["get", "put"]'),
    "handler of what is nearly the same, and of one method": _handlers('"/exampel", "put"', '"/example", "get"'),
    "handler of everything, and of more": _handlers(_BOTH, '"/example", ["delete", "post"]', 'make(), "get"'),
    "unresolved methods and resources": _handlers('"/example", make()', "make()", "make(), make()"),
    "base from elsewhere": {
        "index.py": "from other import Base\nfrom sanji.core import Route\n\n\nclass Example(Base):\n    pass\n"
    },
    "sleep without a number": _body("time.sleep()"),
    "sleep of two numbers": _body("time.sleep(5, 6)"),
    "sleep of a hexadecimal number": _body("import time\ntime.sleep(0x10)"),
    "sleeps and loops": _body(
        "import time\ntime.sleep(1.5)\ntime.sleep(90)\nwhile True:\n    pass\nwhile 1:\n    pass"
    ),
    "loop with an end of its own": _body("while True:\n    os.abort()"),
    "loop that exits": _body("while True:\n    sys.exit(1)"),
    "loop that ends the process": _body("while True:\n    os._exit(1)"),
    "loop that yields": _body("while True:\n    yield 1"),
    "loops in loops": _body("while True:\n    while True:\n        break"),
    "loop with two breaks": _body("while True:\n    while True:\n        break\n    break"),
    "loop behind a break": _body("while a:\n    break\nwhile True:\n    pass\nfor b in c:\n    break"),
    "loop with a condition": _body("while a:\n    pass\nwhile True:\n    pass"),
    "settings and a function inside": _body("self.model.db = 1\ndef f():\n    pass"),
    "settings and a lambda": _body("self.model.db = 1\nf = lambda: 1"),
    "settings changed twice": _body("self.model.db['a'] = 1\nself.model.db['b'] = 2"),
    "settings that are only called for": _body("self.model.db.clear()\nself.model.db.pop()"),
    "settings beside others": _body("x = 1\nself.other = 1\nself.model.db['a'] += 1"),
    "settings of two handlers": _handlers(
        '"/example", "get"', '"/example", "put"', body="self.model.db = 1\nreturn response()"
    ),
    "long name of a handler": {
        "index.py": f"{_HEAD}    @Route('/example', ['get', 'put'])\n"
        f"    def {'h' * 80}(self, message, {'r' * 80}):\n        self.model.db = 1\n        time.sleep(9)\n"
        "        while True:\n            break\n    def other(self): pass\n\nfrom time import sleep\nimport time\n"
    },
    "long name of a handler with two parameters": {
        "index.py": f"{_HEAD}    @Route('/example', ['get', 'put'])\n    def {'h' * 80}(self, message): pass\n"
    },
    "calls of every sort": _handlers(
        _BOTH,
        body="\n".join(
            (
                "requests.request('get', 'http://x')",
                "requests.get('http://x', {}, **more)",
                "requests.get()",
                "urllib2.urlopen()",
                "urllib2.urlopen('http://x', None)",
                "httplib.HTTPSConnection('x', 1, 2, 3, 4)",
                "httplib.HTTPSConnection('x', 1, 2, 3, 4, 5)",
                "ftplib.FTP('x')",
                "smtplib.SMTP('x', 25, 'y')",
                "telnetlib.Telnet('x', 23)",
                "telnetlib.Telnet('x', 23, 5)",
                "return response()",
            )
        ),
        rest="\nimport ftplib, httplib, smtplib, telnetlib, urllib2, requests\n",
    ),
    "calls with a default, and one that it does not count for": _handlers(
        _BOTH,
        body="socket.setdefaulttimeout(5)\nurllib2.urlopen('x')\nrequests.get('x')\nreturn response()",
        rest="\nimport socket, urllib2, requests\n",
    ),
    "models of every sort": {
        "index.py": "from sanji.model_initiator import ModelInitiator\nP = __file__\nModelInitiator('a', P)\n"
        "ModelInitiator(model_name='b', model_path=P)\nModelInitiator(make(), P)\nModelInitiator('x/y', P)\n"
        f"ModelInitiator('{'n' * 400}', P)\nModelInitiator('example', P)\nother('c', P)\nModelInitiator('d', P)\n"
        + source(MANIFEST),
        "data/d.json": "{}",
    },
    "model whose path may be another folder": {
        "index.py": "from sanji.model_initiator import ModelInitiator\nModelInitiator('a', '/etc/x')\n"
        + source(MANIFEST)
    },
    "methods that are unknown behind some that cannot be seen": _handlers(
        '"/example", make()', '"/example", ["GET", "all", "get"]', 'make(), ["x"]', '"/example", "y"'
    ),
    "long name of a handler with two routes": {
        "index.py": f"{_HEAD}    @Route('/example', 'get')\n"
        f"    @Route('/example', 'put')\n    def {'h' * 80}(self, message, response): return response()\n"
    },
    "factory file for a long name": {
        "bundle.json": '{"name": "' + "a" * 150 + '", "resources": []}',
        "index.py": keeper("a" * 150),
    },
    "handlers that are passed over, and one that is not": {
        "index.py": f"{_HEAD}    @Route('/example', 'get')\n    def a(self, message): pass\n"
        "    @Route('/a', 'get')\n    @other\n    def b(self, message, response): pass\n"
        "    @Route('/b', 'get')\n    def c(self, message, *response): pass\n"
        "    @Route('/c', 'get')\n    def d(self): pass\n"
        "    @Route('/d', 'get')\n    def e(self, message, response=None, more=1): pass\n"
        "    @Route('/e', 'get')\n    def f(self, message=1): pass\n"
        "    @Route('/example', 'put')\n    def g(self, message, response): pass\n"
        "@Route('/g', 'get')\ndef h(): pass\n"
    },
    "loop with an end far away": _body("while True:\n    a.b.abort()"),
    "long name of a class that is no bundle": {
        "index.py": f"class {'C' * 80}:\n    @Route('/example', ['get', 'put'])\n    def a(self, b, c): pass\n"
    },
    "long name of a class that nothing starts": {
        "index.py": f"from sanji.core import Sanji\n\n\nclass {'C' * 80}(Sanji):\n    pass\n\n\nprint('')\n"
    },
    "long name of a function that nothing calls": {
        "index.py": f"{_HEAD}    pass\n\n\ndef {'f' * 80}():\n    Example().start()\n\n\n"
        "def g():\n    Example().start()\n"
    },
    "long names of two bundles": {
        "index.py": f"from sanji.core import Sanji\n\n\nclass {'C' * 80}(Sanji):\n    pass\n"
        f"class {'D' * 80}(Sanji):\n    pass\n"
        f"if __name__ == '__main__':\n    {'C' * 80}().start()\n    {'D' * 80}().start()\n"
    },
    "bundles at the top of the module": {
        "index.py": "from sanji.core import Sanji\nclass C(Sanji): pass\nclass D(Sanji): pass\n"
        "C().start()\nD().start()\n"
    },
    "start at the top of a module that mentions others": {
        "index.py": f"{_HEAD}    pass\n\n\nExample(connection=1).start()\nstart = 1\nrun(start)\nstart()\n"
    },
    "start of what is kept": {
        "index.py": f"{_HEAD}    pass\n\n\nexample = Example()\nother.start()\nexample.start()\n"
    },
    "no factory file for a long name": {
        "bundle.json": '{"name": "' + "a" * 250 + '", "resources": []}',
        "data/example.json.factory": None,
        "index.py": keeper("a" * 250),
    },
    "secrets in large files and in those that stay out": {
        "a.bin": bytes(1024 * 1024 + 1),
        "b.pem": _KEY,
        "c.bin": _KEY + " " * (1024 * 1024 - len(_KEY)),
        "d.key": _KEY,
        "e.link": Kind.LINK,
        ".bundleignore": "*.pem\n",
    },
    "secret behind too much to be looked through": {
        **{f"a{number:02}.bin": bytes(1024 * 1024) for number in range(16)},
        "b.key": _KEY,
    },
    "long reason why a route cannot be seen": {
        "index.py": "from sanji.core import Route\nimport other\n\n\nclass Example(other."
        + "B" * 250
        + "):\n    pass\n"
    },
    "commands of every sort": _waiting(
        "os.system('timeout 5 ping x')",
        "os.system('nohup ping x')",
        "os.system('setsid ping x')",
        "os.system('timeout 5 true; ping x')",
        "os.system('tail -f x')",
        "os.system('tail -F x')",
        "os.system('tail --follow x')",
        "os.system('tail x')",
        "os.system('ping x &')",
        "os.system(' ping x & ')",
        "os.system('')",
        "os.system(';ping x')",
        "subprocess.call(['ping',  # x\n 'y'])",
        "subprocess.call(('ping', x))",
        "subprocess.call([x, 'ping'])",
        "subprocess.call(COMMAND)",
        "subprocess.Popen(['ping', 'x']).wait()",
        "a.b = subprocess.Popen(['ping', 'x'])\na.b.communicate()",
    ),
    "command that is only started": _waiting("a = subprocess.Popen(['ping', 'x'])"),
    "command that is read": _waiting("os.popen('ping x').read()"),
    "rounds of every sort": _rounds(
        "",
        "self.done.wait()",
        "self.thread.join()",
        "self.queue.get()",
        "self.queue.get(timeout=9)",
        "self.queue.get(9)",
        "self.done.wait(timeout=4)",
        "self.done.wait(timeout=5)",
        "self.done.wait(timeout=self.pause)",
        "time.sleep(4.9)",
        "time.sleep(0x10)",
        "time.sleep(5)",
        "self.pause()",
        "other.pause()",
        "self.nothing()",
    ),
    "comments without rules": {
        "index.py": "# bundlekit: ignored\n# bundlekit: ignore[BK901] so\n# bundlekit: ignore[BK302,BK302]\n"
        + source(MANIFEST)
    },
    "handlers of every signature": _handlers(
        '"/example", "get"', '"/example", "put"', body="return response()\n\n@Route('/x', 'get')\ndef a(self): pass"
    ),
    "manifest without a role": {"bundle.json": '{"name": "example", "resources": [{"resource": "/x"}, {}, 5]}'},
    "letters without a coding line": {"index.py": "# a\n# ß\n# ö\n" + source(MANIFEST)},
    "many files that Python 2.7 refuses": {"index.py": "x = f''\ny = f''\n" + source(MANIFEST)},
    "source that is broken": {"index.py": "def f(:\n  x ==== 1\n" + source(MANIFEST)},
    "factory file under a long name": {
        "data/example.json.factory": None,
        f"data/{'f' * 300}.json.factory": "{}",
        "index.py": keeper(),
    },
    "factory file under a name that steers": {
        "data/example.json.factory": None,
        "data/a\x1bb.json.factory": "{}",
        "index.py": keeper(),
    },
    "factory file with its endings exchanged": {
        "data/example.json.factory": None,
        "data/other.factory.json": "{}",
        "index.py": keeper(),
    },
    "factory file that is true": {"data/example.json.factory": "true"},
    "files of some sorts": {"data/a.factory": "", "data/b": "", "data/a.json": "{}", "a.json.factory": "{}"},
}

# by name, files beside those of the sound bundle, in an archive
ARCHIVED: dict[str, Files] = {
    "settings among others": {"data/a.txt": "", "data/example.json": "{}", "data/z.txt": ""},
    "no settings": {"data/a.txt": "", "example.json": "{}"},
}
