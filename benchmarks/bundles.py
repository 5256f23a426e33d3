"""Bundles to measure with: of many kinds and sizes, the same ones at each run."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

_NOUNS = [
    "thermostat",
    "door-lock",
    "pump",
    "fan",
    "meter",
    "valve",
    "relay",
    "lamp",
    "boiler",
    "sensor",
    "camera",
    "modem",
    "router",
    "printer",
    "scale",
]
_PLACES = ["north", "south", "east", "west", "roof", "cellar", "hall", "yard", "gate", "plant"]
_FIELDS = [
    "state",
    "level",
    "mode",
    "target",
    "limit",
    "name",
    "unit",
    "offset",
    "period",
    "delay",
    "label",
    "owner",
    "phase",
    "scale",
    "zone",
]

_HEAD = '''#!/usr/bin/env python
# -*- coding: UTF-8 -*-
"""{title}"""

import copy
import logging
import os
import threading
import time

from sanji.connection.mqtt import Mqtt
from sanji.core import Route
from sanji.core import Sanji
from sanji.model_initiator import ModelInitiator

ROOT = os.path.dirname(os.path.abspath(__file__))
LOG = logging.getLogger(__name__)
DEFAULTS = {defaults}


class {owner}(Sanji):
    """Answers for {count} resources."""

    def init(self, *args, **kwargs):
        self.model = ModelInitiator("{name}", ROOT)
        self.lock = threading.Lock()
        self.seen = {{}}

    def keep(self, settings):
        """Let changed settings take effect, and write them to the disk."""
        self.model.db = settings
        self.model.save_db()
'''

_HANDLERS = {
    "get": '''
    @Route(methods="get", resource="{resource}")
    def get_{at}(self, message, response):
        """Answer the {field} of the {noun}."""
        found = self.model.db.get("{field}", DEFAULTS.get("{field}"))
        if found is None:
            return response(code=404, data={{"message": "there is no {field}"}})
        self.seen["{field}"] = time.time()
        return response(code=200, data={{"{field}": found, "checked": check_{at}(found)}})
''',
    "put": '''
    @Route(methods="put", resource="{resource}")
    def put_{at}(self, message, response):
        """Change the {field} of the {noun}."""
        if not isinstance(message.data, dict):
            return response(code=400, data={{"message": "an object is expected"}})
        with self.lock:
            settings = copy.deepcopy(self.model.db)
            for key, value in sorted(message.data.items()):
                if key.startswith("_") or value is None:
                    continue
                settings[key] = clamp_{at}(value) if isinstance(value, int) else value
            self.keep(settings)
        LOG.info("changed %d settings of %s", len(message.data), "{noun}")
        return response(code=200, data=settings)
''',
    "post": '''
    @Route(methods="post", resource="{resource}")
    def post_{at}(self, message, response):
        """Add to the {noun}."""
        if not isinstance(message.data, dict) or "{field}" not in message.data:
            return response(code=400, data={{"message": "an object with {field} is expected"}})
        with self.lock:
            settings = copy.deepcopy(self.model.db)
            number = max([int(key) for key in settings if key.isdigit()] or [{least}]) + 1
            settings[str(number)] = message.data
            self.keep(settings)
        return response(code=200, data={{"id": number, "{field}": message.data["{field}"]}})
''',
    "delete": '''
    @Route(methods="delete", resource="{resource}")
    def delete_{at}(self, message, response):
        """Take something away from the {noun}."""
        with self.lock:
            settings = copy.deepcopy(self.model.db)
            if settings.pop("{field}", None) is None:
                return response(code=404, data={{"message": "there is no {field}"}})
            self.keep(settings)
        return response(code=200)
''',
}

_HELPERS = '''

def check_{at}(value):
    """Whether a {field} lies between its limits."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return {least} <= value <= {most}


def clamp_{at}(value):
    """The nearest {field} that there can be."""
    return max({least}, min(value, {most}))
'''

_MORE = '''

