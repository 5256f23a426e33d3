"""`bundlekit schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.cli.document import put
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage
from bundlekit.shipped import manifest_schema


@verb(
    "schema",
    examples="""
    bundlekit schema > bundle.schema.json
    bundlekit schema --output .vscode/bundle.schema.json  for the workspace of an editor
    bundlekit schema --url https://example.com/bundle.schema.json  to publish it there
    bundlekit schema --catalog --url https://example.com/bundle.schema.json  an entry for a catalog of schemas
    """,
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to a file."
)
@click.option("--url", metavar="URL", help="Where the schema is published; this becomes its $id.")
@click.option("--catalog", is_flag=True, help="Print an entry for a catalog such as SchemaStore, which names --url.")
def command(output: Path | None, url: str | None, catalog: bool) -> int:
    """Print the JSON Schema (draft-07) of bundle.json.

    `validate` uses this schema. An editor that has it completes the fields, shows their meaning while you type, and
    underlines errors. Keys that it does not describe are allowed.
    """
    text = manifest_schema().read_text(encoding="utf-8").rstrip("\n")
    if url is not None and not url.startswith(("https://", "http://")):
        raise BadUsage(f"--url {url} is not a web address", hint="such as https://example.com/bundle.schema.json")
    if catalog and url is None:
        raise BadUsage("--catalog needs --url", hint="the entry says where the schema is published")
    schema = json.loads(text)
    if catalog:
        entry = {
            "name": schema["title"],
            "description": schema["description"],
            "fileMatch": [MANIFEST],
            "url": url,
            "versions": {schema["$id"].rpartition(":")[2]: url},
        }
        text = json.dumps(entry, indent=2)
    elif url is not None:
        text = json.dumps({**schema, "$id": url}, indent=2, ensure_ascii=False)
    put(text, output)
    return 0
