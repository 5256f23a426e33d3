"""The loop: messages in their order, and checks while there are none."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bundlekit import __version__
from bundlekit.lsp import jsonrpc
from bundlekit.lsp.capabilities import Client, client_of, server_capabilities
from bundlekit.lsp.jsonrpc import Channel, Json, MalformedMessage
from bundlekit.lsp.uris import path_of
from bundlekit.lsp.workspace import Workspace

if TYPE_CHECKING:
    from bundlekit.lsp.spot import Spot


_QUIET = 0.001  # seconds without a message before a check begins: a burst of changes is one
_LOOK_AFTER_CLIENT = 5.0  # seconds between two looks whether the client's process lives

_WATCHED = ("**/*.{json,py,factory,txt}", "**/{bundlekit,pyproject}.toml")


class BadParams(Exception):
    """A message of the client lacks something, or has it in another form."""


class LanguageServer:
    """One server, for one client."""

    def __init__(self, channel: Channel) -> None:
        """`channel`: to the client."""
        self._channel = channel
        self._workspace = Workspace(Client(), self._notify)
        self._is_initialized = False
        self._is_shut_down = False
        self._loads = False
        self._parent: int | None = None
        self._requests: dict[str, Callable[[Any], Any]] = {
            "initialize": self._initialize,
            "shutdown": self._shutdown,
            "textDocument/hover": self._hover,
            "textDocument/definition": self._definition,
            "textDocument/references": self._references,
            "textDocument/completion": self._completion,
            "textDocument/codeAction": self._code_action,
        }
        self._notifications: dict[str, Callable[[Any], None]] = {
            "initialized": self._register,
            "textDocument/didOpen": lambda params: self._workspace.open(params["textDocument"]),
            "textDocument/didChange": lambda params: self._workspace.change(
                params["textDocument"], params["contentChanges"]
            ),
            "textDocument/didSave": lambda params: self._workspace.save(params["textDocument"]),
            "textDocument/didClose": lambda params: self._workspace.close(params["textDocument"]),
            "workspace/didChangeWatchedFiles": self._watched,
            "workspace/didChangeWorkspaceFolders": self._change_folders,
            "$/cancelRequest": lambda params: self._channel.forget(params["id"]),
        }

    def run(self) -> int:
        """Serve until the client goes.

        Returns:
            The exit code of the protocol: 0 after `shutdown`, 1 if the client went without.
        """
        self._channel.start()
        while not self._channel.is_broken:
            try:
                message = self._channel.receive(self._patience())
            except TimeoutError:
                if not self._is_idle:
                    self._work()
                elif self._is_client_gone():
                    break
                continue
            if message is None or (isinstance(message, dict) and message.get("method") == "exit"):
                break
            self._take(message)
        return 0 if self._is_shut_down else 1

    @property
    def _is_idle(self) -> bool:
        return not self._loads and not self._workspace.has_work

    def _patience(self) -> float:
        """How long to wait for a message: not at all in the midst of a check."""
        if self._workspace.is_checking or self._loads:
            return 0
        return _QUIET if self._workspace.has_work else _LOOK_AFTER_CLIENT

    def _work(self) -> None:
        if self._loads:
            self._loads = False
            _load()
            return
        try:
            self._workspace.work()
        except Exception:
            self._report("a check failed")

    def _take(self, message: Json | MalformedMessage) -> None:
        if isinstance(message, MalformedMessage):
            self._refuse(None, message.code, message.message)
            return
        method, request = message.get("method"), message.get("id")
        if not isinstance(method, str):
            if "result" not in message and "error" not in message:
                self._refuse(None, jsonrpc.INVALID_REQUEST, "a message has a method")
            return  # an answer to a request of ours
        if "id" not in message:
            self._hear(method, message.get("params"))
        elif isinstance(request, int | str):
            self._answer(request, method, message.get("params"))
        else:
            self._refuse(None, jsonrpc.INVALID_REQUEST, "an id is a number or a string")

    def _hear(self, method: str, params: Any) -> None:
        handle = self._notifications.get(method)
        if handle is None or not self._is_initialized or self._is_shut_down:
            return
        try:
            handle(params)
        except Exception:
            self._report(f"{method} was not understood")

    def _answer(self, request: int | str, method: str, params: Any) -> None:
        handle = self._requests.get(method)
        if self._channel.is_cancelled(request):
            self._refuse(request, jsonrpc.REQUEST_CANCELLED, "cancelled")
        elif self._is_shut_down:
            self._refuse(request, jsonrpc.INVALID_REQUEST, "the server is shut down")
        elif not self._is_initialized and method != "initialize":
            self._refuse(request, jsonrpc.NOT_INITIALIZED, "the server is not initialized")
        elif handle is None:
            self._refuse(request, jsonrpc.METHOD_NOT_FOUND, f"there is no method {method}")
        else:
            try:
                result = handle(params)
            except BadParams as error:
                self._refuse(request, jsonrpc.INVALID_REQUEST, str(error))
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                self._report(f"{method} was not understood")
                self._refuse(request, jsonrpc.INVALID_PARAMS, f"the params were not understood: {error!r}")
            except Exception as error:
                self._report(f"{method} failed")
                self._refuse(request, jsonrpc.INTERNAL_ERROR, f"{type(error).__name__}: {error}")
            else:
                self._channel.send({"id": request, "result": result})

    def _refuse(self, request: int | str | None, code: int, message: str) -> None:
        self._channel.send({"id": request, "error": {"code": code, "message": message}})

    def _notify(self, method: str, params: Json) -> None:
        self._channel.send({"method": method, "params": params})

    def _report(self, what: str) -> None:
        """Write the error at hand where the editor keeps the server's output."""
        import traceback

        sys.stderr.write(f"bundlekit lsp: {what}\n{traceback.format_exc()}")
        sys.stderr.flush()

    def _is_client_gone(self) -> bool:
        if self._parent is None:
            return False
        try:
            os.kill(self._parent, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        return False

    # The life of a server

    def _initialize(self, params: Any) -> Json:
        if self._is_initialized:
            raise BadParams("the server is initialized")
        client = client_of(params.get("capabilities"))
        parent = params.get("processId")
        self._parent = parent if type(parent) is int and parent > 0 and os.name != "nt" else None
        self._workspace.client = client
        folders = params.get("workspaceFolders")
        if not isinstance(folders, list):
            root = params.get("rootUri")
            folders = [{"uri": root}] if isinstance(root, str) else []
        self._set_folders(folders, [])
        self._is_initialized = self._loads = True
        return {
            "capabilities": server_capabilities(client),
            "serverInfo": {"name": "bundlekit", "version": __version__},
        }

    def _shutdown(self, params: Any) -> None:
        self._is_shut_down = True

    def _register(self, params: Any) -> None:
        """Ask the client to report changes of files that are not open."""
        if self._workspace.client.watches:
            options = {"watchers": [{"globPattern": pattern} for pattern in _WATCHED]}
            one = {"id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": options}
            self._channel.send(
                {"id": "register", "method": "client/registerCapability", "params": {"registrations": [one]}}
            )

    def _watched(self, params: Any) -> None:
        paths = [path_of(str(change["uri"])) for change in params["changes"]]
        self._workspace.note_on_disk([path for path in paths if path is not None])

    def _change_folders(self, params: Any) -> None:
        self._set_folders(params["event"]["added"], params["event"]["removed"])

    def _set_folders(self, added: Any, removed: Any) -> None:
        new = {one["uri"]: path for one in added if (path := path_of(str(one["uri"]))) is not None}
        self._workspace.set_folders(new, [one["uri"] for one in removed])

    # What the user points at

    def _spot(self, identifier: Any, position: Any, *, is_fresh: bool = True) -> Spot | None:
        """A place in a file of a bundle; None in other files.

        Args:
            identifier: of the file.
            position: in it.
            is_fresh: whether the bundle is checked first if it has changed; a moment ago is good enough otherwise.
        """
        from bundlekit.lsp.spot import Spot

        path = path_of(str(identifier["uri"]))
        document = self._workspace.documents.get(path) if path is not None else None
        if path is None or document is None:
            return None
        bundle = self._workspace.bundles.get(self._workspace.bundle_folder(path) or path)
        if is_fresh or bundle is None or bundle.last is None:
            bundle = self._workspace.checked(path)
        if bundle is None or bundle.last is None:
            return None
        inside = path.relative_to(bundle.folder).as_posix()
        return Spot(self._workspace, bundle, bundle.last, inside, document.places.offset(position))

    def _hover(self, params: Any) -> Json | None:
        from bundlekit.lsp.hover import hover

        spot = self._spot(params["textDocument"], params["position"])
        return hover(spot) if spot is not None else None

    def _definition(self, params: Any) -> list[Json]:
        from bundlekit.lsp.navigation import definition

        spot = self._spot(params["textDocument"], params["position"])
        return definition(spot) if spot is not None else []

    def _references(self, params: Any) -> list[Json]:
        from bundlekit.lsp.navigation import references

        spot = self._spot(params["textDocument"], params["position"])
        is_wanted = params["context"]["includeDeclaration"] is True
        return references(spot, with_declaration=is_wanted) if spot is not None else []

    def _completion(self, params: Any) -> list[Json]:
        from bundlekit.lsp.completion import completion

        spot = self._spot(params["textDocument"], params["position"], is_fresh=False)
        return completion(spot) if spot is not None else []

    def _code_action(self, params: Any) -> list[Json]:
        from bundlekit.lsp.code_actions import code_actions

        first, last = (self._spot(params["textDocument"], params["range"][side]) for side in ("start", "end"))
        if first is None or last is None:
            return []
        return code_actions(first, last, params["context"])


def serve() -> int:
    """Serve the client on standard input and output.

    Returns:
        The exit code; see `LanguageServer.run`.
    """
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else gets into the messages, whatever a library prints
    return LanguageServer(Channel(source, sink)).run()


def _load() -> None:
    """Import what a check needs, and keep it out of what the collector looks at."""
    from bundlekit.lint.rules import rules
    from bundlekit.source.syntax import parser

    rules()
    parser()
    gc.collect()
    gc.freeze()
