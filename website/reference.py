"""The pages of the reference that are written from the code.

`python -m website.reference` writes docs/python-api.md; the others are made when the site is built. Pages of rules are
written by `python -m bundlekit.lint.page`.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import click

import bundlekit
from bundlekit import errors
from bundlekit.cli.main import cli
from bundlekit.cli.summaries import SUMMARIES
from bundlekit.remote.vocabulary import EVENTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PYTHON_API = DOCS / "python-api.md"
EXAMPLE = ROOT / "tests/library/example.py"

_NOTE = "<!-- Written from the code by `python -m website.reference`. -->\n\n"
_WIDTH = 100  # columns of a help page
_SECTIONS = ("Args", "Attributes", "Returns", "Raises")
_TITLES = {"Args": "Arguments", "Attributes": "Attributes", "Returns": "Returns", "Raises": "Errors"}

# The names of the Python API: functions, the gateway, what they return, errors.
_NAMES = {
    "Functions": ["validate", "pack", "read_archive"],
    "A gateway": ["Gateway"],
    "Values": ["Validation", "Finding", "Archive", "Deployed", "Outcome", "GatewayState", "Verification"],
    "Errors": ["BundlekitError", "CouldNotRun", "Refused", "RolledBack", "NeedsHuman"],
}
# What values have in them.
_PARTS = {
    "Finding": ["lint.finding.Severity"],
    "Deployed": ["deploy.plan.Plan"],
    "GatewayState": [
        "remote.events.BundleState",
        "remote.events.Release",
        "remote.events.Running",
        "remote.events.HistoryEntry",
    ],
    "Verification": ["gateway.contract.ContractResult", "gateway.contract.ContractCheck"],
}


def pages() -> dict[str, str]:
    """The content of each page that only the site has, by its path in docs/."""
    return {
        "commands.md": commands(),
        "exit-codes.md": exit_codes(),
        "events.md": events(),
    }


def python_api() -> str:
    """The names of `import bundlekit`."""
    example = EXAMPLE.read_text("utf-8").partition("\n\n")[2].strip()
    lines = [
        "# The Python API",
        "",
        "`import bundlekit` gives a program what the command line does. All names have types, for mypy and editors.",
        "The import itself loads nothing. No function prints, asks or reads standard input. Names that are not on this",
        "page may change with each version.",
        "",
        "```python",
        example,
        "```",
        "",
        "Times are seconds, sizes are bytes. A path is a `str` or a `pathlib.Path`. Errors are a `BundlekitError`.",
        "The log-in takes keys, `~/.ssh/config` and known_hosts as the command line does. Passwords in the keyring are",
        "not read, and signers in the settings are not asked for: the gateway's own list of signers counts.",
        "",
    ]
    for title, names in _NAMES.items():
        lines += [f"## {title}", ""]
        for name in names:
            place = "library.packing" if name == "pack" else bundlekit._PLACES[name]
            lines += _described(f"bundlekit.{name}", getattr(importlib.import_module(f"bundlekit.{place}"), name))
            for part in _PARTS.get(name, []):
                module, _, inner = part.rpartition(".")
                lines += _described(inner, getattr(importlib.import_module(f"bundlekit.{module}"), inner))
    lines += ["All other errors are in `bundlekit.errors`:", "", "```text", _tree(), "```"]
    return _NOTE + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def commands() -> str:
    """The help of every verb."""
    lines = ["# The command line", "", "What `bundlekit VERB --help` prints.", ""]
    for verb in SUMMARIES:
        command = cli.get_command(click.Context(cli), verb)
        assert command is not None
        lines += _help(verb, command, "##")
        for name, inner in getattr(command, "commands", {}).items():
            lines += _help(f"{verb} {name}", inner, "###")
    return _NOTE + "\n".join(lines).rstrip() + "\n"


def exit_codes() -> str:
    """The exit codes and the errors."""
    lines = ["# Exit codes and errors", "", "| exit code | |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in errors.EXIT_CODES.items()]
    lines += ["", "| error | exit code | |", "|---|---|---|"]
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.BundlekitError) and kind is not errors.BundlekitError:
            lines.append(f"| `{name}` | {kind.exit_code} | {_line(inspect.getdoc(kind) or '')} |")
    lines += ["", "Programs get the name of the error as `kind` in JSON, and as the class in [Python](python-api.md)."]
    return _NOTE + "\n".join(lines) + "\n"


def events() -> str:
    """What the script on the gateway says to its client."""
    text = inspect.getdoc(importlib.import_module("bundlekit.remote.vocabulary")) or ""
    lines = [
        "# What the script on a gateway says",
        "",
        "This page is for people who work on bundlekit. What programs read is in [gateway.md](gateway.md).",
        "",
        text.split("\n\n")[1],
        "",
        "| event | fields |",
        "|---|---|",
        *(f"| `{word}` | {_line(f'`{said.fields}`') if said.fields else ''} |" for word, said in EVENTS.items()),
    ]
    return _NOTE + "\n".join(lines) + "\n"


def _help(verb: str, command: click.Command, mark: str) -> list[str]:
    settings: dict[str, Any] = {**cli.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, info_name=f"bundlekit {verb}", **settings)
    return [f"{mark} bundlekit {verb}", "", "```text", command.get_help(context), "```", ""]


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _tree() -> str:
    return "\n".join(line for line in (errors.__doc__ or "").splitlines() if "--" in line or "BundlekitError" in line)


def _described(name: str, thing: Any) -> list[str]:
    """A heading, the signature, and what the docstring says."""
    lines = [f"### {name}", ""]
    if isinstance(thing, type) and issubclass(thing, Exception):
        return [*lines, f"{inspect.getdoc(thing) or ''}".partition("\n\n")[0], *_sections(thing, ("Args",)), ""]
    if inspect.isfunction(thing):
        return [*lines, *_signature(name, thing), *_docstring(thing)]
    if isinstance(thing, type) and issubclass(thing, Enum):
        return [
            *lines,
            _line(inspect.getdoc(thing) or ""),
            "",
            "One of: " + ", ".join(f"`{one.value}`" for one in thing),
            "",
        ]
    if isinstance(thing, type) and is_dataclass(thing):
        fields = [f"    {key}: {kind}" for key, kind in inspect.get_annotations(thing).items()]
        lines += ["```python", f"class {thing.__name__}:", *fields, "```", ""]
    else:
        lines += _signature(thing.__name__, thing.__init__)
    lines += _docstring(thing)
    if not is_dataclass(thing):
        lines += _sections(thing.__init__, ("Args",))
    for key, member in vars(thing).items():
        if key.startswith("_") and key != "__enter__":
            continue
        if isinstance(member, property):
            lines += [f"- `.{key}`: {_line(inspect.getdoc(member) or '')}"]
        elif inspect.isfunction(member):
            title = f"with {thing.__name__}(...)" if key == "__enter__" else f"{thing.__name__}.{key}"
            lines += ["", f"#### {title}", ""]
            lines += _signature(key, member) if key != "__enter__" else []
            lines += _docstring(member)
    return [*lines, ""]


def _signature(name: str, function: Any) -> list[str]:
    signature = inspect.signature(function)
    parameters = [one for key, one in signature.parameters.items() if key != "self"]
    shown = str(signature.replace(parameters=parameters)).replace("'", "").replace(" -> None", "")
    line = f"{name}{shown}"
    if len(line) > 88:
        inner, _, returned = shown.rpartition(" -> ") if " -> " in shown else (shown, "", "")
        parts = ",\n".join(f"    {one}" for one in re.split(r", (?![^\[]*\])", inner[1:-1]))
        line = f"{name}(\n{parts},\n){f' -> {returned}' if returned else ''}"
    return ["```python", line, "```", ""]


def _docstring(thing: Any) -> list[str]:
    text, *_ = re.split(rf"^(?:{'|'.join(_SECTIONS)}):$", inspect.getdoc(thing) or "", flags=re.MULTILINE)
    return [text.rstrip(), "", *_sections(thing, _SECTIONS)]


def _sections(thing: Any, wanted: tuple[str, ...]) -> list[str]:
    parts = re.split(rf"^({'|'.join(_SECTIONS)}):\n", inspect.getdoc(thing) or "", flags=re.MULTILINE)
    lines: list[str] = []
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if title in wanted:
            entries = list(_entries(body)) if title != "Returns" else [f": {_line(body)}"]
            lines += [f"**{_TITLES[title]}**", "", *(entry.removeprefix(": ") for entry in entries), ""]
    return lines


def _entries(body: str) -> Iterator[str]:
    """Each as an item of a list; what goes on is indented below its first line."""
    for entry in re.split(r"^(?=\S)", textwrap.dedent(body), flags=re.MULTILINE):
        if entry.strip():
            name, _, text = entry.partition(":")
            yield f"- `{name.strip()}`: {_line(text)}"


if __name__ == "__main__":
    PYTHON_API.write_text(python_api(), encoding="utf-8")
