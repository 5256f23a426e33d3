"""Bundles with settings in two files, which belong together: a number of a generation is in both."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack

NAME = "crash"
FILES = (f"{NAME}.json", "second.json")
_LIGHT = Path(__file__).parents[1] / "fixtures" / "light" / "light.py"
_MANIFEST = {
    "name": NAME,
    "author": "Bundlekit",
    "email": "bundlekit@example.com",
    "description": "Keeps settings in two files and tells its version",
    "license": "MIT",
    "main": "index.py",
    "argument": "",
    "priority": 99,
    "hook": [],
    "dependencies": {},
    "repository": "",
    "role": "model",
    "ttl": 5,
    "resources": [{"methods": ["get", "put"], "resource": f"/{NAME}"}],
}
# Two blocks of the disk, or a file is written as a whole.
_PADDING = 5000

_SOURCE = """\
#!/usr/bin/env python
# -*- coding: UTF-8 -*-

import json
import os
import sys

from light import ModelInitiator
from light import Mqtt
from light import Route
from light import Sanji

SPOILS = {spoils}
FOLDER = os.path.abspath(os.path.dirname(__file__))
NAMES = ("{name}", "second")


def settings(generation, last_words=False):
    return {{"generation": generation, "padding": str(generation) * ({padding} // len(str(generation))),
            "last_words": last_words}}


class Crash(Sanji):

    def init(self, *args, **kwargs):
        self.models = [ModelInitiator(name, FOLDER) for name in NAMES]

    @Route(methods="get", resource="/{name}")
    def get(self, message, response):
        return response(code=200, data={{"version": "{version}", "settings": [model.db for model in self.models]}})

    @Route(methods="put", resource="/{name}")
    def put(self, message, response):
        for model in self.models:
            model.db = settings(message.data["generation"], message.data.get("last_words", False))
            model.save_db()
        return response(code=200, data=None)

    def run(self):
        pass

    def before_stop(self):
        # In order, so that what a power cut leaves of them is no fault of its own.
        for name, model in zip(NAMES, self.models):
            if model.db.get("last_words"):
                path = os.path.realpath(os.path.join(FOLDER, "data", name + ".json"))
                with open(path + ".tmp", "w") as stream:
                    json.dump(settings(model.db["generation"] + 1), stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                os.rename(path + ".tmp", path)


if __name__ == "__main__":
    if SPOILS:
        for name in NAMES:
            with open(os.path.join(FOLDER, "data", name + ".json"), "w") as stream:
                json.dump(settings(666), stream)
        sys.exit(3)
    Crash(connection=Mqtt()).start()
"""


@dataclass(frozen=True)
class Made:
    """An archive on this host.

    Attributes:
        version: of it.
        path: where it is.
        files: what is in it, by their paths.
    """

    version: str
    path: Path
    files: dict[str, bytes]


def content(generation: int, *, last_words: bool = False) -> dict[str, Any]:
    """What each of both files says."""
    text = str(generation)
    return {"generation": generation, "padding": text * (_PADDING // len(text)), "last_words": last_words}


def make(folder: Path, version: str, *, spoils: bool = False) -> Made:
    """An archive of such a bundle.

    Args:
        spoils: whether it writes other settings and dies.
    """
    place = folder / version
    (place / "data").mkdir(parents=True)
    (place / "bundle.json").write_text(json.dumps({**_MANIFEST, "version": version}))
    source = _SOURCE.format(name=NAME, version=version, spoils=spoils, padding=_PADDING)
    (place / "index.py").write_text(source)
    shutil.copy(_LIGHT, place)
    for file in FILES:
        (place / "data" / f"{file}.factory").write_text(json.dumps(content(0)))
    archive = pack(Bundle.in_folder(place))
    path = folder / f"{version}.tar.gz"
    path.write_bytes(archive.data)
    files = {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}
    return Made(version, path, files)
