"""Bundles as they are found on gateways, and faults that are put into them one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plant:
    """A fault.

    Attributes:
        code: of the rule that finds it.
        right: what one of the files has, and no other.
        wrong: what takes its place.
        line: a part of the line of the finding; by default the first line of what takes its place.
    """

    code: str
    right: str
    wrong: str
    line: str = ""


@dataclass(frozen=True)
class FieldBundle:
    """A bundle: fields of its manifest, its files, and the faults that can be put into it."""

    fields: dict[str, Any]
    files: dict[str, str]
    plants: tuple[Plant, ...] = ()


_HEAD = """#!/usr/bin/env python
# -*- coding: UTF-8 -*-

import logging
import os
"""

_TAIL = """

if __name__ == "__main__":
    FORMAT = "%(asctime)s - %(levelname)s - %(lineno)s - %(message)s"
    logging.basicConfig(level=0, format=FORMAT)
    _logger = logging.getLogger("sanji.BUNDLE")
    bundle = Index(connection=Mqtt())
    bundle.start()
"""


def _index(source: str) -> str:
    return _HEAD + source.strip("\n") + "\n" + _TAIL


SIGNATURE = """resource="/thermostat", schema=SCHEMA)
    def put(self, message, response):"""
SIGNATURE_WITH = """resource="/thermostat")
    def put(self, message, response, {}):"""
MISSING = 'response(code=400, data={"message": "name is missing"})'
NAME_CHECK = """if name not in NAMES:
            return response(code=400, data={"message": "no such interface"})
"""
ADDRESS_CHECK = 'if not re.match(r"^[0-9.]+$", address):'
MASK = 'subprocess.call(["ifconfig", name, "netmask", mask])'

THERMOSTAT = FieldBundle(
    {
        "name": "thermostat",
        "resources": [
            {"methods": ["get", "put"], "resource": "/thermostat"},
            {"methods": ["get", "put", "delete"], "resource": "/thermostat/rooms/:id"},
        ],
    },
    {
        "index.py": _index("""
from sanji.core import Sanji
from sanji.core import Route
from sanji.connection.mqtt import Mqtt
from sanji.model_initiator import ModelInitiator
from voluptuous import Schema, Required, All, Range, REMOVE_EXTRA

_logger = logging.getLogger("sanji.thermostat")

SCHEMA = Schema({
    Required("target"): All(int, Range(min=5, max=30)),
}, extra=REMOVE_EXTRA)
PUT = {"all": SCHEMA}
FIRST = 1


class Index(Sanji):

    def init(self, *args, **kwargs):
        path_root = os.path.abspath(os.path.dirname(__file__))
        self.model = ModelInitiator("thermostat", path_root)

    def _refuse(self, response, text):
        _logger.warning(text)
        return response(code=400, data={"message": text})

    def _maybe(self, response, text):
        if text:
            return response(code=400, data={"message": text})

    @Route(methods="get", resource="/thermostat")
    def get(self, message, response):
        return response(code=200, data=self.model.db)

    @Route(methods="put", resource="/thermostat", schema=SCHEMA)
    def put(self, message, response):
        self.model.db.update(message.data)
        self.model.save_db()
        return response(code=200, data=self.model.db)

    @Route(methods="get", resource="/thermostat/rooms/:id")
    def get_room(self, message, response):
        room_id = message.param["id"]
        if room_id == "1":
            return response(code=200, data={"name": "kitchen"})
        for room in self.model.db.get("rooms", []):
            if room["id"] == int(message.param["id"]):
                return response(code=200, data=room)
        return response(code=404, data={"message": "no such room"})

    @Route(methods="put", resource="/thermostat/rooms/:id")
    def put_room(self, message, response):
        if "name" not in message.data:
            return response(code=400, data={"message": "name is missing"})
        if message.param["id"] not in ("1", "2"):
            return self._refuse(response, "no such room")
        try:
            room = self.model.db["rooms"][int(message.param["id"])]
            room["name"] = message.data["name"]
        except (IndexError, KeyError) as e:
            _logger.error(e)
            return response(code=404, data={"message": str(e)})
        self.model.save_db()
        return response(code=200, data=room)

    @Route(methods="delete", resource="/thermostat/rooms/:id")
    def delete_room(self, message, response):
        for room in list(self.model.db.get("rooms", [])):
            if str(room["id"]) == message.param["id"]:
                self.model.db["rooms"].remove(room)
                self.model.save_db()
                response(code=200)
                break
        else:
            response(code=404, data={"message": "no such room"})
