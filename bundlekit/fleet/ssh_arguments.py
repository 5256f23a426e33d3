"""What arguments of ssh, as Ansible's variables have them, say about a log-in."""

from __future__ import annotations

import getopt
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_USAGE = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy"  # of ssh itself
_WITHOUT_EFFECT = set("1aACEMNPqSTtvxXYyknfg")  # nothing of a log-in, of its safety, or of how the gateway is reached
_KEYWORDS = {"b": "BindAddress", "i": "IdentityFile", "J": "ProxyJump", "l": "User", "p": "Port"}
_FLAGS = {"4": "AddressFamily=inet", "6": "AddressFamily=inet6"}

_HONOURED = re.compile(
    "addressfamily|batchmode|bindaddress|certificatefile|connecttimeout|globalknownhostsfile|hashknownhosts|hostkeyalias|"
    "hostname|identitiesonly|identityagent|identityfile|kbdinteractiveauthentication|numberofpasswordprompts|"
    "passwordauthentication|port|preferredauthentications|proxycommand|proxyjump|pubkeyauthentication|"
    "stricthostkeychecking|user|userknownhostsfile"
)
_HARMLESS = re.compile(
    "addkeystoagent|challengeresponseauthentication|checkhostip|clearallforwardings|compression|connectionattempts|"
    "control(master|path|persist)|enableescapecommandline|escapechar|exitonforwardfailure|forwardagent|"
    "forwardx11(trusted)?|ipqos|loglevel|nohostauthenticationforlocalhost|permitlocalcommand|rekeylimit|requesttty|"
    "sendenv|serveralive(countmax|interval)|setenv|streamlocalbindunlink|tcpkeepalive|updatehostkeys|visualhostkey"
)
_OPTION = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.+?)\s*", re.DOTALL)


class ArgumentsUnfit(Exception):
    """The text says why bundlekit cannot do what they say, to follow the name of what has them."""


@dataclass(frozen=True)
class SshArguments:
    """What arguments say: `Keyword=value` each, and the file that counts in place of the usual ones."""

    options: tuple[str, ...] = ()
    config_file: Path | None = None


def parse_arguments(text: str | None) -> SshArguments:
    """Read arguments of ssh.

    Args:
        text: as a shell would read it.

    Raises:
        ArgumentsUnfit: they make no sense, or say something that bundlekit cannot do.
    """
    options: list[str] = []
    config_file = None
    try:
        found, rest = getopt.getopt(shlex.split(text or ""), _USAGE)
    except (getopt.GetoptError, ValueError) as error:
        raise ArgumentsUnfit(f"has no arguments of ssh: {error}") from None  # Ansible 2.16 would show a traceback
    if rest:
        raise ArgumentsUnfit(f"has something besides options of ssh: {rest[0]}")
    for flag, value in found:
        letter = flag[1:]
        if letter == "o":
            options += _option(value)
        elif letter == "F":
            config_file = Path(value).expanduser()
        elif letter in _KEYWORDS:
            options.append(f"{_KEYWORDS[letter]}={value}")
        elif letter in _FLAGS:
            options.append(_FLAGS[letter])
        elif letter not in _WITHOUT_EFFECT:
            raise ArgumentsUnfit(f"has {flag}, which bundlekit cannot do")
    return SshArguments(tuple(options), config_file)


def _option(text: str) -> list[str]:
    found = _OPTION.fullmatch(text)
    if found is None:
        raise ArgumentsUnfit(f"has `-o {text}`, which is no KEYWORD=VALUE")
    keyword = found[1].lower()
    if _HONOURED.fullmatch(keyword):
        return [f"{found[1]}={found[2]}"]
    # What is only added to the algorithms of OpenSSH takes nothing away from the safety of a log-in.
    if _HARMLESS.fullmatch(keyword) or found[2].startswith("+"):
        return []
    raise ArgumentsUnfit(f"has `-o {found[1]}`, which bundlekit cannot do")
