"""Bundles to run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.lint.bundles import MANIFEST

INDEX = """\
import json
import logging
import os
import subprocess
import sys

import six
from sanji.connection.mqtt import Mqtt
from sanji.core import Route
from sanji.core import Sanji
from sanji.model_initiator import ModelInitiator
from six.moves.urllib.parse import quote
from voluptuous import Schema


class Sample(Sanji):

    def init(self, *args, **kwargs):
        path_root = os.path.abspath(os.path.dirname(__file__))
        self.model = ModelInitiator("NAME", path_root)
        self.heard = []

    def before_stop(self):
        print("goes, python " + str(sys.version_info[0]))

    @Route(methods="get", resource="/NAME")
    def get(self, message, response):
        return response(data=self.model.db)

    @Route(methods="put", resource="/NAME")
    def put(self, message, response):
        self.model.db = message.data
        self.model.save_db()
        return response(data=self.model.db)

HANDLERS

if __name__ == "__main__":
    FORMAT = "%(asctime)s - %(levelname)s - %(lineno)s - %(message)s"
    logging.basicConfig(level=logging.DEBUG, format=FORMAT)
    Sample(connection=Mqtt()).start()
"""


def make_bundle(
    folder: Path, name: str, handlers: str = "", resources: Sequence[str] = (), views: Sequence[str] = ()
) -> Path:
    """A bundle with a resource of its name that keeps its settings, and more if asked for; its folder."""
    found = [{"methods": ["get", "put"], "resource": f"/{name}"}]
    found += [{"methods": ["get", "post"], "resource": path} for path in resources]
    heard = [{"methods": ["put"], "resource": path, "role": "view"} for path in views]
    manifest = {**MANIFEST, "name": name, "resources": found + heard}
    (folder / "data").mkdir(parents=True)
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=2))
    (folder / "index.py").write_text(INDEX.replace("HANDLERS", handlers).replace("NAME", name))
    (folder / f"data/{name}.json.factory").write_text('{"key": "value"}')
    return folder