""").replace("BUNDLE", "thermostat"),
        "data/thermostat.json.factory": '{"target": 20, "rooms": []}\n',
    },
    (
        Plant("BK333", SIGNATURE, SIGNATURE_WITH.format("schema=SCHEMA"), "schema=SCHEMA"),
        Plant("BK333", SIGNATURE, SIGNATURE_WITH.format("rules=SCHEMA"), "rules=SCHEMA"),
        Plant("BK333", SIGNATURE, SIGNATURE_WITH.format("schema=PUT['all']"), "schema=PUT"),
        Plant("BK333", SIGNATURE, SIGNATURE_WITH.format("how=Schema({'a': int})"), "how=Schema"),
        Plant("BK336", 'if room_id == "1":', "if room_id == 1:"),
        Plant("BK336", 'if room_id == "1":', "if room_id == FIRST:"),
        Plant("BK336", 'if room_id == "1":', "if 1 == room_id:"),
        Plant("BK336", 'not in ("1", "2"):', "not in (1, 2):"),
        Plant("BK336", 'not in ("1", "2"):', "not in range(2):"),
        Plant("BK336", 'message.param["id"] not in ("1", "2"):', 'message.param["id"] > 2:'),
        Plant("BK336", 'message.param["id"] not in ("1", "2"):', 'not message.param.get("id") < -1:'),
        Plant("BK335", f"return {MISSING}", MISSING),
        Plant("BK335", "return self._refuse(", "self._refuse("),
        Plant("BK335", 'return response(code=404, data={"message": str(e)})', 'response(code=404, data={"e": str(e)})'),
        Plant(
            "BK335",
            "return response(code=200, data=room)\n        return response(code=404",
            "response(code=200, data=room)\n                break\n        return response(code=404",
        ),
        Plant("BK337", '"message": str(e)}', '"message": e}'),
        Plant("BK337", 'data={"message": str(e)})', "data=e)"),
        Plant("BK337", 'code=404, data={"message": str(e)})', '404, dict(message="no: ", why=e))'),
        Plant("BK337", '"message": str(e)}', '"errors": [{"all": e}]}'),
    ),
)

NETWORK = FieldBundle(
    {
        "name": "lan-settings",
        "resources": [
            {"methods": ["get", "put"], "resource": "/lan"},
            {"methods": ["get", "put", "post"], "resource": "/lan/:id"},
            {"methods": "post", "resource": "/lan-ping"},
            {"role": "view", "resource": "/network/ethernets"},
        ],
    },
    {
        "index.py": _index("""
import re
import subprocess
from pipes import quote
from sanji.core import Sanji
from sanji.core import Route
from sanji.connection.mqtt import Mqtt
from sanji.model_initiator import ModelInitiator
from voluptuous import Schema, Required, Any, Length, All, In
from lan import interfaces
from lan.client import Client

_logger = logging.getLogger("sanji.lan")

NAMES = ("eth0", "eth1")
PING = Schema({Required("host"): All(str, Length(min=1, max=255)), "interface": In(NAMES), "kind": Any("a", "b")})


