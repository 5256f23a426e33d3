"""What `bundlekit new --dry-run` shows."""

from __future__ import annotations

from collections.abc import Mapping

import click

from bundlekit.scaffold.template_record import RECORD


def show(name: str, files: Mapping[str, bytes]) -> None:
    """Print a folder as a tree, then each file in it.

    Args:
        name: of the folder.
        files: their content by their paths in the folder.
    """
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    branches = {"": Tree(Text(name), highlight=False)}
    for path in sorted(files):
        parts = path.split("/")
        for depth, part in enumerate(parts, 1):
            above, here = "/".join(parts[: depth - 1]), "/".join(parts[:depth])
            if here not in branches:
                branches[here] = branches[above].add(Text(part))
    Console(soft_wrap=True).print(branches[""])
    for path in sorted(files):
        click.echo("\n" + click.style(f"--- {name}/{path}", bold=True))
        if path == RECORD:
            click.echo(f"({len(files[path])} bytes for `bundlekit update`: all other files as the template made them)")
            continue
        try:
            click.echo(files[path].decode(), nl=False)
        except UnicodeDecodeError:
            click.echo(f"({len(files[path])} bytes that are not text)")
