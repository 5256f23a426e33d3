"""An editor for the tests: a client of `bundlekit lsp`, which holds each message of the server against lsprotocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsprotocol import converters, types

from bundlekit.lsp.uris import uri_of

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True},
        "completion": {"completionItem": {"snippetSupport": True}},
    },
    "workspace": {
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
}
CONVERTER = converters.get_converter()


def is_sound(message: dict[str, Any], asked: dict[int, str]) -> bool:
    """Whether a message of the server has the form that the protocol gives it; errors of the conversion are raised."""
    method = message.get("method")
    form: type | None
    if method is not None:
        form = types.METHOD_TO_TYPES[method][0]
    elif "error" in message:
        form = types.ResponseErrorMessage
    else:
        form = types.METHOD_TO_TYPES[asked[message["id"]]][1]
    assert form is not None
    CONVERTER.structure(message, form)
    return True


class Editor:
    """A client, and the server that it has started."""

    def __init__(self, capabilities: dict[str, Any] | None = None, **params: Any) -> None:
        """Start a server, and initialize it.

        Args:
            capabilities: of the client.
            params: of `initialize`, besides.
        """
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bundlekit", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.diagnostics: dict[str, dict[str, Any]] = {}
        """What the server has published last, by URI."""
        self.shown: list[str] = []
        """The messages for the user."""
        self.registered: list[str] = []
        """The methods that the server has asked to hear."""
        self._asked: dict[int, str] = {}
        self._versions: dict[str, int] = {}
        caps = CAPABILITIES if capabilities is None else capabilities
        about = {"processId": os.getpid(), "rootUri": None, "capabilities": caps, **params}
        self.initialized = self.ask("initialize", about)
        self.tell("initialized", {})

    # Messages

    def write(self, data: bytes) -> None:
        """Write bytes to the server, whatever they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: dict[str, Any]) -> None:
        """Write a message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> int:
        """Send a request, and do not wait for the answer."""
        number = self.expect(method)
        self.send({"id": number, "method": method, "params": params})
        return number

    def expect(self, method: str) -> int:
        """The number of a request that is sent as bytes."""
        number = len(self._asked) + 1
        self._asked[number] = method
        return number

    def ask(self, method: str, params: Any) -> Any:
        """Send a request; its result."""
        answer = self.answer(self.request(method, params))
        assert "error" not in answer, answer
        return answer["result"]

    def answer(self, number: int | None) -> dict[str, Any]:
        """The answer to a request, whatever comes before it."""
        return self.until(lambda message: "method" not in message and message.get("id") == number)

    def until(self, is_meant: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read up to a message."""
        while True:
            message = self.read()
            if is_meant(message):
                return message

    def read(self) -> dict[str, Any]:
        """Read a message, and note what it says."""
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b": ")
            assert name == b"Content-Length"
            length = int(value)
        assert length, "the server has ended"
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        assert message["jsonrpc"] == "2.0"
        assert is_sound(message, self._asked)
        params: Any = message.get("params")
        match message.get("method"):
            case "textDocument/publishDiagnostics":
                self.diagnostics[params["uri"]] = params
            case "window/showMessage":
                self.shown.append(params["message"])
            case "client/registerCapability":
                self.registered += [one["method"] for one in params["registrations"]]
                self.send({"id": message["id"], "result": None})
        return message

    # What a user does

    def open(self, path: Path, text: str | None = None) -> str:
        """Open a file; its URI."""
        uri = uri_of(path)
        if text is None:
            with suppress(FileNotFoundError):
                text = path.read_bytes().decode("utf-8-sig")
        self._versions[uri] = 0
        item = {"uri": uri, "languageId": "python", "version": 0, "text": text or ""}
        self.tell("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, *changes: dict[str, Any]) -> int:
        """Change a file; the version that it has then."""
        self._versions[uri] += 1
        version = self._versions[uri]
        identifier = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", {"textDocument": identifier, "contentChanges": changes})
        return version

    def retype(self, uri: str, text: str) -> None:
        """Replace the whole text of a file."""
        self.change(uri, {"text": text})

    def close(self, uri: str) -> None:
        """Close a file."""
        del self._versions[uri]
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def save(self, uri: str) -> None:
        """Tell that a file was saved."""
        self.tell("textDocument/didSave", {"textDocument": {"uri": uri}})

    def found(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """The diagnostics of a file, as it is now."""
        wanted = self._versions[uri] if version is None else version
        while uri not in self.diagnostics or self.diagnostics[uri].get("version") != wanted:
            self.read()
        items: list[dict[str, Any]] = self.diagnostics[uri]["diagnostics"]
        return items

    def cleared(self, uri: str) -> None:
        """Read until a file has no diagnostics."""
        while uri not in self.diagnostics or self.diagnostics[uri]["diagnostics"]:
            self.read()

    def appeared(self, uri: str) -> list[dict[str, Any]]:
        """Read until a file has diagnostics, whether it is open or not."""
        while uri not in self.diagnostics or not self.diagnostics[uri]["diagnostics"]:
            self.read()
        items: list[dict[str, Any]] = self.diagnostics[uri]["diagnostics"]
        return items

    def leave(self) -> None:
        """Close all that is open, for the next test."""
        for uri in [*self._versions]:
            self.close(uri)
        self.diagnostics.clear()

    def codes(self, uri: str) -> list[str]:
        """The codes of the diagnostics of a file, as it is now."""
        return [one["code"] for one in self.found(uri)]

    def end(self) -> int:
        """Shut the server down; its exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait()