class Index(Sanji):

    def init(self, *args, **kwargs):
        path_root = os.path.abspath(os.path.dirname(__file__))
        self.model = ModelInitiator("lan-settings", path_root)
        self.client = Client("http://192.0.2.1")

    def _current(self):
        return self.model.db

    @Route(methods="get", resource="/lan")
    def get_all(self, message, response):
        return response(code=200, data=self._current())

    @Route(methods="put", resource="/lan")
    def put_all(self, message, response):
        name = message.data.get("name")
        if name not in NAMES:
            return response(code=400, data={"message": "no such interface"})
        mask = message.data["mask"]
        os.system("ifconfig %s up" % name)
        subprocess.call(["ifconfig", name, "netmask", mask])
        subprocess.call("ip addr flush dev " + quote(message.data["other"]), shell=True)
        os.system("ifconfig %s mtu %d" % (NAMES[0], message.data["mtu"]))
        self.model.db["mask"] = mask
        self.model.save_db()
        return response(code=200, data=self._current())

    @Route(methods="get", resource="/lan/:id")
    def get(self, message, response):
        self.publish.direct.get("/lan")
        return response(code=200, data=interfaces.read(message.param["id"]))

    @Route(methods="put", resource="/lan/:id")
    def put(self, message, response):
        os.system("ifup " + message.param["id"])
        address = message.data["address"]
        if not re.match(r"^[0-9.]+$", address):
            return response(code=400, data={"message": "no address"})
        interfaces.set_address(message.param["id"], address)
        response(code=200, data=self._current())
        self.publish.direct.get("/lan")

    @Route(methods="post", resource="/lan/:id")
    def post(self, message, response):
        try:
            count = int(message.data["count"])
        except ValueError:
            return response(code=400, data={"message": "no number"})
        os.system("ifconfig eth0 txqueuelen " + str(count))
        self.publish.event.put("/lan", data=self._current())
        self.publish.direct.put("/network/ethernets", data=self._current())
        return response(code=200, data=self.client.report(count))

    @Route(methods="post", resource="/lan-ping", schema=PING)
    def ping(self, message, response):
        line = "timeout 5 ping -I %s -c 1 192.0.2.1" % message.data["interface"]
        subprocess.call(line, shell=True)
        return response(code=200, data={})

    @Route(resource="/network/ethernets")
    def changed(self, message):
        _logger.info(message.data)
""").replace("BUNDLE", "lan"),
        "lan/__init__.py": "",
        "lan/interfaces.py": """# -*- coding: UTF-8 -*-

import os
import subprocess


def read(name):
    return {"name": name, "state": subprocess.check_output(["cat", "/sys/class/net/%s/operstate" % name])}


def set_address(name, address):
    os.system("ifconfig %s %s" % (name, address))


def set_dns(servers):
    for server in servers:
        _run("echo nameserver {0} >> /etc/resolv.conf".format(server))


def _run(line):
    subprocess.check_call(line, shell=True)
""",
        "lan/client.py": """# -*- coding: UTF-8 -*-

import threading

import requests


class Client(object):

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def report(self, count):
        threading.Thread(target=self.watch).start()
        return self._post({"count": count}).json()

    def _post(self, data):
        return requests.post(self.url, json=data, timeout=5)

    def watch(self):
        return requests.get(self.url)
