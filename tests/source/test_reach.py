"""Which functions of a bundle run while a request waits."""

from __future__ import annotations

import pytest

from bundlekit.lint.facts.inspection import Inspection
from tests.lint.bundles import bundle, found

INDEX = """
from sanji.core import Route, Sanji
import helper, net.http as web
import net.deep.er
import threading
from net import again, client, nobody
from net.client import Client, fetch as fetched

shared = Client()


def inner():
    web.ask()


class Base(Sanji):
    def base(self):
        inner()


class Example(Base):
    def init(self, *args, **kwargs):
        self.client = client.Client()

    def later(self):
        helper.unused()

    @Route(methods=["get", "put"], resource="/example")
    def value(self, message, response):
        CALL
        return response(code=200)
"""

FILES = {
    "helper.py": "from .beside import ask\ndef first(): second()\ndef second(): ask()\ndef unused(): pass\n",
    "beside.py": "def ask(): pass\n",
    "net/__init__.py": "from .client import again\nfrom . import http\n",
    "net/http.py": "def ask(): pass\n",
    "net/client.py": (
        "def again(): pass\ndef fetch(): pass\n"
        "class Parent(object):\n  def inherited(self): pass\n"
        "class Client(Parent):\n  def __init__(self): pass\n  def go(self): self.on()\n  def on(self): self.go()\n"
        "  @staticmethod\n  def fixed(): pass\n  @run_async\n  def in_background(self): pass\n"
    ),
    "net/deep/__init__.py": "",
    "net/deep/er.py": "def deepest(): pass\n",
}

# a call in a handler, and what runs besides the handler
CALLS = {
    "helper.first()": ["helper.py first", "helper.py second", "beside.py ask"],
    "inner()": ["index.py inner", "net/http.py ask"],
    "self.base()": ["index.py base", "index.py inner", "net/http.py ask"],
    "again()": ["net/client.py again"],
    "fetched()": ["net/client.py fetch"],
    "net.deep.er.deepest()": ["net/deep/er.py deepest"],
    "self.client.go()": ["net/client.py go", "net/client.py on"],
    "shared.inherited()": ["net/client.py inherited"],
    "Client.fixed()": ["net/client.py fixed"],
    "client.Client.fixed()": ["net/client.py fixed"],
    "one = Client(); one.on()": ["net/client.py __init__", "net/client.py on", "net/client.py go"],
    "self.client.in_background()": [],
    "threading.Thread(target=self.later).start()": [],
    "self.nobody(); nobody(); self.a.b.c(); web.no(); os.system('x'); self(); x.y()": [],
}


@pytest.mark.parametrize(("call", "expected"), CALLS.items())
def test_functions_that_run_for_a_request(call: str, expected: list[str]) -> None:
    reached = Inspection(bundle({"index.py": INDEX.replace("CALL", call), **FILES})).reached
    assert [f"{one.module.path} {one.function.name}" for one in reached] == ["index.py value", *expected]
    assert {one.handler.name for one in reached} == {"value"}


def test_request_without_time_out_in_a_helper_is_found() -> None:
    files = {**FILES, "beside.py": "import urllib2\ndef ask():\n    urllib2.urlopen('http://x')\n"}
    told = {
        call: [
            one.file for one in found(bundle({"index.py": INDEX.replace("CALL", call), **files})) if one.code == "BK315"
        ]
        for call in ("helper.first()", "helper.unused()")
    }
    assert told == {"helper.first()": ["box/beside.py"], "helper.unused()": []}
