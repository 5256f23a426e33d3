"""The options of a rollout, and the policy that they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from bundlekit.cli.rate import parse_rate
from bundlekit.errors import BadUsage
from bundlekit.fleet.waves import Policy, parse_offline, parse_seconds, parse_share, parse_waves, parse_window
from bundlekit.quoting import quoted


@dataclass(frozen=True)
class RolloutOptions:
    """What the command line says of a rollout; texts as typed, for the record."""

    policy: Mapping[str, str] = field(default_factory=dict)
    record: Path | None = None
    junit: Path | None = None
    rate_for_all: int | None = None

    @property
    def is_used(self) -> bool:
        """Whether one of the options was given, which make no sense for one gateway."""
        return bool(self.policy or self.record or self.junit or self.rate_for_all)


_OPTIONS = (
    ("--waves", "SIZES", parse_waves, "Sizes of the waves, such as 1,5,25%,100%; the last size is repeated."),
    ("--soak", "TIME", parse_seconds, "How long a release must run well before the next wave starts, such as 10m."),
    (
        "--max-failed",
        "N|P%",
        parse_share,
        "Stop when more gateways than this have failed; by default at the first failure.",
    ),
    ("--min-tried", "N", int, "With --max-failed in percent: do not stop before this number of gateways was tried."),
    (
        "--offline",
        "wait=TIME|skip|fail",
        parse_offline,
        "Wait for gateways that cannot be reached, skip them, or count them as failed.",
    ),
    (
        "--window",
        "HH:MM-HH:MM",
        parse_window,
        "Start deploys only in this part of the day, by the clock of this machine.",
    ),
    ("--shuffle", "SEED", int, "Shuffle the gateways with this seed; by default they have the order of the inventory."),
    (
        "--on-abort",
        "pause|rollback",
        str,
        "When too many failed: keep the release on gateways that are up, or roll them back.",
    ),
)


def rollout_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of a rollout; it gets them as one `rollout`."""
    from functools import wraps

    names = [option[2:].replace("-", "_") for option, *_ in _OPTIONS]

    @wraps(function)
    def gathered(*, record: Path | None, junit: Path | None, rate_for_all: int | None, **others: Any) -> Any:
        said = {name: others.pop(name) for name in names}
        policy = {name: text for name, text in said.items() if text is not None}
        policy_of(policy)  # so that what makes no sense is said before anything is done
        return function(rollout=RolloutOptions(policy, record, junit, rate_for_all), **others)

    decorated: Callable[..., Any] = gathered
    for decorate in (
        click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="For several gateways: also write a JUnit report to this file, with one case per gateway."),
        click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="Write the record of the rollout to this new file, not to the folder of `rollout list`."),
        click.option("--limit-rate-all", "rate_for_all", metavar="BYTES", callback=parse_rate,
                     help="Upload at most this many bytes per second to all gateways together."),
        *(click.option(option, metavar=metavar, help=text) for option, metavar, _, text in reversed(_OPTIONS)),
    ):  # fmt: skip
        decorated = decorate(decorated)
    return decorated


def policy_of(said: Mapping[str, str], *, jobs: int = 50, per_jump_host: int = 10) -> Policy:
    """What the options of a rollout mean.

    Args:
        said: their texts, by name.
        jobs: gateways at a time.
        per_jump_host: of them by way of one jump host.

    Raises:
        BadUsage: one makes no sense.
    """
    values: dict[str, Any] = {}
    for option, metavar, parse, _ in _OPTIONS:
        name = option[2:].replace("-", "_")
        if name not in said:
            continue
        try:
            values[name] = parse(said[name])
        except ValueError as error:
            raise BadUsage(
                f"{option} {quoted(said[name])} is not a number", hint=f"write {option} {metavar}"
            ) from error
    if values.get("on_abort", "pause") not in ("pause", "rollback"):
        raise BadUsage(f"--on-abort {quoted(values['on_abort'])} is neither pause nor rollback")
    if "shuffle" in values:
        values["seed"] = values.pop("shuffle")
    return replace(Policy(), jobs=jobs, per_jump_host=per_jump_host, **values)
