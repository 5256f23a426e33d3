"""Rollouts from the command line: where their records are, how one begins and goes on, and what is shown of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.fleet_access import Fleet, FleetAccess
from bundlekit.cli.rate import parse_rate
from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.fleet.waves import Policy, parse_offline, parse_seconds, parse_share, parse_waves, parse_window
from bundlekit.quoting import quoted

if TYPE_CHECKING:
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.fleet.record import Record, Story
    from bundlekit.pack.archive import Archive

_SUFFIX = ".jsonl"
_HOW = ("wait", "wait_lock", "keep", "verify", "hand_over", "force", "write")


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


def folder_of_records() -> Path:
    """Where the records are that `--record` does not put elsewhere."""
    from platformdirs import user_state_path

    return user_state_path("bundlekit", appauthor=False) / "rollouts"


def find_record(named: str | None) -> Path:
    """The record of a rollout: by its file, its id or the begin of that; None for the last one.

    Raises:
        BadUsage: there is none, or there are several.
    """
    if named and (os.sep in named or named.endswith(_SUFFIX)):
        return Path(named)
    known = sorted(folder_of_records().glob(f"*{_SUFFIX}"))
    fits = [path for path in known if path.stem == named] or [
        path for path in known if path.stem.startswith(named or "")
    ]
    if not fits:
        raise BadUsage(
            f"there is no rollout {quoted(named)}" if named else "there is no rollout yet",
            hint="`bundlekit rollout list` shows all rollouts",
        )
    if named and len(fits) > 1:
        raise BadUsage(f"{quoted(named)} matches several rollouts", hint=f"they are {', '.join(p.stem for p in fits)}")
    return fits[-1]


def begin(
    access: FleetAccess, archive: Archive, resources: Sequence[str], options: RolloutOptions, *, form: str, **how: Any
) -> int:
    """Begin a rollout of an archive, and carry it out.

    Args:
        access: which gateways, and how to log in.
        archive: of a bundle without errors.
        resources: that are asked at the end of the soak, by GET.
        options: of the rollout.
        form: `text` or `json`.
        how: of each deploy.

    Returns:
        The exit code.
    """
    from bundlekit.fleet.record import Record, keep_archive, new_id

    id = new_id(time.time())
    path = options.record or folder_of_records() / f"{id}{_SUFFIX}"
    head = {"id": id, "resources": list(resources), **head_of(access, archive, options, how)}
    with Fleet(access) as fleet:  # asks for what it needs before there is a record
        keep_archive(path, archive.digest, archive.data)
        with Record(path, head=head) as record:
            return _carry_out(fleet, record, archive, junit=options.junit, form=form)


def head_of(access: FleetAccess, archive: Archive, options: RolloutOptions, how: Mapping[str, Any]) -> dict[str, Any]:
    """What a record begins with: all that it takes to go on elsewhere, but no password."""
    from bundlekit.deploy.verbs import this_person

    return {
        "bundle": archive.name,
        "version": archive.version,
        "identity": archive.identity,
        "digest": archive.digest,
        "by": this_person(),
        "policy": dict(options.policy),
        "rate_for_all": options.rate_for_all,
        "how": {name: value for name, value in how.items() if name in (*_HOW, "rate")},
        "inventory": str(access.meant.inventory.absolute()) if access.meant.inventory else None,
        "gateways": [
            {
                "name": gateway.name,
                "target": gateway.target,
                "identity": str(gateway.identity) if gateway.identity else None,
                "ssh_options": list(gateway.ssh_options),
                "groups": list(gateway.groups),
            }
            for gateway in access.meant.gateways
        ],
    }


def asked_resources(path: Path) -> tuple[str, ...]:
    """The resources of a bundle that can be asked by GET as they stand in its bundle.json."""
    from bundlekit.bundle.manifest import manifest_of
    from bundlekit.cli.archive import bundle_at

    resources = manifest_of(bundle_at(path)).resources
    return tuple(one.path for one in resources if "get" in one.methods and ":" not in one.path and one.role == "model")


def preview(access: FleetAccess, archive: Archive, options: RolloutOptions, *, form: str, **how: Any) -> int:
    """Show what a rollout would do, against the real state of all gateways; changes nothing."""
    from bundlekit.cli.for_each import GatewayResult, QuietListener, for_each
    from bundlekit.deploy import verbs

    policy = policy_of(options.policy, jobs=access.jobs, per_jump_host=access.per_jump_host)
    choices = {name: how[name] for name in ("keep", "verify", "hand_over", "force", "write")}

    def act(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        listener = QuietListener()
        with fleet.session(gateway) as session:
            plan = verbs.preview(session, archive, listener, **choices).plan
        steps = plan.steps or ("nothing: this archive already runs there",)
        said = f"{archive.name} {archive.version}: {'; '.join(steps)}"
        return GatewayResult(
            (said,), fields={"steps": list(steps), "release": plan.release}, notes=tuple(listener.notes)
        )

    code = for_each(access, act, form=form)
    if form == "text":
        total = len(access.meant.gateways)
        sizes = [share.of(total) or 1 for share in policy.waves]
        click.echo(
            f"waves of {', '.join(map(str, sizes))} gateways; the last size is repeated until all {total} are done"
        )
    return code


def go_on(
    access: FleetAccess,
    path: Path,
    *,
    form: str,
    junit: Path | None = None,
    retries: bool = False,
    reverts: bool = False,
    max_failed: str | None = None,
) -> int:
    """Go on with a rollout, wherever it was stopped or killed.

    Args:
        access: how to log in; its targets and its inventory count for secrets alone.
        path: of the record.
        form: `text` or `json`.
        junit: a file to write a case a gateway to.
        retries: whether those that failed get another try.
        reverts: whether those that are up get their earlier release again, and nothing else is done.
        max_failed: in place of what the rollout began with.

    Returns:
        The exit code.
    """
    from bundlekit.fleet.record import Record, archive_place
    from bundlekit.fleet.scheduler import FAILED
    from bundlekit.pack.reading import read_archive

    if max_failed is not None:
        policy_of({"max_failed": max_failed})
    with Record(path) as record:
        head = record.story.head
        archive = read_archive(archive_place(path, str(head["digest"])))
        if archive.digest != head["digest"]:
            raise CouldNotRun(
                f"the archive beside {path} is not the archive of the rollout", kept="no gateway was asked"
            )
        if retries:
            failed = [known.name for known in record.story.gateways if known.state in FAILED]
            record.add_all([("retry", {"gateway": name}) for name in failed])
        gateways = _gateways_of(record.story, access)
        with Fleet(_with(access, gateways), gateways) as fleet:
            return _carry_out(fleet, record, archive, junit=junit, form=form, reverts=reverts, max_failed=max_failed)


def _gateways_of(story: Story, access: FleetAccess) -> tuple[Gateway, ...]:
    """The gateways of a record, with the secrets that the inventory has for them."""
    from bundlekit.fleet.inventory import Gateway, read_inventory

    file = access.inventory or (Path(story.head["inventory"]) if story.head.get("inventory") else None)
    passwords = {}
    if file is not None and file.exists():
        passwords = {one.name: one.password for one in read_inventory(file).gateways}
    return tuple(
        Gateway(
            str(one["name"]),
            str(one["target"]),
            Path(one["identity"]) if one.get("identity") else None,
            tuple(map(str, one.get("ssh_options", ()))),
            tuple(map(str, one.get("groups", ()))),
            passwords.get(str(one["name"])),
        )
        for one in story.head["gateways"]
    )


def _with(access: FleetAccess, gateways: tuple[Gateway, ...]) -> FleetAccess:
    from bundlekit.cli.inventories import Meant

    given = replace(access)
    given.__dict__["meant"] = Meant(gateways, access.inventory or Path(), is_single=False)  # what it would look up
    return given


def _carry_out(
    fleet: Fleet,
    record: Record,
    archive: Archive,
    *,
    junit: Path | None,
    form: str,
    reverts: bool = False,
    max_failed: str | None = None,
) -> int:
    from bundlekit.cli.rollout_report import RolloutReport
    from bundlekit.fleet.engine import Engine, Job, SharedRate

    story = record.story
    head = story.head
    said = {**head["policy"], **({"max_failed": max_failed} if max_failed is not None else {})}
    policy = policy_of(said, jobs=fleet.access.jobs, per_jump_host=fleet.access.per_jump_host)
    how = {name: value for name, value in head["how"].items() if name in _HOW}
    each, total = head["how"].get("rate"), head.get("rate_for_all")
    how["rate"] = SharedRate(total, each) if total else each
    report = RolloutReport(story, record.path, form=form)
    jump_hosts = {gateway.name: way for gateway in fleet.gateways if (way := fleet.jump_host(gateway))}

    def place(gateway: Gateway) -> tuple[str, int] | None:
        address = fleet.address(gateway)
        return None if address.proxy is not None else (address.host, address.port)

    engine = Engine(
        record,
        fleet.gateways,
        Job(archive, tuple(head.get("resources", ())), how),
        policy,
        report,
        session=fleet.session,
        place=place,
        via=jump_hosts,
    )
    if reverts:
        engine.scheduler.halt("rolled back", reverts=True)
    report.begin()
    status = "running"
    try:
        status = engine.run()
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        report.end(record.story, status)
    from bundlekit.fleet.report import EXIT_OFFLINE, exit_code
    from bundlekit.fleet.scheduler import State

    if junit:
        write_junit(junit, record.story)
    summarize(record.story, status)
    if reverts and not record.story.count(State.NEEDS_HUMAN):
        return EXIT_OFFLINE if record.story.count(State.UP) else 0  # those that are up could not be reached
    return exit_code(record.story.gateways, is_done=status == "done")


def write_junit(file: Path, story: Story) -> None:
    """Write a case a gateway.

    Raises:
        CouldNotRun: the file cannot be written.
    """
    from bundlekit.fleet.report import junit

    try:
        file.write_bytes(junit(f"{story.head.get('bundle')} {story.head.get('version')}", story.gateways))
    except OSError as error:
        raise CouldNotRun(f"cannot write {file}: {error.strerror}") from error


def summarize(story: Story, status: str) -> None:
    """Add a summary in Markdown to the page of a CI system, where it has one."""
    from bundlekit.cli.deploy_report import code, markdown
    from bundlekit.fleet.report import counts_in_words, groups_of, lines_of

    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        return
    is_well = status == "done" and not groups_of(story.gateways)
    what = f"Rollout of {story.head.get('bundle')} {story.head.get('version')}"
    lines = [f"### {'✅' if is_well else '❌'} {markdown(what)}", f"- {markdown(counts_in_words(story.gateways))}"]
    lines += [f"- {markdown(f'{status}: {story.reason}' if story.reason else status)}"]
    lines += ["", *code(lines_of(story.gateways))]
    try:
        with Path(page).open("a", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n\n")
    except OSError as error:
        click.echo(f"note: no summary: cannot write {page}: {error.strerror}", err=True)
