"""What runs on the original gateway is not found, and what is wrong beside it still is."""

from __future__ import annotations

from typing import Any

import pytest

from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from tests.lint.bundles import bundle, keeper, started

Files = dict[str, bytes | str | Kind | None]

NO_FACTORY: Files = {"data/example.json.factory": None}
HEAD = "import time\n\nfrom sanji.core import Route, Sanji\n\n\nclass Example(Sanji):\n"
BOTH = '    @Route(methods=["get", "put"], resource="/example")\n'
SOUND = started(f"{HEAD}{BOTH}    def value(self, message, response):\n        return response(data=message.data)\n")
ASKS = f"{HEAD}    def run(self):\n        time.sleep(3)\n        self.publish.get('/example')\n"
HEARS = (
    f'{ASKS}\n    @Route(methods="put", resource="/example")\n    def changed(self, message):\n        time.sleep(0)\n'
)
MODEL = """import os

from sanji.core import Route, Sanji
from sanji.model import Model


class Store(Model):
    pass


class Example(Sanji):
    def init(self, *args, **kwargs):
        self.store = Store(name="example", path=os.path.dirname(os.path.abspath(__file__)))

    @Route(methods=["get", "put"], resource="/example")
    def value(self, message, response):
        return response(data=self.store.getAll())
"""


def handler(*body: str, rest: str = "", parameters: str = "self, message, response") -> Files:
    lines = [f"    def value({parameters}):", *(f"        {line}" for line in body), rest]
    return {"index.py": HEAD + BOTH + "\n".join(lines) + "\n"}


def more(text: str) -> str:
    """The sound index.py with more methods."""
    lines = [f"    {line}" for line in text.split("\n")]
    return SOUND.replace("\n\n\nif", "\n\n" + "\n".join(lines) + "\n\n\nif")


def hook(parameters: str, resource: str = "/network/ethernets/:id") -> Files:
    answer = "response(data=message.data)" if "response" in parameters else "print(message.data)"
    return {"index.py": more(f'@Route(methods="put", resource="{resource}")\ndef follow({parameters}):\n    {answer}')}


OF_A_VIEW = {"role": "view", "resources": [{"resource": "/example"}]}
ALL = ["get", "put"]
HOOK = {"hook": ["ethernet"]}
WITH_VIEW = {"resources": [{"methods": ALL, "resource": "/example"}, {"role": "view", "resource": "/network/dns"}]}
ANNOUNCED = {"resources": [{"methods": ALL, "resource": "/example"}, {"methods": "put", "resource": "/network/wan"}]}
REBOOT = "    def reboot(self):\n        time.sleep(5)\n"

