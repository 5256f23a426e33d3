"""What is recorded: changes of a bundle, one after the other, and what may be there when each is cut off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class End:
    """What a gateway may come to.

    Attributes:
        version: that runs and answers; empty if none does.
        generation: of the settings; None if there are none, or they do not matter.
        deployed: whether there is a release at all.
    """

    version: str
    generation: int | None
    deployed: bool = True


GONE = End("", None, deployed=False)


@dataclass(frozen=True)
class Change:
    """A command of the client.

    Attributes:
        name: of it.
        verb: of it, as the history tells it.
        arguments: of the command, `{1.2.0}` for the archive of that version.
        ends: what the gateway may come to when it is cut off before anybody was told; the last one is what it has come
            to once the client was told.
        code: the client's exit code.
        put: the generation of the settings that the user makes before it, None for none.
        last_words: whether what runs then writes the next generation when it stops.
    """

    name: str
    verb: str
    arguments: tuple[str, ...]
    ends: tuple[End, ...]
    code: int = 0
    put: int | None = None
    last_words: bool = False


SPOILS = "1.3.0"
NEXT = "2.0.0"  # what is deployed after each cut
_DEPLOY = ("--wait", "20", "--bundle")

CHANGES = (
    Change("first", "deploy", (*_DEPLOY, "{1.1.0}"), (GONE, End("1.1.0", 0))),
    Change("upgrade", "deploy", (*_DEPLOY, "{1.2.0}"), (End("1.1.0", 1), End("1.2.0", 1)), put=1),
    Change("taken-back", "deploy", (*_DEPLOY, "{1.3.0}"), (End("1.2.0", 2),), code=1, put=2),
    Change("rollback", "rollback", ("1.1.0", "--wait", "20"), (End("1.2.0", 2), End("1.1.0", 2))),
    Change(
        "rollback-settings",
        "rollback",
        ("1.2.0", "--wait", "20", "--settings"),
        (End("1.1.0", 3), End("1.2.0", 2)),
        put=3,
    ),
    Change("handover", "deploy", ("--handover", *_DEPLOY, "{1.4.0}"), (End("1.2.0", 2), End("1.4.0", 2))),
    Change(
        "handover-last-words",
        "deploy",
        ("--handover", *_DEPLOY, "{1.5.0}"),
        (End("1.4.0", 4), End("1.4.0", 5), End("1.5.0", 5)),
        put=4,
        last_words=True,
    ),
    Change("restart", "restart", (), (End("1.5.0", 5),)),
    Change("stop", "stop", (), (End("1.5.0", 5), End("", 5))),
    Change("start", "start", (), (End("", 5), End("1.5.0", 5))),
    Change("remove", "remove", ("--yes",), (End("1.5.0", 5), End("", 5, deployed=False))),
    Change("return", "deploy", (*_DEPLOY, "{1.6.0}"), (End("", 5, deployed=False), End("1.6.0", 5))),
    Change("purge", "remove", ("--purge", "--yes"), (End("1.6.0", 5), GONE)),
)

# What it takes to show each of `mends.MENDS`, and no more.
FEW = (
    CHANGES[0],
    CHANGES[1],
    Change(
        "rollback-settings",
        "rollback",
        ("1.1.0", "--wait", "20", "--settings"),
        (End("1.2.0", 2), End("1.1.0", 1)),
        put=2,
    ),
    Change(
        "handover-last-words",
        "deploy",
        ("--handover", *_DEPLOY, "{1.4.0}"),
        (End("1.1.0", 4), End("1.1.0", 5), End("1.4.0", 5)),
        put=4,
        last_words=True,
    ),
)

CHAINS = {"all": CHANGES, "few": FEW}
VERSIONS = ("1.1.0", "1.2.0", SPOILS, "1.4.0", "1.5.0", "1.6.0", NEXT)
