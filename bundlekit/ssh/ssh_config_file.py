"""Reads the ssh configuration where there is no OpenSSH to ask: Host, Match and Include as it has them.

paramiko's own reader gives a `Match exec` our standard input, where the password may be, and knows no Include.
"""

from __future__ import annotations

import getpass
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bundlekit.io import user_id

_DEEPEST = 16  # files that include each other, as in OpenSSH
_LINE = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*")
_TOKEN = re.compile("%(.)")
_PLAIN = {"proxycommand", "localcommand", "remotecommand"}  # the rest of their line is one value
_LISTS = {"userknownhostsfile", "globalknownhostsfile"}
_GROWING = {"identityfile", "certificatefile"}  # each line adds one
_EITHER = {"proxycommand": "proxyjump", "proxyjump": "proxycommand"}


def expand_tokens(text: str, tokens: Mapping[str, str]) -> str:
    """Replace `%h` and the like; those that are not there stay as they are."""
    return _TOKEN.sub(lambda found: tokens.get(found[1], found[0]), text)


def fits(patterns: str, name: str, *, case: bool = True) -> bool:
    """Whether a name fits patterns with commas or spaces between them, of which those with `!` deny.

    Args:
        patterns: to fit.
        name: that does or not.
        case: whether small and large letters differ.
    """
    found = False
    for pattern in re.split(r"[,\s]+", patterns.strip()):
        if fits_one(pattern.lstrip("!"), name, case=case):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def fits_one(pattern: str, name: str, *, case: bool = False) -> bool:
    """OpenSSH's patterns know `*` and `?`; a bracket stands for itself, as in `[host]:2222`.

    Args:
        pattern: of a Host line.
        name: that was named.
        case: whether upper and lower case differ.
    """
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, name, 0 if case else re.IGNORECASE) is not None


def own_name() -> str:
    """Who runs this; empty for a user without a name, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@dataclass
class Reading:
    """What configuration files say about a host, the first word on a thing being the last.

    Attributes:
        host: as the user named it, and when the files are read for the second time, the one that it leads to.
        user: that the user named, if any.
        options: found so far, by keyword in lower case.
        is_final: whether the files are read for the second time, which `Match final` waits for.
        wants_final: whether there is such a thing.
    """

    host: str
    user: str | None = None
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_final: bool = False
    wants_final: bool = False
    _named: str = ""

    def begin_final(self) -> None:
        """Go on to the second time."""
        self._named, self.host, self.is_final = self.host, self.real_host(), True

    def real_host(self) -> str:
        """Where the host leads to, as far as is known."""
        host = self.host
        if not self.is_final:
            host = expand_tokens(self._option("hostname") or host, {"h": host, "%": "%"})
        return host if ":" in host else host.lower()  # a zone of IPv6 is a name of another kind

    def take(self, option: str) -> None:
        """Let an option of the command line, `KEYWORD=VALUE`, win over all files that are read later.

        Raises:
            ValueError: it makes no sense.
        """
        found = _LINE.fullmatch(option)
        if found is None:
            raise ValueError(f"{option!r} is no option")
        keyword = found[1].lower()
        self._set(keyword, [found[2]] if keyword in _PLAIN else shlex.split(found[2]) or [""])

    def read(self, file: Path, base: Path, *, counts: bool = True, depth: int = _DEEPEST) -> None:
        """Read a file, if it is there.

        Args:
            file: to read.
            base: that names of included files start from.
            counts: whether it is included where the host is meant.
            depth: of files that include each other which is left.

        Raises:
            OSError, ValueError: it cannot be read, or a line makes no sense.
        """
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return
        active = counts
        for number, line in enumerate(text.splitlines(), start=1):
            found = _LINE.fullmatch(line)
            if found is None or line.lstrip().startswith("#"):
                continue
            keyword = found[1].lower()
            try:
                words = [found[2]] if keyword in _PLAIN else shlex.split(found[2], comments=True)
            except ValueError as error:
                raise ValueError(f"{file} line {number}: {error}") from error
            if keyword == "host":
                active = counts and fits(" ".join(words), self.host)
            elif keyword == "match":
                active = counts and self._matches(words)
            elif keyword == "include" and depth:
                for name in words:
                    pattern = base / Path(name).expanduser()
                    for each in sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))):
                        self.read(each, base, counts=active, depth=depth - 1)
            elif active and words:
                self._set(keyword, words)

    def _set(self, keyword: str, words: list[str]) -> None:
        if keyword in _GROWING:
            known = self.options.get(keyword, ())
            self.options[keyword] = known if words[0] in known else (*known, words[0])
        elif keyword not in self.options and not self._is_ruled_out(keyword):
            self.options[keyword] = tuple(words) if keyword in _LISTS else (words[0],)

    def _is_ruled_out(self, keyword: str) -> bool:
        other = _EITHER.get(keyword, "")
        return other in self.options and (other, self.options[other][0].lower()) != ("proxyjump", "none")

    def _matches(self, words: list[str]) -> bool:
        words, matches = list(words), True
        while words:
            criterion = words.pop(0).lower()
            wanted = not criterion.startswith("!")
            if not matches and criterion.lstrip("!") == "exec":  # no command is run in vain
                del words[:1]
            elif self._meets(criterion.lstrip("!"), words) is not wanted:
                matches = False
        return matches

    def _meets(self, criterion: str, words: list[str]) -> bool:
        """Whether a criterion is met, whose value, if it has one, is taken from the words."""
        if criterion == "all":
            return True
        if criterion in ("final", "canonical"):
            self.wants_final = self.wants_final or criterion == "final"
            return self.is_final
        value = words.pop(0) if words else ""
        host, named = self.real_host(), self._named or self.host
        if criterion in ("host", "originalhost"):
            return fits(value, host if criterion == "host" else named, case=False)
        names = {
            "user": self.user or self._option("user") or own_name(),
            "localuser": own_name(),
        }
        if criterion in names:
            return fits(value, names[criterion])
        if criterion == "exec":
            command = expand_tokens(
                value,
                {
                    **{"h": host, "n": named, "p": self._option("port") or "22", "r": names["user"], "%": "%"},
                    **{"u": names["localuser"], "d": str(Path("~").expanduser()), "i": str(user_id())},
                },
            )
            ended = subprocess.run(
                ["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
            )
            return ended.returncode == 0
        return False

    def _option(self, keyword: str) -> str | None:
        return self.options.get(keyword, (None,))[0]