# files and fields, and the rules that find something
BUNDLES: dict[str, tuple[Files, dict[str, Any], list[str]]] = {
    "no model, no factory file": (NO_FACTORY, {}, []),
    "no model, a factory file with its endings exchanged": ({**NO_FACTORY, "data/example.factory.json": "{}"}, {}, []),
    "an import of a model that is not made": (
        {**NO_FACTORY, "index.py": f"from sanji.model_initiator import ModelInitiator\n{SOUND}"},
        {},
        [],
    ),
    "a model, no factory file": ({**NO_FACTORY, "index.py": keeper()}, {}, ["missing-factory"]),
    "a model of a class of its own, no factory file": ({**NO_FACTORY, "index.py": MODEL}, {}, ["missing-factory"]),
    "a model of a class of its own": ({"index.py": MODEL}, {}, []),
    "a model of a class of its own under another name": (
        {**NO_FACTORY, "index.py": MODEL.replace('"example"', '"store"'), "data/store.json.factory": "[]"},
        {},
        [],
    ),
    "a model, a factory file with its endings exchanged": (
        {**NO_FACTORY, "index.py": keeper(), "data/example.factory.json": "{}"},
        {},
        ["misnamed-factory"],
    ),
    "a model under another name": (
        {**NO_FACTORY, "index.py": keeper("properties"), "data/properties.json.factory": "{}"},
        {},
        [],
    ),
    "a model under the name of no file": (
        {**NO_FACTORY, "index.py": keeper("properties"), "data/property.json.factory": "{}"},
        {},
        ["wrong-model-name"],
    ),
    "a class of its own called Model": (
        {**NO_FACTORY, "index.py": SOUND.replace("class Example", "class Model(object):\n    pass\n\n\nclass Example")},
        {},
        [],
    ),
    "a model outside of the bundle": (
        {**NO_FACTORY, "index.py": keeper().replace("os.path.dirname(os.path.abspath(__file__))", "'/var/lib/x'")},
        {},
        [],
    ),
    "a model of a helper": (
        {
            **NO_FACTORY,
            "index.py": f"import store\n{SOUND}",
            "store.py": "from sanji.model_initiator import ModelInitiator as Made\n\nMODEL = Made('example', '.')\n",
        },
        {},
        ["missing-factory"],
    ),
    "a bundle that is a view and asks": ({"index.py": ASKS}, OF_A_VIEW, []),
    "a bundle that is a view and hears": ({"index.py": HEARS}, OF_A_VIEW, []),
    "a bundle that is a view, with methods": (
        {"index.py": HEARS},
        {"role": "view", "resources": [{"methods": ["get", "put"], "resource": "/example"}]},
        [],
    ),
    "a bundle that is a view and has a handler of requests": (
        {"index.py": SOUND},
        OF_A_VIEW,
        ["wrong-handler-signature"],
    ),
    "a bundle of a role that there is not": ({"index.py": SOUND}, {"role": "controller"}, ["wrong-role"]),
    "a resource that is a view, with an empty list of methods": (
        {"index.py": SOUND},
        {"resources": [*WITH_VIEW["resources"][:1], {"role": "view", "methods": [], "resource": "/network/dns"}]},
        [],
    ),
    "a resource without methods": (
        {"index.py": SOUND},
        {"resources": [{"resource": "/example"}]},
        ["no-methods"],
    ),
    "a route that views need": (
        {"index.py": SOUND},
        {"resources": [*WITH_VIEW["resources"][:1], {"role": "view", "methods": "put", "resource": "/network/dns"}]},
        [],
    ),
    "a resource of which the bundle tells": (
        {"index.py": more("def run(self):\n    self.publish.event.put('/network/wan', data={})")},
        ANNOUNCED,
        [],
    ),
    "a resource of which the bundle tells by another method": (
        {"index.py": more("def run(self):\n    self.publish.event.post('/network/wan', data={})")},
        ANNOUNCED,
        ["route-without-handler"],
    ),
    "a priority, a hook, and concurrent": ({"index.py": SOUND}, {"priority": 20, "hook": ["ethernet"]}, []),
    "an argument and dependencies": (
        {"index.py": SOUND},
        {"argument": "-v", "dependencies": {"a": "1"}},
        ["reserved-field-used", "reserved-field-used"],
    ),
    "a handler for a hook": (hook("self, message, response"), HOOK, []),
    "a handler for a hook, and no hook": (hook("self, message, response"), {}, ["undeclared-resource"]),
    "a handler for a hook that names nobody": (
        hook("self, message, response"),
        {"hook": [""]},
        ["bad-hook", "undeclared-resource"],
    ),
    "a handler that no hook calls": (hook("self, message"), HOOK, ["undeclared-resource"]),
    "a handler for a hook on what the bundle listens to": (
        hook("self, message, response", "/network/dns"),
        {**HOOK, **WITH_VIEW},
        [],
    ),
    "a handler of requests on what the bundle listens to": (
        hook("self, message, response", "/network/dns"),
        WITH_VIEW,
        ["wrong-handler-signature"],
    ),
    "a handler without response in a bundle with a hook": (
        handler("print(message.data)", parameters="self, message"),
        HOOK,
        ["wrong-handler-signature"],
    ),
    "a sleep behind the answer": (handler("response()", "time.sleep(5)"), {}, []),
    "a sleep before the answer": (handler("time.sleep(5)", "response()"), {}, ["long-running-handler"]),
    "a sleep in a method behind the answer": (handler("response()", "self.reboot()", rest=REBOOT), {}, []),
    "a sleep in a method before the answer": (
        handler("self.reboot()", "response()", rest=REBOOT),
        {},
        ["long-running-handler"],
    ),
    "a sleep behind the answer of a method": (
        handler("self.end(response)", rest="    def end(self, done):\n        done()\n        time.sleep(5)\n"),
        {},
        [],
    ),
    "a sleep before the answer of a method": (
        handler("self.end(response)", rest="    def end(self, done):\n        time.sleep(5)\n        done()\n"),
        {},
        ["long-running-handler"],
    ),
    "a sleep behind the answer of one way": (
        handler("if message.data:", "    response(code=400)", "time.sleep(5)", "response()"),
        {},
        ["repeated-answer", "long-running-handler"],
    ),
    "a sleep on the way with the answer": (
        handler("if message.data:", "    response()", "    self.reboot()", "    return", "response()", rest=REBOOT),
        {},
        [],
    ),
    "a sleep behind an answer that may fail": (
        handler("try:", "    response()", "except Exception as why:", "    print(why)", "time.sleep(5)"),
        {},
        ["handler-without-answer"],
    ),
    "a sleep behind a function that answers later": (
        handler("def later():", "    response()", "time.sleep(5)", "later()"),
        {},
        ["long-running-handler"],
    ),
    "a loop behind the answer": (handler("response()", "while True:", "    pass"), {}, ["long-running-handler"]),
    "several names of what is not installed": (
        {"index.py": f"from requests import get, put\nimport requests\n{SOUND}", "requirements.txt": "requests\n"},
        {},
        ["requirement-not-installed"],
    ),
    "two of what is not installed": (
        {"index.py": f"import requests, yaml\n{SOUND}", "requirements.txt": "requests\npyyaml\n"},
        {},
        ["requirement-not-installed", "requirement-not-installed"],
    ),
    "several names of what is not there": ({"index.py": f"from other import a, b\n{SOUND}"}, {}, ["missing-module"]),
    "main elsewhere": ({"index.py": None, "app.py": SOUND}, {"main": "app.py"}, ["wrong-main"]),
    "main in a folder": ({"index.py": None, "src/app.py": SOUND}, {"main": "./src/app.py"}, ["wrong-main"]),
    "main elsewhere, with a fault in it": (
        {"index.py": None, "app.py": SOUND.replace("/example", "/exampel")},
        {"main": "app.py"},
        ["undeclared-resource", "wrong-main", "route-without-handler"],
    ),
    "main elsewhere, beside an index.py": (
        {"index.py": "import other\n", "app.py": SOUND},
        {"main": "app.py"},
        ["wrong-main"],
    ),
    "main that is not there": ({"index.py": SOUND}, {"main": "app.py"}, ["wrong-main"]),
    "main that is not there, as index.py is not": (
        {"index.py": None},
        {"main": "app.py"},
        ["wrong-main", "missing-main"],
    ),
    "main outside of the bundle": ({"index.py": None}, {"main": "../app.py"}, ["wrong-main", "missing-main"]),
    "main that is no Python": (
        {"index.py": None, "index.js": ""},
        {"main": "index.js"},
        ["wrong-main", "missing-main"],
    ),
    "a syntax error of a helper": (
        {"index.py": f"import other\n{SOUND}", "other.py": "def f(:\n"},
        {},
        ["syntax-error"],
    ),
    "a line that is indented as nothing is": (
        {"index.py": SOUND.replace("        return", "        time.sleep(0)\n          return")},
        {},
        ["syntax-error"],
    ),
    "a statement of Python 2": ({"index.py": f"exec 'a' + 'b'\nprint 'x'\n{SOUND}"}, {}, []),
}


@pytest.mark.parametrize(("files", "fields", "expected"), BUNDLES.values(), ids=BUNDLES)
def test_field_bundle(files: Files, fields: dict[str, Any], expected: list[str]) -> None:
    assert [one.rule for one in check(bundle(files, **fields))] == expected


def test_concurrent_is_a_known_field_in_any_place() -> None:
    assert check(bundle(concurrent=False)) == ()
