"""The pages for `man`, one for each verb, from what `--help` has. The build of a wheel puts them in."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from bundlekit import __version__
from bundlekit.cli.main import cli
from bundlekit.cli.summaries import SUMMARIES
from bundlekit.errors import EXIT_CODES

_ABOUT = "make, check, pack and deploy bundles for Moxa ThingsPro gateways"


def pages() -> dict[str, str]:
    """The pages by their file names: `bundlekit.1`, `bundlekit-deploy.1`, `bundlekit-gateway-token.1` and so on."""
    context = click.Context(cli, info_name="bundlekit")
    found = {"bundlekit.1": _first_page()}
    for verb, summary in SUMMARIES.items():
        command = cli.get_command(context, verb)
        if command is not None:
            found |= _pages_of(command, verb, summary, context)
    return found


def write(folder: Path) -> None:
    """Write the pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages().items():
        (folder / name).write_text(page, encoding="utf-8")


def _pages_of(command: click.Command, name: str, summary: str, parent: click.Context) -> dict[str, str]:
    context = click.Context(command, info_name=name, parent=parent)
    title = context.command_path.replace(" ", "-")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH {_plain(title).upper()} 1 "" "bundlekit {__version__}" "bundlekit"',
        ".SH NAME",
        f"{_plain(title)} \\- {_plain(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        f"\\fB{_plain(context.command_path)}\\fR {_plain(usage)}",
        ".SH DESCRIPTION",
        *_paragraphs(command.help or ""),
        ".SH OPTIONS",
        *_options(command, context),
    ]
    if examples := getattr(command, "examples", ""):
        lines += [".SH EXAMPLES", *_examples(examples)]
    inner = getattr(command, "commands", {})  # of a group, or of a verb beside which it has some
    if inner:
        lines += [".SH COMMANDS"]
        for verb, one in inner.items():
            lines += [".TP", f"\\fB{_plain(f'{title}-{verb}')}\\fR(1)", _plain(one.get_short_help_str(200))]
    lines += [".SH SEE ALSO", "\\fBbundlekit\\fR(1)"]
    found = {f"{title}.1": "\n".join(lines) + "\n"}
    for verb, one in inner.items():
        found |= _pages_of(one, verb, one.get_short_help_str(200), context)
    return found


def _first_page() -> str:
    lines = [
        f'.TH BUNDLEKIT 1 "" "bundlekit {__version__}" "bundlekit"',
        ".SH NAME",
        f"bundlekit \\- {_ABOUT}",
        ".SH SYNOPSIS",
        "\\fBbundlekit\\fR VERB [OPTIONS] [ARGUMENTS]",
        ".SH DESCRIPTION",
        *_paragraphs((cli.help or "").replace("\b\n", "\0")),
        ".SH VERBS",
    ]
    for verb, summary in SUMMARIES.items():
        lines += [".TP", f"\\fBbundlekit\\-{_plain(verb)}\\fR(1)", _plain(summary)]
    lines += [".SH EXIT STATUS"]
    for code, meaning in EXIT_CODES.items():
        lines += [".TP", str(code), _plain(meaning)]
    return "\n".join(lines) + "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)):
            names, text = record
            yield from (".TP", f"\\fB{_plain(names)}\\fR", _plain(" ".join(text.split())))


def _examples(examples: str) -> Iterator[str]:
    for line in examples.splitlines():
        example, _, meaning = line.partition("  ")
        yield from (".TP", f"\\fB{_plain(example)}\\fR", _plain(meaning.strip()) or "\\&")


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs are filled; one that begins with a mark of click's keeps its lines."""
    for paragraph in text.split("\n\n"):
        yield ".PP"
        if paragraph.startswith("\0"):
            yield from (".nf", *map(_plain, paragraph[1:].strip().splitlines()), ".fi")
        else:
            yield _plain(" ".join(paragraph.split()))


def _plain(text: str) -> str:
    """Text that roff prints as it stands."""
    text = text.replace("\\", "\\[rs]").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
