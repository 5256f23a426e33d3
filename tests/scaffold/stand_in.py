"""A bundle's index.py run in this process, on a stand-in for the SDK, which does not run on this Python."""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

from tests.scaffold.conversations import NOTHING


class Sanji:
    """Calls every handler that matches, as the SDK's class does, and keeps names for itself that the SDK's has."""

    running: ClassVar[list[Sanji]] = []

    def __init__(self, connection: object) -> None:
        self.connection = connection
        self.init()

    def start(self) -> None:
        self.running.append(self)

    def init(self) -> None:
        raise NotImplementedError

    def get_profile(self) -> str:
        return "the SDK's own"

    def ask(self, method: str, path: str, body: object) -> list[tuple[int, Any]]:
        """All answers to a request."""
        answers: list[tuple[int, Any]] = []

        def response(code: int = 200, data: Any = None) -> None:
            answers.append((code, json.loads(json.dumps(data))))

        for handler in [getattr(self, name) for name in dir(self)]:
            for route in getattr(handler, "routes", []):
                match = re.fullmatch(re.sub(r":(\w+)", r"(?P<\1>[\\w-]+?)", route.resource) + r"(\?.*)?", path)
                if match and route.methods == method.lower():
                    message = SimpleNamespace(resource=path, param=match.groupdict())
                    if body is not NOTHING:
                        message.data = body
                    handler(message, response)
        return answers


class ModelInitiator:
    """Settings in a file, made from the factory's at the first start."""

    def __init__(self, name: str, folder: str) -> None:
        self.file = Path(folder) / "data" / f"{name}.json"
        source = self.file if self.file.exists() else self.file.with_name(f"{name}.json.factory")
        self.db = json.loads(source.read_text("utf-8"))

    def save_db(self) -> None:
        self.file.write_text(json.dumps(self.db), "utf-8")


def Route(methods: str, resource: str) -> Callable[[Any], Any]:  # noqa: N802 - the SDK calls it so
    def mark(handler: Any) -> Any:
        handler.routes = [SimpleNamespace(methods=methods, resource=resource)]
        return handler

    return mark


def started(folder: Path) -> Sanji:
    """The bundle in a folder, started as `python index.py` starts it."""
    names = ("sanji", "sanji.core", "sanji.connection", "sanji.connection.mqtt", "sanji.model_initiator")
    modules = {name: types.ModuleType(name) for name in names}
    vars(modules["sanji.core"]).update(Route=Route, Sanji=Sanji)
    vars(modules["sanji.connection.mqtt"]).update(Mqtt=object)
    vars(modules["sanji.model_initiator"]).update(ModelInitiator=ModelInitiator)
    source = folder / "index.py"
    with mock.patch.dict(sys.modules, modules), mock.patch("logging.basicConfig"):
        exec(compile(source.read_bytes(), str(source), "exec"), {"__name__": "__main__", "__file__": str(source)})
    return Sanji.running.pop()
