"""`bundlekit completion`."""

from __future__ import annotations

import click

from bundlekit.cli.verb import verb


@verb(
    "completion",
    examples="""
    eval "$(bundlekit completion bash)"  in ~/.bashrc
    eval "$(bundlekit completion zsh)"  in ~/.zshrc, after compinit
    bundlekit completion fish | source  in ~/.config/fish/config.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a shell.

    Completion does not use the network: it offers the releases of a gateway that bundlekit saw last.
    """

    from click.shell_completion import get_completion_class

    from bundlekit.cli.main import COMPLETION, cli

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101 - the choices above are the shells that click has
    click.echo(completion(cli, {}, "bundlekit", COMPLETION).source())
    return 0
