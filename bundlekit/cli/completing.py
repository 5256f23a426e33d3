"""What Tab offers for values that only bundlekit knows. Nothing is asked over a network, and no error is told.

So the releases of a gateway are those that it had when bundlekit looked last.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.io import replacing
from bundlekit.ssh.host_names import host_names

if TYPE_CHECKING:
    from bundlekit.remote.events import BundleState

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,199}")  # a gateway may send anything
_MOST = 100  # targets, and releases of a bundle
_METHODS = ("GET", "PUT", "POST", "DELETE")


def gateways(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Groups and names of the inventory, behind a comma and a sign too; else the `Host` names of the ssh configuration,
    behind `user@` too.
    """
    word = re.split("[,!&]", typed)[-1]
    before = typed.removesuffix(word)
    if names := [name for name in _names_in(context.params.get("inventory")) if name.startswith(word)]:
        return [f"{before}{name}" for name in names]
    user, at, host = word.rpartition("@")
    config = context.params.get("ssh_config")
    names = host_names(Path(config) if config else None)
    return [f"{before}{user}{at}{name}" for name in names if name.startswith(host)]


def _names_in(inventory: Path | None) -> list[str]:
    """The names in an inventory, by default that of the settings. Ansible is not asked: it may use a network."""
    from bundlekit.cli.inventories import inventory_of_settings
    from bundlekit.errors import BundlekitError
    from bundlekit.fleet.ini_file import NeedsAnsible, read_ini

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            file = inventory or inventory_of_settings(Path.cwd())
        listing = read_ini(Path(file).read_text("utf-8-sig"), Path(file)) if file else None
    except (OSError, ValueError, BundlekitError, NeedsAnsible):
        return []
    return list({**listing.groups, **listing.children, **listing.hosts}) if listing else []


def methods(_context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """The methods of requests."""
    return [method for method in _METHODS if method.startswith(typed.upper())]


def releases(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """The ids of releases on the gateway that is named before, of its bundle if one is named.

    Behind `--release`, click does not know what is named before: those of all gateways.
    """
    target, bundle = context.params.get("target"), context.params.get("bundle")
    if isinstance(target, tuple):
        target = target[0] if len(target) == 1 else None
    seen = [of_it for gateway, of_it in _seen().items() if target in (None, gateway)]
    ids = [id for of_it in seen for name, each in of_it.items() if bundle in (None, name) for id in each]
    return [id for id in dict.fromkeys(ids) if id.startswith(typed)]


def remember_releases(target: str, bundle: str | None, states: Iterable[BundleState]) -> None:
    """Keep what `releases` offers. Where that cannot be written, nothing is offered.

    Args:
        target: as it is typed.
        bundle: the name of the one that was looked at; None for all that are there.
        states: of the bundles.
    """
    seen = _seen()
    before = seen.pop(target, {})
    found = {} if bundle is None else {name: ids for name, ids in before.items() if name != bundle}
    found |= {state.name: [one.id for one in state.releases[:_MOST]] for state in states}
    if found == before:
        return
    seen[target] = found
    kept = dict(list(seen.items())[-_MOST:])
    file = _file_of_releases()
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file, mode=0o600, durable=False) as stream:
            stream.write(json.dumps(kept).encode())


def _file_of_releases() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("bundlekit", appauthor=False) / "releases.json"


def _seen() -> dict[str, dict[str, list[str]]]:
    """The releases of each bundle, by the targets; the target that was seen last is the last one."""
    try:
        content: Any = json.loads(_file_of_releases().read_text(encoding="utf-8"))
        return {
            str(target): {str(name): [id for id in map(str, each) if _ID.fullmatch(id)] for name, each in seen.items()}
            for target, seen in content.items()
        }
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return {}


def rules(_context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Codes and names of rules, behind a comma too; codes where nothing tells which of both is meant."""
    from bundlekit.lint.catalogue import catalogue

    before, comma, word = typed.rpartition(",")
    words = [one.code for one in catalogue()] + ([one.name for one in catalogue()] if word else [])
    return [f"{before}{comma}{one}" for one in words if one.lower().startswith(word.lower())]


def severities(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """`CODE=SEVERITY`.

    Args:
        context: of click.
        parameter: the option that is completed.
        typed: so far.
    """
    from bundlekit.lint.finding import Severity

    rule, sign, word = typed.partition("=")
    if not sign:
        return [f"{one}=" for one in rules(context, parameter, typed)]
    return [f"{rule}={one}" for one in (*(each.value for each in Severity), "off") if one.startswith(word)]
