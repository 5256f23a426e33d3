"""Bundles in memory for the checks: a sound one, and what a test changes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.manifest import METHODS, resource_of
from bundlekit.errors import Unreadable
from bundlekit.lint import Finding, check

MANIFEST: dict[str, Any] = {
    "name": "example",
    "version": "1.0.0",
    "author": "A",
    "email": "a@example.com",
    "description": "Keeps one value and gives it back",
    "license": "MIT",
    "main": "index.py",
    "argument": "",
    "priority": 99,
    "hook": [],
    "dependencies": {},
    "repository": "",
    "role": "model",
    "ttl": 60,
    "resources": [{"methods": ["get", "put"], "resource": "/example"}],
}


@dataclass(frozen=True)
class MemoryFiles:
    """Files that are nowhere but here; what is no content is another kind of entry."""

    contents: Mapping[str, bytes | Kind]

    @property
    def entries(self) -> Mapping[str, Entry]:
        return {
            path: Entry(path, Kind.FILE, len(content)) if isinstance(content, bytes) else Entry(path, content)
            for path, content in sorted(self.contents.items())
        }

    def read(self, path: str, limit: int | None = None) -> bytes:
        content = self.contents.get(path)
        if not isinstance(content, bytes):
            raise Unreadable(f"cannot read {path}: made so for the test")
        return content[:limit]


def bundle(files: Mapping[str, bytes | str | Kind | None] | None = None, **fields: Any) -> Bundle:
    """A sound bundle with some fields of its manifest and some files changed; None takes a file away.

    index.py has a handler for all that the manifest declares, and the factory file the bundle's name. An index.py that
    is given as text, with a class that derives from Sanji, gets a start at its end if it has none.
    """
    value = {**MANIFEST, **fields}
    made: dict[str, bytes | str | Kind | None] = {
        "bundle.json": json.dumps(value, indent=2),
        "index.py": source(value),
        "data/example.json.factory": '{"key": "value"}\n',
        **(files or {}),
    }
    name = value.get("name")
    if isinstance(name, str) and name != "example" and "data/example.json.factory" not in (files or {}):
        made[f"data/{name}.json.factory"] = made.pop("data/example.json.factory")
    contents = {
        path: (started(content) if path == "index.py" else content).encode() if isinstance(content, str) else content
        for path, content in made.items()
        if content is not None
    }
    return Bundle("box", MemoryFiles(contents))


def started(text: str) -> str:
    """An index.py with a start at its end, unless it has one or there is nothing to start."""
    made = re.search(r"^class (\w+)\(.*\bSanji\b.*\):", text, re.MULTILINE)
    if made is None or "connection=" in text:
        return text
    lines = ["", "", 'if __name__ == "__main__":', "    from sanji.connection.mqtt import Mqtt", ""]
    return text.rstrip("\n") + "\n" + "\n".join([*lines, f"    {made[1]}(connection=Mqtt()).start()", ""])


def source(manifest: Mapping[str, Any]) -> str:
    """An index.py that handles all that a manifest declares."""
    lines = ["from sanji.core import Route, Sanji", "", "", "class Example(Sanji):"]
    lines += ["    def init(self, *args, **kwargs): pass"]
    resources = manifest.get("resources")
    for number, item in enumerate(resources if isinstance(resources, list) else []):
        resource = resource_of(item, "model")
        methods = [method for method in resource.methods if method in METHODS] if resource is not None else []
        if resource is not None and methods:
            lines += [
                "",
                f"    @Route(methods={methods!r}, resource={resource.path!r})",
                f"    def handler_{number}(self, message{', response' if resource.role == 'model' else ''}):",
                "        return response(code=200)" if resource.role == "model" else "        pass",
            ]
    return started("\n".join(lines) + "\n")


def keeper(name: str = "example") -> str:
    """An index.py that handles all that the sound bundle declares, and makes a model of a name."""
    model = f"ModelInitiator({name!r}, os.path.dirname(os.path.abspath(__file__)))"
    imports = "import os\n\nfrom sanji.model_initiator import ModelInitiator\n"
    return imports + source(MANIFEST).replace("kwargs): pass", f"kwargs):\n        self.model = {model}")


def found(checked: Bundle) -> list[Finding]:
    """What is found in a bundle."""
    return list(check(checked))


def codes(checked: Bundle) -> list[str]:
    """The rules that find something in a bundle, by name, in the order of the findings."""
    return [finding.rule for finding in check(checked)]
