"""The protocol: what is malformed, unknown, cancelled or out of turn, and how a server ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.lsp.editor import Editor
from tests.lsp.test_diagnostics import with_undeclared


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"{"), -32700),
        (frame(b"\xff"), -32700),
        (frame(b"[" * 100_000), -32700),
        (frame(b"[]"), -32600),
        (frame(b'{"id": 1.5, "method": "shutdown"}'), -32600),
        (frame(b'{"id": null, "method": "shutdown"}'), -32600),
        (frame(b'{"id": 7}'), -32600),
        (frame(b'{"method": 7}'), -32600),
        (b"Content-Length: x\r\n\r\n", -32700),
        (b"Content-Type: y\r\n\r\n", -32700),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", -32700),
        (b"Content-Length: 68000000\r\n\r\n" + b" " * 68_000_000, -32600),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_malformed_message_is_answered_and_passed_over(editor: Editor, folder: Path, data: bytes, code: int) -> None:
    editor.write(data)
    assert editor.answer(None)["error"]["code"] == code
    assert editor.found(editor.open(folder / "index.py")) == []


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("textDocument/nothing", {}, -32601),
        ("$/nothing", None, -32601),
        ("initialize", {"capabilities": {}}, -32600),
    ],
)
def test_request_that_cannot_be_answered(editor: Editor, method: str, params: Any, code: int) -> None:
    assert editor.answer(editor.request(method, params))["error"]["code"] == code


def test_unknown_notification_is_passed_over(editor: Editor, folder: Path) -> None:
    for method, params in (("$/setTrace", {"value": "off"}), ("workspace/nothing", None), ("exit/x", [])):
        editor.tell(method, params)
    assert editor.found(editor.open(folder / "index.py")) == []


def test_header_in_another_spelling_is_taken(editor: Editor, folder: Path) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 10_000, "method": "x/y"}).encode()
    editor.write(
        b"content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:%d\r\n\r\n" % len(body) + body
    )
    assert editor.answer(10_000)["error"]["code"] == -32601


@pytest.fixture
def alone() -> Iterator[Editor]:
    """A server of its own for a test that ends it."""
    editor = Editor({})
    yield editor
    editor.process.kill()
    editor.process.wait()


def test_shut_down_server_takes_nothing_but_its_end(alone: Editor) -> None:
    assert alone.ask("shutdown", None) is None
    assert alone.answer(alone.request("textDocument/hover", {}))["error"]["code"] == -32600
    alone.tell("exit", None)
    assert alone.process.wait() == 0


def test_message_of_another_form_is_refused(alone: Editor, folder: Path) -> None:
    broken: list[Any] = [None, {}, {"textDocument": {}}, {"textDocument": "x"}, []]
    for params in broken:
        alone.tell("textDocument/didOpen", params)
        assert alone.answer(alone.request("textDocument/hover", params))["error"]["code"] == -32602
    assert alone.found(alone.open(folder / "index.py")) == []


def test_client_that_goes_ends_the_server(alone: Editor) -> None:
    assert alone.process.stdin is not None
    alone.write(b"Content-Length: 100\r\n\r\n{")
    alone.process.stdin.close()
    assert alone.process.wait() == 1


def test_server_sees_that_the_client_s_process_is_gone() -> None:
    """The pipes may outlive it, in the hands of another child."""
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    editor = Editor({}, processId=gone.pid)
    assert editor.process.wait() == 1


def test_nothing_is_answered_before_it_is_initialized(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bundlekit", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    asked = [{"id": 1, "method": "textDocument/hover", "params": {}}, {"method": "exit"}]
    out, _ = process.communicate(b"".join(frame(json.dumps(one).encode()) for one in asked))
    assert json.loads(out.partition(b"\r\n\r\n")[2])["error"]["code"] == -32002
    assert process.returncode == 1


def test_client_of_pygls_gets_on_with_it(folder: Path) -> None:
    """A client by others, with the forms of lsprotocol in both directions."""

    async def use() -> tuple[list[str], str | None]:
        client = LanguageClient("test", "1")
        seen: asyncio.Future[types.PublishDiagnosticsParams] = asyncio.get_running_loop().create_future()

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
        def published(params: types.PublishDiagnosticsParams) -> None:
            if not seen.done():
                seen.set_result(params)

        await client.start_io(sys.executable, "-P", "-m", "bundlekit", "lsp")
        result = await client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf8])
                ),
                process_id=os.getpid(),
                workspace_folders=[types.WorkspaceFolder(uri=folder.as_uri(), name="example")],
            )
        )
        client.initialized(types.InitializedParams())
        text = with_undeclared(folder)
        item = types.TextDocumentItem((folder / "index.py").as_uri(), "python", 3, text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        params = await seen
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()  # type: ignore[no-untyped-call]
        encoding = result.capabilities.position_encoding
        return [str(one.code) for one in params.diagnostics], encoding

    assert asyncio.run(use()) == (["BK302"], "utf-8")


def test_cancelled_request_is_not_worked_on(editor: Editor, folder: Path) -> None:
    text = with_undeclared(folder)
    uri = editor.open(folder / "index.py", text)
    params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    first, second = editor.expect("textDocument/hover"), editor.expect("textDocument/hover")
    changed = {"textDocument": {"uri": uri, "version": 1}, "contentChanges": [{"text": text}]}
    sent: list[dict[str, Any]] = [
        {"method": "textDocument/didChange", "params": changed},  # the first one has to wait for a check
        {"id": first, "method": "textDocument/hover", "params": params},
        {"id": second, "method": "textDocument/hover", "params": params},
        {"method": "$/cancelRequest", "params": {"id": second}},
        {"method": "$/cancelRequest", "params": {"id": "never asked"}},
    ]
    editor.write(b"".join(frame(json.dumps({"jsonrpc": "2.0", **one}).encode()) for one in sent))
    assert editor.answer(first)["result"] is None
    assert editor.answer(second)["error"]["code"] == -32800