""",
        "requests.py": "\n",
        "data/lan-settings.json.factory": '{"mask": "255.255.255.0"}\n',
    },
    (
        Plant("BK334", NAME_CHECK, 'if not name:\n            name = "eth0"\n', "ifconfig %s up"),
        Plant("BK334", 'quote(message.data["other"])', 'message.data["other"]'),
        Plant("BK334", MASK, 'subprocess.call(["timeout", "5", "sh", "-c", "ifconfig netmask %s" % mask])'),
        Plant("BK334", MASK, 'subprocess.call(["ifconfig eth0 netmask " + mask], shell=True)'),
        Plant("BK334", MASK, 'line = "ifconfig "\n        line += mask\n        os.system(line)', "os.system(line)"),
        Plant("BK334", MASK, 'if os.system("ifconfig " + mask) != 0:\n            _logger.error("failed")'),
        Plant("BK334", MASK, 'subprocess.Popen("ifconfig %(n)s %(m)s" % {"n": name, "m": mask}, shell=True)'),
        Plant("BK334", MASK, 'subprocess.call(" ".join(["ifconfig", name, str(mask)]), shell=1)'),
        Plant("BK334", MASK, 'interfaces.set_dns(message.data["servers"])', "check_call(line, shell=True)"),
        Plant("BK334", 'NAMES[0], message.data["mtu"])', 'name, 1) + message.data["mtu"]'),
        Plant("BK334", ADDRESS_CHECK, "if not address:", "ifconfig %s %s"),
        Plant(
            "BK334",
            '"timeout 5 ping -I %s -c 1 192.0.2.1" % message.data["interface"]',
            '"timeout 5 ping -c 1 %s" % message.data["host"]',
            "call(line",
        ),
        Plant("BK338", "mask = message.data", 'self.publish.direct.get("/lan")\n        mask = message.data'),
        Plant(
            "BK338", "mask = message.data", 'self.publish.put("/lan/%s" % name, data={})\n        mask = message.data'
        ),
        Plant("BK338", 'self.publish.direct.put("/network/ethernets"', 'self.publish.post("/lan/" + str(count)'),
        Plant("BK338", 'self.publish.event.put("/lan"', 'self.publish.put("/lan/{}".format(count)'),
        Plant("BK315", "json=data, timeout=5)", "json=data)"),
        Plant("BK315", "requests.post(self.url, json=data, timeout=5)", "self.session.post(self.url, json=data)"),
        Plant(
            "BK315",
            'return {"name"',
            'import socket\n    socket.create_connection((name, 1))\n    return {"name"',
            "create_connection",
        ),
    ),
)

CELLULAR = FieldBundle(
    {
        "name": "cellular-watch",
        "resources": [
            {"methods": ["get", "post"], "resource": "/cellular-watch"},
            {"methods": ["get", "put"], "resource": "/cellular-watch/:id/:slot"},
        ],
    },
    {
        "index.py": _index('''
import commands
import json
import sh
from time import sleep
from sanji.core import Sanji, Route
from sanji.connection.mqtt import Mqtt
from voluptuous import MultipleInvalid, Schema

_logger = logging.getLogger("sanji.cellular")
DIAL = Schema({"number": str, "times": int})
COMMANDS = {"on": "mx-uart-ctl -p 0", "off": "mx-uart-ctl -p 1"}


class CellularError(Exception):
    pass


class Index(Sanji):

    def init(self, *args, **kwargs):
        self.state = {}

    def run(self):
        while True:
            self.publish.event.put("/cellular-watch", data=self.state)
            sleep(60)

    @Route(methods="get", resource="/cellular-watch")
    def get_list(self, message, response):
        if "fields" in message.query:
            fields = message.query["fields"].split(",")
            return response(data=dict((key, self.state.get(key)) for key in fields))
        signal = commands.getoutput("cat /tmp/signal")
        return response(code=200, data={"signal": signal, "at": self.query(message)})

    def query(self, message):
        return commands.getoutput("date +%%s -d @%d" % int(message.query.get("at", 0)))

    @Route(methods="post", resource="/cellular-watch")
    def dial(self, message, response):
        """Dial, by %s."""
        try:
            data = DIAL(message.data)
        except MultipleInvalid as error:
            text = str(error)
            return response(code=400, data={"message": text})
        command = COMMANDS[data["mode"]]
        os.system(command)
        sh.bash("-c", command)
        sh.echo(data["number"])
        return response(code=200, data=json.loads(commands.getoutput("cat /tmp/dialled")))

    @Route(methods="get", resource="/cellular-watch/:id/:slot")
    def get(self, message, response):
        if message.param["slot"] != "2":
            return response(code=404, data={"message": "no such slot"})
        slots = [slot for slot in range(3) if slot == int(message.param["id"])]
        if len(slots) == 1 and self.state.get("slot") == 2:
            return response(code=200, data=slots)
        return response(code=200, data=[])

    @Route(methods="put", resource="/cellular-watch/:id/:slot")
    def put(self, message, response):
        code = None
        try:
            self._apply(message)
            code = 200
        except CellularError as e:
            e = str(e)
            self.publish.event.put("/cellular-watch/errors", data={"message": e})
            code = 400
        except Exception as e:
            _logger.error(e, exc_info=True)
            self.state["error"] = repr(e)
            return response(code=500, data={"message": "Unexpected: %s" % e})
        finally:
            _logger.debug("done")
        if code == 200:
            return response(code=200, data=self.state)
        return response(code=code, data={"message": "not applied"})

    def _apply(self, message):
        if message.data.get("apn") is None:
            raise CellularError("apn is missing")
        self.state["apn"] = message.data["apn"]
        self.state["lines"] = len(message.data["apn"])
        os.system("logger %s" % message.param["id"])
        os.system("logger %d" % self.state["lines"])
''').replace("BUNDLE", "cellular"),
        "sh.py": "\n",
        "data/cellular-watch.json.factory": "{}\n",
    },
    (
        Plant(
            "BK334", '"date +%%s -d @%d" % int(message.query.get("at", 0))', '"date -d %s" % message.query.get("at", 0)'
        ),
        Plant("BK334", 'logger %s" % message.param["id"]', 'logger %s" % message.data["apn"]'),
        Plant("BK334", 'sh.echo(data["number"])', 'sh.bash("-c", "echo " + message.query["number"])'),
        Plant(
            "BK334",
            'self.state["lines"] = len',
            'os.popen("logger {apn}".format(**{"apn": 1}) + message.data["apn"])\n        self.state["lines"] = len',
        ),
        Plant("BK335", "code = 400", "response(code=400, data={})", "response(code=400, data={})"),
        Plant("BK336", 'message.param["slot"] != "2"', 'message.param["slot"] != 2'),
        Plant("BK336", 'message.param["slot"] != "2"', 'message.param["slot"] >= 2.5'),
        Plant(
            "BK337",
            "e = str(e)\n            self.publish",
            "self.publish",
            'self.publish.event.put("/cellular-watch/errors"',
        ),
        Plant("BK337", '"Unexpected: %s" % e}', '"Unexpected", "log": [e]}'),
        Plant(
            "BK337",
            'text = str(error)\n            return response(code=400, data={"message": text})',
            'return response(code=400, data={"message": error})',
        ),
        Plant(
            "BK338",
            "self._apply(message)\n",
            'self._apply(message)\n            self.state = self.publish.direct.get("/cellular-watch").data\n',
            "self.publish.direct.get",
        ),
        Plant(
            "BK338",
            'self.state["lines"] = len',
            'self.publish.put("/cellular-watch/1/2", data={})\n        self.state["lines"] = len',
        ),
    ),
)

USERS = FieldBundle(
    {
        "name": "users-and-their-events",
        "resources": [
            {"methods": ["get", "post"], "resource": "/users-log"},
            {"role": "view", "resource": "/system/users/:id"},
        ],
    },
    {
        "index.py": _index("""
