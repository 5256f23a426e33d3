"""`bundlekit pack`."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import click

from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage


@verb(
    "pack",
    examples="""
    bundlekit pack  the bundle in this folder, as NAME-VERSION.tar.gz
    bundlekit pack thermostat -o dist
    bundlekit pack thermostat --list  which files would be packed, and which not
    bundlekit pack thermostat-1.0.0.tar.gz --list  the content of an archive
    bundlekit pack thermostat | sha256sum -c  check the digest
    bundlekit pack thermostat --sbom  with an SBOM in it and beside it, NAME-VERSION.cdx.json
    """,
)
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The folder to write to, made if it does not exist; this folder by default.",
)
@click.option(
    "-l", "--list", "listing", is_flag=True, help="Show what would be packed, or is in an archive, and write nothing."
)
@click.option(
    "--sign",
    "key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="KEY",
    help="Sign the archive with this key, as `bundlekit sign ARCHIVE --key KEY` does.",
)
@click.option("--sbom", is_flag=True, help="Put an SBOM (CycloneDX 1.6, JSON) into the archive and beside it.")
def command(path: Path, output: Path, listing: bool, key: Path | None, sbom: bool) -> int:
    """Pack the bundle in the folder PATH into OUTPUT/NAME-VERSION.tar.gz.

    The same files give the same bytes, on any machine and at any time. A bundle with errors is refused. An existing
    archive of that version is replaced.

    Files that tools leave behind are not packed: hidden files, bytecode, environments, earlier archives. Nor are the
    settings of tools: bundlekit.toml, pyproject.toml, the baseline of validate. A .bundleignore at the top of the
    bundle, in the syntax of .gitignore, excludes more files, or includes some again (!name). The settings that a bundle
    writes while it runs, data/NAME.json and its .backup, are never packed.

    An archive that changes loses its earlier signature, OUTPUT/NAME-VERSION.tar.gz.sig, unless it is signed again.

    It prints the archive's SHA-256 and its path. Exit code: 0 packed, 1 refused, 2 usage, 3 could not be done.
    """
    return run(path, output, listing=listing, key=key, sbom=sbom)


def run(path: Path, output: Path, *, listing: bool, key: Path | None = None, sbom: bool = False) -> int:
    """Pack the bundle in the folder `path`, or only list what would go in, or is in the archive `path`."""
    if listing:
        return _list(path)
    if not path.is_dir():
        raise BadUsage(f"{path} is not a folder", hint="name the folder with bundle.json")
    return _pack(path, output, key, sbom=sbom)


def _pack(path: Path, output: Path, key: Path | None, *, sbom: bool) -> int:
    if output.name.endswith((".tar.gz", ".tgz")) and not output.exists():
        raise BadUsage(
            f"-o {output} would make a folder of this name: the archive in it is always called NAME-VERSION.tar.gz",
            hint=f"give the folder, such as -o {output.parent}, and rename the archive afterwards",
        )
    from bundlekit.cli.archive import packed_folder
    from bundlekit.cli.signing import drop_signature, key_to_sign, sign_archive
    from bundlekit.pack.archive import write

    opened = key_to_sign(key) if key is not None else None
    archive, contents = packed_folder(path, sbom=sbom)
    place = output / archive.file_name
    before = _digest(place)
    if before != archive.digest:
        drop_signature(place)  # first: it is never beside another archive than its own
        write(archive, output)
    if sbom:
        from bundlekit.pack.sbom import write_sbom

        write_sbom(archive, output)
    signed = f"; signed by {sign_archive(archive, place, opened)}" if opened is not None else ""
    done = {None: "packed", archive.digest: "unchanged"}.get(before, "packed anew")
    size = f"{len(archive.members)} files, {len(archive.data)} bytes"
    left_out = f"; {len(contents.left_out)} left out, which --list shows" if contents.left_out else ""
    click.echo(f"{click.style(done, fg='green')}: {archive.name} {archive.version}, {size}{left_out}{signed}", err=True)
    shown = str(place)
    click.echo(f"{archive.digest}  {'./' + shown if shown.startswith('-') else shown}")
    return 0


def _digest(place: Path) -> str | None:
    try:
        return sha256(place.read_bytes()).hexdigest() if place.is_file() else None
    except OSError:  # writing will tell
        return None


def _list(path: Path) -> int:
    from bundlekit.bundle.files import Kind
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.library.packing import baseline_in
    from bundlekit.pack.contents import Contents, select
    from bundlekit.pack.ignore import open_folder
    from bundlekit.pack.reading import open_archive
    from bundlekit.quoting import printable

    if path.is_dir():
        contents = select(open_folder(path), baseline_in(path, Chosen(Asked())))
    else:
        contents = Contents(tuple(open_archive(path).files.entries.values()), ())
    filled = {entry.path.rpartition("/")[0] for entry in contents.entries}
    lines = [
        (entry.size, entry.path + "/" * (entry.kind is Kind.FOLDER))
        for entry in contents.entries
        if entry.kind is Kind.FILE or entry.path not in filled
    ]
    total = sum(size for size, _ in lines)
    width = len(str(total))
    for size, name in lines:
        click.echo(f"{size:>{width}}  {name}")
    click.echo(f"{total:>{width}}  bytes in all, before they are compressed", err=True)
    if contents.left_out:
        click.echo("left out:", err=True)
    for left in contents.left_out:
        click.echo(f"  {printable(left.path)}  {click.style(f'({left.reason})', dim=True)}", err=True)
    return 0
