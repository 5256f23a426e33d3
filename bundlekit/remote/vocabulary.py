"""All that the script on a gateway says to its client: the words of its events, their fields, and who reads them.

An event is a line: its word, then its fields, with tabs between them. Script and client are of one version, so both
sides change together. All the same, a client passes over words that it does not know. Between events come empty
lines, as a sign of life, and after `raw` the lines of a log or a file.

Nothing here is needed to run: tests hold the script, its programs, the parser and the terminal against it.
"""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """An event.

    Attributes:
        fields: their names, in order, with spaces between them; the last one may come any number of times where it ends
            with `...`, and the last ones may be missing.
        readers: modules below `bundlekit` that read it, with spaces between them; `script` for the script itself.
    """

    fields: str
    readers: str


_PARSER = "remote/events.py"
_CHANNEL = "remote/channel.py"
_SESSION = "remote/session.py"
_HISTORY = "time began bundle verb release replaced who account address outcome reason finished-by signer"

EVENTS = {
    # The conversation, around the answers.
    "script": Said("token known programs journal", _CHANNEL),  # what of ours is there; before all else
    "looked": Said("token", _CHANNEL),  # the end of what could be seen without being root
    "hello": Said(
        "protocol token", f"{_CHANNEL} {_SESSION} deploy/doctor/examination.py"
    ),  # with the token once, without it before each answer
    "complaint": Said("text", f"{_CHANNEL} remote/scp.py"),  # standard error of what failed
    "done": Said("token status", _CHANNEL),  # the end of an answer
    "end": Said("", _SESSION),  # of an answer that is whole; not behind `raw`
    "raw": Said("", _SESSION),  # no events from here on
    # Of any verb.
    "note": Said("text", f"{_PARSER} {_SESSION} deploy/observation.py"),  # for people
    "fail": Said("reason detail...", f"remote/failures.py {_SESSION}"),  # see FAILURES; the first one counts
    # Of `look` and `probe`: the gateway.
    "gateway": Said("hostname", _PARSER),
    "boot": Said("systemd|init", _PARSER),
    "missing": Said("tool", _PARSER),
    "python": Said("path", _PARSER),
    "sdk": Said("yes", _PARSER),
    "free": Said("kilobytes", _PARSER),
    "by-hand": Said("process folder name version resource...", _PARSER),  # a bundle that nobody has deployed
    "deployed": Said("name version resource...", _PARSER),  # another bundle
    "signers": Said("yes", f"{_PARSER} cli/commands/signers.py"),  # only signed bundles are deployed there
    "upload": Said("place bytes-that-are-there", f"{_PARSER} {_SESSION}"),  # of `receive` too
    "has": Said("sha256", _PARSER),  # a file of the current release
    # One bundle; what follows up to the next `bundle` is about it.
    "bundle": Said("name", _PARSER),
    "current": Said("release", _PARSER),
    "trail": Said("releases", _PARSER),
    "running": Said("process release since starts registered", _PARSER),
    "crashed": Said("status", _PARSER),
    "at-boot": Said("yes", _PARSER),
    "settings": Said("yes", _PARSER),
    "mended": Said("time of files", _PARSER),
    "locked": Said("what who time origin phase", _PARSER),  # a change that is under way, or
    "broken-off": Said("what who time origin phase", _PARSER),  # was
    "held": Said("process", _PARSER),  # of no change
    "release": Said("release version identity time state who reason kilobytes signer", _PARSER),
    "last": Said(_HISTORY, _PARSER),
    # Of other verbs that only look.
    "act": Said(_HISTORY, "deploy/history.py deploy/await_outcome.py"),  # or of the signers, without a bundle
    "lacks": Said("line-of-the-list", _SESSION),  # of `compare`
    "token": Said("secret", f"{_SESSION} deploy/doctor/examination.py"),  # of `token`
    "signer": Said("name kind fingerprint options", "cli/commands/signers.py"),  # of `signers`
    "down": Said("name", _SESSION),  # of `token`: a bundle that is deployed and does not run
    "signed": Said("resource name...", "deploy/observation.py"),  # of `answers`: who has answered
    # Of a change.
    "phase": Said("word text", _SESSION),  # see PHASES
    "problem": Said("syntax|import place message requirement", "remote/failures.py"),  # of a bundle's sources
    "shared": Said("resource resources name version process folder", _SESSION),  # with another bundle, by force
    "answer": Said("method resource status milliseconds", _SESSION),
    "log": Said("line", "deploy/outcome.py"),  # of what did not come up
    "pruned": Said("release", f"{_SESSION} deploy/outcome.py"),
    "outcome": Said("word release reason replaced before", "deploy/outcome.py"),  # see OUTCOMES
    "guard": Said("process", "script"),  # the watchdog, which goes on if the worker is killed
}

