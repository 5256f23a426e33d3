"""What a team says of the rules once for all: `[tool.bundlekit]` in pyproject.toml, or bundlekit.toml."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from bundlekit.bundle.files import FolderFiles
from bundlekit.bundle.ownership import SAFE_FOLDERS, why_foreign
from bundlekit.errors import BadUsage, BundlekitError
from bundlekit.lint.selection import Choice, PathIgnore, Selector
from bundlekit.lint.setting_values import NO_LINK, checked, shown
from bundlekit.pack.sigstore_bundle import SigstoreIdentity

OWN_FILE = "bundlekit.toml"
PYPROJECT = "pyproject.toml"

_LARGEST = 1024 * 1024  # bytes; a pyproject.toml has a hundredth of that
_MOST_LINES = 500  # of one value, which is parsed anew with each line more
_MOST_READ_AGAIN = 2 * _LARGEST  # bytes that are parsed for that in all
_MOST_DOTS = 10_000_000  # squared: so the time and the room that tomllib takes for keys such as a.b.c grow
TRUST_HINT = f"{SAFE_FOLDERS} names folders that you trust, with any owner; see docs/settings.md"
_TABLE = re.compile(r"\s*\[\s*tool\s*\.\s*bundlekit\b")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file says.

    Attributes:
        file: the file.
        choice: of rules.
        ignored: patterns of paths in the syntax of .gitignore; and the rules that are not told of there.
        baseline: the file with the findings that are known.
        caches: whether what is found is kept for the next time.
        inventory: the file or folder with the gateways that are meant where the command line names none.
        signers: the file of those who may sign archives.
        sigstore: who has to have made the sigstore bundles of archives.
        verify_write: whether a deploy is to be confirmed by writing back what was read, as `verify --write` does.
    """

    file: Path
    choice: Choice
    ignored: tuple[tuple[str, tuple[Selector, ...]], ...] = ()
    baseline: Path | None = None
    caches: bool = True
    verify_write: bool = False
    inventory: Path | None = None
    signers: Path | None = None
    sigstore: SigstoreIdentity | None = None

    def check_baseline(self) -> None:
        """Check that nobody but the user and root decides where the baseline is, and what it says.

        Raises:
            BadUsage: a link leads to it, or somebody else can write it.
        """
        if self.baseline is None:
            return
        file = Path.cwd() / self.baseline
        for one in (file, *file.parents):
            if one == Path.cwd() / self.file.parent:
                break
            if one.is_symlink():
                raise BadUsage(
                    f"the baseline {self.baseline} in the settings is reached by a link, {one}", hint=NO_LINK
                )
        if why := why_foreign(file):
            raise BadUsage(f"the baseline {self.baseline} in the settings is not safe: {why}", hint=TRUST_HINT)

    def path_ignores(self, place: Path, base: Path) -> tuple[PathIgnore, ...]:
        """What is ignored in the files of a bundle.

        Args:
            place: where the bundle really lies.
            base: the folder that the patterns are relative to.
        """
        from bundlekit.pack.gitignore import gitignore

        under = PurePosixPath(os.path.relpath(place, base))
        return tuple(
            PathIgnore(
                under,
                gitignore([pattern]),
                frozenset[str]().union(*(one.codes for one in selectors)),
            )
            for pattern, selectors in self.ignored
        )


