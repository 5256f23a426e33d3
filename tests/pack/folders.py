"""Bundle folders to pack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

MANIFEST = {
    "name": "thermostat",
    "version": "1.2.0",
    "author": "A",
    "email": "a@example.com",
    "description": "d",
    "license": "MIT",
    "main": "index.py",
    "argument": "",
    "priority": 99,
    "hook": [],
    "dependencies": {},
    "repository": "",
    "role": "model",
    "ttl": 60,
    "resources": [{"methods": ["get"], "resource": "/thermostat"}],
}

INDEX = """\
from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji


class Thermostat(Sanji):
    @Route(methods="get", resource="/thermostat")
    def get(self, message, response):
        return response(code=200, data={"key": "value"})


if __name__ == "__main__":
    Thermostat(connection=Mqtt()).start()
"""

BUNDLE: dict[str, str | bytes] = {
    "bundle.json": json.dumps(MANIFEST, indent=2) + "\n",
    "index.py": INDEX,
    "data/thermostat.json.factory": '{"key": "value"}\n',
}


def make_folder(folder: Path, files: Mapping[str, str | bytes] = BUNDLE, executable: Iterable[str] = ()) -> Path:
    """Write files into a folder; a path that ends with `/` is an empty folder."""
    for path, content in files.items():
        place = folder / path
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    for path in executable:
        (folder / path).chmod(0o755)
    return folder