EXAMINED = {
    # Of `examine.sh`, and with it `by-hand` and `deployed` as above.
    "time": Said("seconds", "deploy/doctor/checks.py deploy/doctor/examination.py deploy/doctor/signers.py"),
    "system": Said("name machine", "deploy/doctor/checks.py"),
    "boot": Said("systemd|init", "deploy/doctor/checks.py"),
    "missing": Said("tool", "deploy/doctor/checks.py"),
    "disk": Said("folder kilobytes files", "deploy/doctor/checks.py"),  # that are free
    "read-only": Said("mount", "deploy/doctor/checks.py"),
    "python": Said("path version", "deploy/doctor/checks.py"),
    "sdk": Said("folder version", "deploy/doctor/checks.py"),
    "broker": Said("open|refused", "deploy/doctor/checks.py"),
    "token": Said("yes|no", "deploy/doctor/examination.py"),
    "bundle": Said("name current runs held what who ended starts", "deploy/doctor/checks.py"),
    "signers": Said(
        "ok|writable|unreadable|broken openssl", "deploy/doctor/signers.py"
    ),  # the list, and the path of openssl
    "signers-part": Said("base64", "deploy/doctor/signers.py"),  # of the list
}

# The words of `phase`, each with its texts. A journal has them too, and so another version of the script. The terminal
# has words for each of them, and for phases of the client's own: `fetch`, `upload` and `prune`.
PHASES = {
    "lock": "",
    "wait": "change who",
    "unpack": "",
    "check": "",
    "beside": "release",  # a candidate is started
    "stop": "what-runs",
    "switch": "release",
    "start": "",
    "confirm": "seconds",
    "take-back": "release",  # that comes back
}

# The words of `outcome`. After a change that is broken off, they come from the history.
OUTCOMES = {
    "up": "release replaced",
    "stopped": "release",
    "removed": "settings|nothing",  # that is left
    "room": "",
    "marked": "release",
    "dropped": "release",
    "not-up": "release reason",
    "back": "release reason replaced before",  # rolled back; and how that ran before
    "down": "release reason",  # and nothing was there before
    "by-hand": "release reason",  # the copy that ran before runs again
    "stuck": "release reason replaced undos",  # those that did not work, or `up` from the history
}

# The reasons of `fail`. Of those behind the line, the client says no more than the word, as a user does not meet them.
FAILURES = {
    "busy": "change who time origin",
    "changed": "release",  # that is current now
    "digest": "text",
    "syntax": "place message",
    "import": "place message requirement",
    "resource": "resources name version process folder",  # that another bundle has
    "broken-off": "phase",
    "signature": "text",
    "signers": "text",
    "unpack": "text",
    "service": "folder text",
    "stop": "text",
    "no-release": "release",
    "no-snapshot": "release",
    "no-log": "name",
    "no-copy": "name folder",  # runs by hand
    "not-root": "process account",
    "current": "release",
    "no-token": "path",
    "no-python": "",
    "space": "folder text",
    "read-only": "folder text",
    # ----
    "usage": "text",
    "name": "name",
    "id": "release",
}
