"""`bundlekit lsp`."""

from __future__ import annotations

from bundlekit.cli.verb import verb


@verb(
    "lsp",
    examples="""
    bundlekit lsp  an editor starts this, and talks to it
    """,
)
def command() -> int:
    """Serve an editor over standard input and output, by the Language Server Protocol.

    The editor shows the findings of validate while you type, with their rules, their fixes, and the settings in
    bundlekit.toml. It jumps between bundle.json and the handlers in index.py, and completes fields, methods and
    resources. docs/editor.md describes the settings for VS Code, Neovim, Helix, PyCharm and Emacs.

    Exit code: 0 after the editor shut the server down, 1 if it went away without.
    """
    from bundlekit.lsp.server import serve

    return serve()
