"""Which gateways a pattern means: `substations,!gw07`, `gw[01-80]`, `gw*&north`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from bundlekit.errors import BadUsage
from bundlekit.fleet.folding import expand, fold, has_range
from bundlekit.quoting import quoted

_GLOB = re.compile(r"[*?]")
_PATTERN = re.compile(r"[*?,!&]")
# A comma in a bracket belongs to a range.
_TERM = re.compile(r"([!&]?)((?:\[[^\]]*\]|[^,!&])+),?")


def is_pattern(text: str) -> bool:
    """Whether it can mean several gateways, whatever the inventory has."""
    return bool(_PATTERN.search(text)) or has_range(text)


def matching(pattern: str, names: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The names that a pattern means, in their order.

    As in Ansible, the order of the words does not count: all that are named, of these only those in each `&` word,
    without those in any `!` word. A pattern of `!` and `&` words alone starts from all.

    Args:
        pattern: words with commas between them.
        names: of all gateways.
        groups: with their gateways.

    Raises:
        BadUsage: it makes no sense, or a word of it matches nothing.
    """
    known = {"all": tuple(names), **groups}
    every = known["all"]
    if pattern in every or pattern in known:
        wanted = set(_meant(pattern, every, known))
        return tuple(name for name in every if name in wanted)
    named: list[set[str]] = []
    only: list[set[str]] = []
    without: set[str] = set()
    for sign, word in _words(pattern):
        found = set(_meant(word, every, known))
        if sign == "!":
            without |= found
        else:
            (only if sign else named).append(found)
    wanted = set[str]().union(*named) if named else set(every)
    wanted = wanted.intersection(*only) - without
    return tuple(name for name in every if name in wanted)


def words_of(pattern: str) -> list[tuple[str, str]]:
    """The words of a pattern, each with its sign: `!`, `&`, or none.

    Raises:
        BadUsage: it makes no sense.
    """
    return list(_words(pattern))


def _words(pattern: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < max(1, len(pattern)):
        found = _TERM.match(pattern, at)
        if found is None or not found[2].strip():  # the variable of a shell that has no value must not mean all
            raise BadUsage(
                f"{quoted(pattern)} is not a pattern of gateways",
                hint="such as 'substations,!gw07' or 'gw[01-80]&north'",
            )
        at = found.end()
        yield found[1], found[2].strip()


def _meant(word: str, names: tuple[str, ...], groups: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The gateways that one word means: a gateway, a group, a glob over both, or a range of any of these."""
    missing = []
    exact = set(names)
    for each in expand(word) if has_range(word) and word not in exact else (word,):
        members = [members for group, members in groups.items() if _fits(each, group)]
        found = [name for name in names if _fits(each, name)] if _GLOB.search(each) else [each] * (each in exact)
        if not members and not found:
            missing.append(each)
        yield from found
        for one in members:
            yield from one
    if missing:
        raise BadUsage(
            f"the inventory has no gateway and no group {fold(missing)}",
            hint="`all` means every gateway; gw* means each gateway whose name starts with gw",
        )


def _fits(word: str, name: str) -> bool:
    if not _GLOB.search(word):
        return word == name
    return fnmatchcase(name, word.replace("[", "[[]"))  # a bracket stands for itself
