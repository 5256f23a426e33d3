"""Bundles that are as one wants them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack

_MANIFEST = {
    "author": "Bundlekit",
    "email": "bundlekit@example.com",
    "description": "Keeps settings and tells its version",
    "license": "MIT",
    "main": "index.py",
    "argument": "",
    "priority": 99,
    "hook": [],
    "dependencies": {},
    "repository": "",
    "role": "model",
    "ttl": 5,
}

_LIGHT = Path(__file__).parents[1] / "fixtures" / "light" / "light.py"
# The SDK waits up to five seconds at random before it registers; not here.
_SDK_HEAD = """\
import logging
import random

random.random = lambda: 0.0
logging.basicConfig(level=logging.DEBUG)
logging.getLogger("sanji.sdk").setLevel(logging.DEBUG)

from sanji.connection.mqtt import Mqtt
from sanji.core import Route
from sanji.core import Sanji
from sanji.model_initiator import ModelInitiator
"""
_LIGHT_HEAD = """\
from light import ModelInitiator
from light import Mqtt
from light import Route
from light import Sanji
"""

_SOURCE = """\
#!/usr/bin/env python
# -*- coding: UTF-8 -*-

import json
import os
import signal
import sys
import time

{head}
LIKE = "{like}"
FOLDER = os.path.abspath(os.path.dirname(__file__))
FILE = os.path.join(FOLDER, "data", "{name}.json")


class Chaos(Sanji):

    def init(self, *args, **kwargs):
        self.model = ModelInitiator("{name}", FOLDER)

    @Route(methods="get", resource="/{name}")
    def get(self, message, response):
        if LIKE == "broken":
            return response(code=500, data={{"message": "broken"}})
        return response(code=200, data={{"version": "{version}", "settings": self.model.db}})

    @Route(methods="put", resource="/{name}")
    def put(self, message, response):
        if not isinstance(message.data, dict):
            return response(code=400, data={{"message": "an object is expected"}})
        self.model.db = message.data
        self.model.save_db()
        return response(code=200, data=self.model.db)

    def run(self):
        if LIKE == "leaves":
            import threading

            threading.Timer(0.4, os._exit, (4,)).start()

    def before_stop(self):
        if LIKE == "writes":
            with open(FILE + ".tmp", "w") as stream:
                json.dump(self.model.db, stream)
            os.rename(FILE + ".tmp", FILE)


def set_out():
    if LIKE == "spoils":
        with open(FILE, "w") as stream:
            stream.write('{{"spoiled": true}}')
    if LIKE in ("dies", "spoils"):
        sys.exit(3)
    if LIKE == "lacks":
        __import__("no_such" + "_module")
    if LIKE == "late":
        time.sleep(2)
    if LIKE == "hangs":
        time.sleep(1000)
    if LIKE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal = lambda *_: None


if __name__ == "__main__":
    set_out()
    Chaos(connection=Mqtt()).start()
"""


@dataclass(frozen=True)
class Made:
    """An archive on this host.

    Attributes:
        version: of it.
        like: what it is like, see `cases.RELEASES`.
        digest: of it.
        path: where it is.
    """

    version: str
    like: str
    digest: str
    path: Path


def make(folder: Path, name: str, version: str, like: str, *, with_sdk: bool) -> Made:
    """An archive of a bundle that is like that, see `cases.RELEASES`.

    Args:
        with_sdk: made with the real SDK; else with what is like it and sooner up.
    """
    place = folder / f"{version}-{like}"
    (place / "data").mkdir(parents=True)
    resources = [{"methods": ["get", "put"], "resource": f"/{name}"}]
    manifest = {"name": name, "version": version, **_MANIFEST, "resources": resources}
    (place / "bundle.json").write_text(json.dumps(manifest))
    head = _SDK_HEAD if with_sdk else _LIGHT_HEAD
    (place / "index.py").write_text(_SOURCE.format(head=head, name=name, version=version, like=like))
    if not with_sdk:
        shutil.copy(_LIGHT, place)
    (place / "data" / f"{name}.json.factory").write_text('{"factory": true}')
    archive = pack(Bundle.in_folder(place))
    path = folder / f"{version}-{like}.tar.gz"
    path.write_bytes(archive.data)
    return Made(version, like, archive.digest, path)