class NearestSettings:
    """Looks for settings from a folder upwards; each folder is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Path, Settings | BundlekitError | None] = {}
        self.left_out: dict[Path, str] = {}
        """The files that do not count because somebody else can decide what they say, and why."""

    def of(self, folder: Path) -> Settings | None:
        """The settings that count in a folder: those of the nearest folder around it that has some.

        Raises:
            Unreadable: they cannot be read.
            BadUsage: they make no sense; the same error again for every folder that they count in.
        """
        found: Settings | BundlekitError | None = None
        passed = []
        for one in chain((folder,), folder.parents):
            if one not in self._known:
                passed.append(one)
                found = self._looked_up(one)
            else:
                found = self._known[one]
            if found is not None:
                break
        self._known.update(dict.fromkeys(passed, found))
        if isinstance(found, BundlekitError):
            raise found
        return found

    def _looked_up(self, folder: Path) -> Settings | BundlekitError | None:
        try:
            for name in (OWN_FILE, PYPROJECT):
                file = folder / name
                if not os.path.lexists(file):
                    continue
                real = Path(os.path.realpath(file))
                if why := why_foreign(file) or why_foreign(real):
                    if name == OWN_FILE or _mentions_us(real):
                        self.left_out[file] = why
                    continue
                # By its real path: on the way to that nobody else can change a link any more.
                settings = _read(file, real)
                if settings is not None:
                    return settings
        except BundlekitError as error:
            return error
        return None


def read_settings(file: Path) -> Settings:
    """The settings in a file: a table `[tool.bundlekit]` if it is called pyproject.toml, else all of it.

    Raises:
        Unreadable: it cannot be read.
        BadUsage: it has none, is not TOML, or says something that makes no sense.
    """
    settings = _read(file)
    if settings is None:
        raise BadUsage(f"{_shown(file)} has no [tool.bundlekit]")
    return settings


def _mentions_us(pyproject: Path) -> bool:
    try:
        return b"bundlekit" in FolderFiles(pyproject.parent).read(pyproject.name, _LARGEST + 1)
    except BundlekitError:
        return False


def _read(file: Path, real: Path | None = None) -> Settings | None:
    source = real or file
    content = FolderFiles(source.parent).read(source.name, _LARGEST + 1)
    is_pyproject = file.name == PYPROJECT
    if is_pyproject and b"bundlekit" not in content:
        return None
    if len(content) > _LARGEST:
        raise BadUsage(f"{_shown(file)} is larger than {_LARGEST // 1024} KiB")
    if sum(line.count(b".") ** 2 for line in content.split(b"\n")) > _MOST_DOTS:
        raise BadUsage(f"{_shown(file)} has more dots in a line than any key needs")
    try:
        text = content.decode("utf-8-sig")
        table = _table(text, is_pyproject)
        if table is None:
            return None
        choice, values = checked(table)
        baseline = values.get("baseline")
        return Settings(
            file,
            choice,
            values.get("per-path-ignores", ()),
            Path(_shown(file.parent / baseline)) if baseline else None,
            values.get("cache", True),
            values.get("deploy", {}).get("verify-write", False),
            _beside(file, values.get("inventory")),
            _beside(file, values.get("signers")),
            _sigstore(file, values["sigstore"]) if "sigstore" in values else None,
        )
    except (ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8, or a number that is too long
        said = re.fullmatch(r"(.+) \(at line (\d+), column \d+\)", str(error), re.DOTALL)
        place, message = (f":{said[2]}", said[1]) if said else ("", str(error))
        raise BadUsage(f"{_shown(file)}{place}: not TOML: {message}") from error
    except BadUsage as error:
        line = _line(text, is_pyproject, error.message)
        place = f":{line}" if line is not None else ""
        raise BadUsage(f"{_shown(file)}{place}: {error.message}", hint=error.hint) from error


def _beside(file: Path, named: str | None) -> Path | None:
    return file.parent / Path(named).expanduser() if named is not None else None


def _sigstore(file: Path, said: dict[str, str]) -> SigstoreIdentity:
    return SigstoreIdentity(said["identity"], said["issuer"], _beside(file, said.get("trusted-root")))


def _table(text: str, is_pyproject: bool) -> dict[str, Any] | None:
    import tomllib

    document = tomllib.loads(text)
    if not is_pyproject:
        return document
    tool = document.get("tool")
    table = tool.get("bundlekit") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise BadUsage(f"tool.bundlekit is {shown(table)}, expected a table")
    return table


def _line(text: str, is_pyproject: bool, message: str) -> int | None:
    """The line where the statement starts that brings a complaint: tomllib keeps no places, but can read a part."""
    lines = text.splitlines()
    first = next((at for at, line in enumerate(lines) if _TABLE.match(line)), None) if is_pyproject else 0
    if first is None:
        return None
    statement = first
    left = _MOST_READ_AGAIN
    for end in range(first, min(len(lines), first + _MOST_LINES)):
        part = "\n".join(lines[first : end + 1])
        left -= len(part)
        if left < 0:
            return None
        try:
            checked(_table(part, is_pyproject) or {})
        except (ValueError, RecursionError):
            continue  # inside of a statement
        except BadUsage as error:
            if error.message == message:
                return statement + 1
        statement = end + 1
    return None


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