class {owner}Reading{at}(object):
    """One reading of the {field}, with when it was made."""

    UNITS = ["{field}", "{noun}", "none"]

    def __init__(self, value, unit="{field}", scale={least}):
        self.value = value
        self.unit = unit if unit in self.UNITS else "none"
        self.made = time.time() + scale

    def age(self, now=None):
        """Seconds since it was made."""
        return max(0.0, (now or time.time()) - self.made)

    def as_dict(self):
        values = dict((name, getattr(self, name)) for name in ("value", "unit", "made"))
        values["text"] = "%s %s" % (self.value, self.unit)
        return values
'''

_TAIL = """

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    bundle = {owner}(connection=Mqtt())
    bundle.start()
"""


def make_bundles(folder: Path, number: int, seed: int = 1) -> list[Path]:
    """Make bundles in a folder: each a manifest, an index.py of 100 to 350 lines, and a factory file.

    Returns:
        Their folders.
    """
    random = Random(seed)
    return [_make(folder / f"bundle-{count:05}", random, count) for count in range(number)]


def make_large_bundle(folder: Path, lines: int) -> Path:
    """Make a bundle with an index.py of about so many lines: 15 resources with two handlers each, helpers and classes.

    Returns:
        Its folder.
    """
    return _make(folder, Random(1), 0, lines)


def _make(folder: Path, random: Random, number: int, lines: int | None = None) -> Path:
    noun = random.choice(_NOUNS)
    letters = "".join("abcdefghij"[int(digit)] for digit in str(number))  # a name has no digits
    name = f"{random.choice(_PLACES)}-{noun}-{letters}"
    resources: list[dict[str, Any]] = [
        {"methods": random.sample(["get", "put", "post", "delete"], random.randint(1, 4)), "resource": resource}
        for resource in _resources(random, name)
    ]
    if lines is not None:
        resources = [{"methods": ["get", "put"], "resource": f"/{name}/{field}"} for field in _FIELDS]
    manifest = {
        "name": name,
        "version": f"{random.randint(0, 3)}.{random.randint(0, 20)}.{random.randint(0, 9)}",
        "author": "Maintainers of the plant",
        "email": "maintainers@example.com",
        "description": f"Keeps the {noun} and answers for it",
        "license": random.choice(["MIT", "Apache-2.0", "BSD-3-Clause"]),
        "main": "index.py",
        "argument": "",
        "priority": 99,
        "hook": [],
        "dependencies": {},
        "repository": "",
        "role": "model",
        "ttl": random.choice([10, 30, 60]),
        "resources": resources,
    }
    factory = {field: random.randint(0, 100) for field in random.sample(_FIELDS, 5)}
    (folder / "data").mkdir(parents=True)
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=4) + "\n")
    (folder / "data" / f"{name}.json.factory").write_text(json.dumps(factory, indent=4) + "\n")
    (folder / "index.py").write_text(_source(random, name, noun, resources, factory, lines=lines))
    return folder


def _resources(random: Random, name: str) -> list[str]:
    fields = random.sample(_FIELDS, random.randint(1, 5))
    return [f"/{name}", *(f"/{name}/{field}" + random.choice(["", "", "/:id"]) for field in fields)]


def _source(
    random: Random,
    name: str,
    noun: str,
    resources: list[dict[str, Any]],
    factory: dict[str, int],
    *,
    lines: int | None = None,
) -> str:
    owner = "".join(part.title() for part in name.split("-"))
    handlers, helpers = [], []
    for at, resource in enumerate(resources):
        words = {
            "at": at,
            "resource": resource["resource"],
            "noun": noun,
            "owner": owner,
            "field": random.choice(_FIELDS),
            "least": random.randint(-50, 10),
            "most": random.randint(20, 500),
        }
        handlers += [_HANDLERS[method].format(**words) for method in resource["methods"]]
        helpers.append(_HELPERS.format(**words))
    title = f"Keeps the {noun}"
    parts = [_HEAD.format(title=title, defaults=factory, owner=owner, count=len(resources), name=name), *handlers]
    parts += helpers
    lines = lines or random.randint(100, 300)
    for at in range(max(20, lines // 15)):
        if sum(part.count("\n") for part in parts) + 10 >= lines:
            break
        parts.append(
            _MORE.format(owner=owner, at=at, field=random.choice(_FIELDS), noun=noun, least=random.randint(0, 9))
        )
    return "".join(parts) + _TAIL.format(owner=owner)
