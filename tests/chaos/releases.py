"""Bundles that are as one wants them."""

from __future__ import annotations

import json
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
    "ttl": 2,
}

# The SDK waits up to five seconds at random before it registers; not here.
_SOURCE = """\
#!/usr/bin/env python
# -*- coding: UTF-8 -*-

import importlib
import json
import logging
import os
import random
import signal
import sys
import threading
import time

random.random = lambda: 0.0

from sanji.connection.mqtt import Mqtt
from sanji.core import Route
from sanji.core import Sanji
from sanji.model_initiator import ModelInitiator

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
        importlib.import_module("no_such_module")
    if LIKE == "late":
        time.sleep(2)
    if LIKE == "hangs":
        time.sleep(1000)
    if LIKE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal = lambda *_: None


if __name__ == "__main__":
    FORMAT = "%(asctime)s - %(levelname)s - %(lineno)s - %(message)s"
    logging.basicConfig(level=logging.DEBUG, format=FORMAT)
    logging.getLogger("sanji.sdk").setLevel(logging.DEBUG)
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


def make(folder: Path, name: str, version: str, like: str) -> Made:
    """An archive of a bundle that is like that, see `cases.RELEASES`."""
    place = folder / f"{version}-{like}"
    (place / "data").mkdir(parents=True)
    resources = [{"methods": ["get", "put"], "resource": f"/{name}"}]
    manifest = {"name": name, "version": version, **_MANIFEST, "resources": resources}
    (place / "bundle.json").write_text(json.dumps(manifest))
    (place / "index.py").write_text(_SOURCE.format(name=name, version=version, like=like))
    (place / "data" / f"{name}.json.factory").write_text('{"factory": true}')
    archive = pack(Bundle.in_folder(place))
    path = folder / f"{version}-{like}.tar.gz"
    path.write_bytes(archive.data)
    return Made(version, like, archive.digest, path)
