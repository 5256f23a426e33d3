"""What the client and the server say to each other that they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.positions import PositionEncoding, agreed

QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll.bundlekit"

_BY_RANGES = 2  # documents are synchronized so


@dataclass
class Client:
    """What the client can do.

    Attributes:
        encoding: what columns count.
        related: whether it shows other places of a finding.
        document_changes: whether it takes edits of a version of a file.
        renames: whether it renames files.
        snippets: whether completions may have places to fill in.
        watches: whether it can be asked to report changes of files.
    """

    encoding: PositionEncoding = PositionEncoding.UTF16
    related: bool = False
    document_changes: bool = False
    renames: bool = False
    snippets: bool = False
    watches: bool = False


def server_capabilities(client: Client) -> Json:
    """What the server can do for a client."""
    return {
        "positionEncoding": client.encoding.value,
        "textDocumentSync": {"openClose": True, "change": _BY_RANGES, "save": {"includeText": False}},
        "hoverProvider": True,
        "definitionProvider": True,
        "referencesProvider": True,
        "completionProvider": {"triggerCharacters": ['"', "'", "/"]},
        "codeActionProvider": {"codeActionKinds": [QUICK_FIX, FIX_ALL]},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
    }


def client_of(capabilities: Any) -> Client:
    """What a client says that it can do."""

    def said(*path: str) -> Any:
        value = capabilities
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    operations = said("workspace", "workspaceEdit", "resourceOperations")
    return Client(
        encoding=agreed(said("general", "positionEncodings")),
        related=said("textDocument", "publishDiagnostics", "relatedInformation") is True,
        document_changes=said("workspace", "workspaceEdit", "documentChanges") is True,
        renames=isinstance(operations, list) and "rename" in operations,
        snippets=said("textDocument", "completion", "completionItem", "snippetSupport") is True,
        watches=said("workspace", "didChangeWatchedFiles", "dynamicRegistration") is True,
    )
