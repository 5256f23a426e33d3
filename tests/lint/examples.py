"""The bundles that the examples in the rules' pages show."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.lint.page import Example
from tests.lint.bundles import bundle

PACKED = "in the archive"
STATES = {"a folder": Kind.FOLDER, "missing": None}


def bundle_of(examples: tuple[Example, ...]) -> Bundle:
    """The bundle that an example shows: the sound one with the files of the example in it."""
    fields: dict[str, object] = {}
    files: dict[str, bytes | str | Kind | None] = {}
    for example in examples:
        length = re.fullmatch(r"(\d+) bytes long", example.state)
        if length:
            files[example.path] = b" " * int(length[1])
        elif example.state and example.state != PACKED:
            files[example.path] = Kind.LINK if example.state.startswith("a link to ") else STATES[example.state]
        elif example.content.startswith("b'"):
            files[example.path] = b"".join(
                ast.literal_eval(text) * int(times or 1)
                for text, times in re.findall(r"(b'(?:[^'\\]|\\.)*')(?: \* (\d+))?", example.content)
            )
        elif example.path == "bundle.json" and not example.content.startswith("{"):
            fields = json.loads("{" + example.content + "}")
        else:
            files[example.path] = example.content
    return replace(bundle(files, **fields), in_archive=any(example.state == PACKED for example in examples))
