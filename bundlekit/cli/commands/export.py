"""`bundlekit export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bundlekit.cli.document import put
from bundlekit.cli.verb import verb


@verb(
    "export",
    examples="""
    bundlekit export openapi > openapi.json  the bundle in this folder
    bundlekit export postman thermostat --output thermostat.postman_collection.json
    bundlekit export openapi thermostat-0.2.0.tar.gz | jq .paths
    """,
)
@click.argument("form", type=click.Choice(["openapi", "postman"]), metavar="openapi|postman")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to a file."
)
def command(form: str, path: Path, output: Path | None) -> int:
    """Describe the API of the bundle at PATH, a folder or an archive; by default this folder.

    The description comes from bundle.json, from the docstrings of the handlers in index.py, and from the factory file,
    which gives the example. The same bundle gives the same bytes. `openapi` is OpenAPI 3.1. `postman` is a collection
    that Postman and newman can run unchanged when its variables `host` and `token` are set. Its order restores what its
    requests change, where this is possible.
    """

    from bundlekit.export.description import describe
    from bundlekit.export.openapi import openapi
    from bundlekit.export.postman import postman
    from bundlekit.library.checking import bundle_at
    from bundlekit.quoting import printable

    description = describe(bundle_at(path))
    text = json.dumps(openapi(description) if form == "openapi" else postman(description), indent=2)
    for resource, reason in description.left_out:
        click.echo(click.style("note: ", fg="yellow") + printable(f"{resource} is left out: {reason}"), err=True)
    if not description.places:
        click.echo(click.style("note: ", fg="yellow") + "bundle.json declares no resource with methods", err=True)
    put(text, output)
    return 0