from sanji.core import Sanji, Route
from sanji.connection.mqtt import Mqtt
from threading import Thread
from log import Log

_logger = logging.getLogger("sanji.users")


class Index(Sanji):

    def init(self, *args, **kwargs):
        self.log = Log()

    @Route(methods="get", resource="/users-log")
    def get(self, message, response):
        return response(code=200, data=self.log.entries)

    @Route(methods="post", resource="/users-log")
    def post(self, message, response, schema=None):
        def later():
            self.publish.direct.get("/users-log")
        Thread(target=later).start()
        user = message.data["user"]
        if not self.log.is_known(user):
            return response(code=404, data={"message": "no such user"})
        self.log.write(user)
        if message.data.get("short"):
            response(code=200)
        else:
            response(code=200, data=self.log.entries)

    @Route(methods=["put", "delete"], resource="/system/users/:id")
    def changed(self, message):
        self.log.write(message.param["id"])
""").replace("BUNDLE", "users"),
        "log.py": """# -*- coding: UTF-8 -*-

import os


class Base(object):

    def shell(self, line):
        return os.system(line)


class Log(Base):

    def __init__(self):
        self.entries = []

    def is_known(self, user):
        return user in self.entries

    def write(self, user):
        self.entries.append(user)
        self.shell("logger -t users " + user)
""",
        "data/users-and-their-events.json.factory": "{}\n",
    },
    (
        Plant("BK334", "if not self.log.is_known(user):", "if not user:", "return os.system(line)"),
        Plant("BK334", 'message.param["id"])', 'message.data["name"])', "return os.system(line)"),
        Plant(
            "BK335",
            "            response(code=200)\n        else:\n            response(",
            "            response(code=200)\n        return response(",
        ),
        Plant("BK338", "Thread(target=later).start()", 'self.publish.direct.get("/users-log")'),
    ),
)

BUNDLES = {"thermostat": THERMOSTAT, "network": NETWORK, "cellular": CELLULAR, "users": USERS}
