"""Names of many gateways in few words, and back: `gw[001-006,008]`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from bundlekit.errors import BadUsage
from bundlekit.quoting import quoted

_FOLDABLE = re.compile(r"[A-Za-z0-9_.:+/\\-][A-Za-z0-9_.:+/\\@-]*")  # NodeSet gives other characters a meaning
_RANGE = re.compile(r"\[(\d[\d,/-]*|\d+:\d+(?::\d+)?)\]", re.ASCII)
_MOST = 100_000  # names of a range: a typing error must not fill the memory


def fold(names: Iterable[str]) -> str:
    """Names in as few words as possible, sorted; a name with odd characters stands as it is."""
    from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet

    known = list(dict.fromkeys(names))
    if len(known) == 1:
        return known[0]
    # Without a resolver, `@group` would be looked up in files, or by a command, of ClusterShell's own configuration.
    folded = NodeSet.fromlist([name for name in known if _FOLDABLE.fullmatch(name)], resolver=RESOLVER_NOGROUP)
    odd = [name for name in known if not _FOLDABLE.fullmatch(name)]
    return ",".join([*([str(folded)] if folded else []), *odd])


def has_range(text: str) -> bool:
    """Whether there is a range such as `[01-80]` in it. The brackets of an IPv6 address are none."""
    return _RANGE.search(text) is not None


def expand(text: str) -> tuple[str, ...]:
    """All names that `gw[01-80]` stands for, in the order of the text; also Ansible's `[01:80]`, and steps.

    Raises:
        BadUsage: a range makes no sense, or has too many names.
    """
    from ClusterShell.RangeSet import RangeSet, RangeSetParseError

    words = _RANGE.split(text)
    choices: list[list[str]] = []
    total = 1
    for at, word in enumerate(words):
        if at % 2 == 0:
            choices.append([word])
            continue
        found: list[str] = []
        for part in word.split(","):
            # Ansible writes FIRST:LAST:STEP, ClusterShell FIRST-LAST/STEP.
            first, _, rest = part.partition(":")
            part = f"{first}-{rest.replace(':', '/')}" if rest else part  # noqa: PLW2901
            limits = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18})(?:/\d{1,9})?)?", part)
            if limits is None:
                raise BadUsage(f"{quoted(text)} has an invalid range: {part}", hint="such as gw[01-80]")
            total *= max(1, int(limits[2] or limits[1]) - int(limits[1]))
            if total > _MOST:
                raise BadUsage(f"{quoted(text)} has more than {_MOST} names")
            try:
                found += [str(one) for one in RangeSet(part).striter()]
            except RangeSetParseError as error:
                raise BadUsage(f"{quoted(text)} has an invalid range: {part}") from error
        choices.append(found)
    return tuple("".join(each) for each in itertools.product(*choices))
