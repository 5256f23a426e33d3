"""Rollouts from the command line: how one begins, goes on, or would go."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.fleet_access import Fleet, FleetAccess
from bundlekit.cli.rollout_options import RolloutOptions, policy_of
from bundlekit.cli.rollout_records import folder_of_records, new_record, note_last
from bundlekit.cli.systems import require_unix
from bundlekit.errors import CouldNotRun

if TYPE_CHECKING:
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.fleet.job import Job
    from bundlekit.fleet.record import Record
    from bundlekit.fleet.story import Story
    from bundlekit.pack.archive import Archive

Checked = Sequence[tuple["Archive", bool]]
_HOW = ("wait", "wait_lock", "keep", "verify", "hand_over", "force", "write", "newer")


def begin(access: FleetAccess, checked: Checked, options: RolloutOptions, *, form: str, **how: Any) -> int:
    """Begin a rollout of one or several archives, and carry it out.

    Args:
        access: which gateways, and how to log in.
        checked: archives of bundles without errors, in the order of the deploys; and whether each has to keep what is
            written.
        options: of the rollout.
        form: `text` or `json`.
        how: of each deploy.

    Returns:
        The exit code.

    Raises:
        CouldNotRun: this is Windows, or the record cannot be written.
    """
    require_unix("rollout")
    from bundlekit.fleet.record import Record, keep_archive, new_id

    id = new_id(time.time())
    path = options.record or new_record(id)
    head = {"id": id, **head_of(access, checked, options, how)}
    archives = [archive for archive, _ in checked]
    with Fleet(access) as fleet:  # asks for what it needs before there is a record
        for archive in archives:
            keep_archive(path, archive.digest, archive.data, archive.signatures)
        with Record(path, head=head) as record:
            return _carry_out(fleet, record, archives, gateways=fleet.gateways, junit=options.junit, form=form)


def head_of(access: FleetAccess, checked: Checked, options: RolloutOptions, how: Mapping[str, Any]) -> dict[str, Any]:
    """What a record begins with: all that it takes to go on elsewhere, but no password.

    Args:
        access: how to log in.
        checked: what is rolled out, see `begin`.
        options: of the rollout.
        how: the options of each deploy, by their names.
    """
    from bundlekit.deploy.verbs import this_person

    bundles = [
        {
            "bundle": archive.name,
            "version": archive.version,
            "identity": archive.identity,
            "digest": archive.digest,
            "write": write,
        }
        for archive, write in checked
    ]
    return {
        **(bundles[0] if len(bundles) == 1 else {"bundles": bundles}),
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


def preview(access: FleetAccess, checked: Checked, options: RolloutOptions, *, form: str, **how: Any) -> int:
    """Show what a rollout would do, against the real state of all gateways; changes nothing.

    Args:
        access: how to log in.
        checked: what would be rolled out, see `begin`.
        options: of the rollout.
        form: `text` or `json`.
        how: the options of each deploy, by their names.
    """
    from bundlekit.cli.for_each import GatewayResult, QuietListener, for_each
    from bundlekit.deploy import verbs

    policy = policy_of(options.policy, jobs=access.jobs, per_jump_host=access.per_jump_host)
    choices = {name: how[name] for name in ("keep", "verify", "hand_over", "force", "newer")}

    def act(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        listener = QuietListener()
        with fleet.session(gateway) as session:
            plans = [
                (archive, verbs.preview(session, archive, listener, **choices, write=write).plan)
                for archive, write in checked
            ]
        steps = [list(plan.steps or ("nothing: this archive already runs there",)) for _, plan in plans]
        lines = [
            f"{archive.name} {archive.version}: {'; '.join(each)}"
            for (archive, _), each in zip(plans, steps, strict=True)
        ]
        fields: dict[str, Any] = {"steps": steps[0], "release": plans[0][1].release}
        if len(plans) > 1:
            fields = {
                "bundles": [
                    {"bundle": archive.name, "steps": each, "release": plan.release}
                    for (archive, plan), each in zip(plans, steps, strict=True)
                ]
            }
        return GatewayResult(tuple(lines), fields=fields, notes=tuple(listener.notes))

    code = for_each(access, act, form=form)
    if form == "text":
        total = len(access.meant.gateways)
        sizes = [share.of(total) or 1 for share in policy.waves]
        gateways = "gateway" if sizes == [1] else "gateways"
        click.echo(
            f"waves of {', '.join(map(str, sizes))} {gateways}; the last size is repeated until all {total} are done"
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

    Raises:
        CouldNotRun: the record or its archive cannot be read, or another process goes on with it.
    """
    require_unix("rollout")
    from bundlekit.fleet.record import Record, archive_place
    from bundlekit.fleet.states import FAILED
    from bundlekit.pack.reading import read_archive

    if max_failed is not None:
        policy_of({"max_failed": max_failed})
    with Record(path) as record:
        archives = []
        for one in record.story.bundles:
            archives.append(read_archive(archive_place(path, str(one["digest"]))))
            if archives[-1].digest != one["digest"]:
                raise CouldNotRun(
                    f"the archive beside {path} is not the archive of the rollout", kept="no gateway was asked"
                )
        if retries:
            failed = [known.name for known in record.story.gateways if known.state in FAILED]
            record.add_all([("retry", {"gateway": name}) for name in failed])
        gateways = _gateways_of(record.story, access)
        with Fleet(_with(access, gateways), _to_prepare(record.story, gateways, reverts=reverts)) as fleet:
            return _carry_out(
                fleet,
                record,
                archives,
                gateways=gateways,
                junit=junit,
                form=form,
                reverts=reverts,
                max_failed=max_failed,
            )


def _to_prepare(story: Story, gateways: tuple[Gateway, ...], *, reverts: bool) -> tuple[Gateway, ...]:
    """Those that there may be a log-in to. To ask ssh about all the others of a large rollout takes seconds."""
    policy = policy_of(story.head["policy"])
    if reverts or policy.on_abort == "rollback":
        return gateways
    settled = {known.name for known in story.gateways if known.memory(0.0).is_settled(soaks=bool(policy.soak))}
    return tuple(gateway for gateway in gateways if gateway.name not in settled)


def _gateways_of(story: Story, access: FleetAccess) -> tuple[Gateway, ...]:
    """The gateways of a record, with the secrets that the inventory has for them."""
    from bundlekit.fleet.inventory import Gateway, read_inventory

    file = access.inventory or (Path(story.head["inventory"]) if story.head.get("inventory") else None)
    said = {}
    if file is not None and file.exists():
        said = {one.name: one for one in read_inventory(file).gateways}

    def secrets_of(name: str) -> dict[str, Any]:
        one = said.get(name, Gateway(name, name))
        return {"password": one.password, "password_of": one.password_of, "password_kept_as": one.password_kept_as}

    return tuple(
        Gateway(
            str(one["name"]),
            str(one["target"]),
            Path(one["identity"]) if one.get("identity") else None,
            tuple(map(str, one.get("ssh_options", ()))),
            tuple(map(str, one.get("groups", ()))),
            **secrets_of(str(one["name"])),
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
    archives: Sequence[Archive],
    *,
    gateways: tuple[Gateway, ...],
    junit: Path | None,
    form: str,
    reverts: bool = False,
    max_failed: str | None = None,
) -> int:
    from bundlekit.cli.rollout_report import RolloutReport, summarize, write_junit
    from bundlekit.fleet.engine import Engine
    from bundlekit.fleet.shared_rate import SharedRate

    note_last(record.path)
    story = record.story
    head = story.head
    said = {**head["policy"], **({"max_failed": max_failed} if max_failed is not None else {})}
    policy = policy_of(said, jobs=fleet.access.jobs, per_jump_host=fleet.access.per_jump_host)
    how = {name: value for name, value in head["how"].items() if name in _HOW}
    each, total = head["how"].get("rate"), head.get("rate_for_all")
    how["rate"] = SharedRate(total, each) if total else each
    is_listed = record.path.parent == folder_of_records()
    named = story.id if is_listed else shlex.quote(str(record.path.absolute()))
    report = RolloutReport(story, record.path, named=named, form=form)
    jump_hosts = {gateway.name: way for gateway in fleet.gateways if (way := fleet.jump_host(gateway))}

    def place(gateway: Gateway) -> tuple[str, int] | None:
        address = fleet.address(gateway)
        return None if address.proxy is not None else (address.host, address.port)

    engine = Engine(
        record,
        gateways,
        [_job_of(record, archive, how, one) for archive, one in zip(archives, story.bundles, strict=True)],
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
    from bundlekit.fleet.states import State

    if junit:
        write_junit(junit, record.story)
    summarize(record.story, status)
    if reverts and not record.story.count(State.NEEDS_HUMAN):
        left = any(known.state is State.UP or known.is_partial for known in record.story.gateways)
        return EXIT_OFFLINE if left else 0  # those that are up could not be reached
    return exit_code(record.story.gateways, is_done=status == "done")


def _job_of(record: Record, archive: Archive, how: Mapping[str, Any], entry: Mapping[str, Any]) -> Job:
    """What is done with each gateway. What its bundle promises is read from the archive beside the record.

    Args:
        record: of the rollout.
        archive: of one of its bundles.
        how: each deploy is made.
        entry: what the record begins with about this bundle.
    """
    from bundlekit.deploy.contract_check import plan_checks
    from bundlekit.fleet.job import Job
    from bundlekit.fleet.record import archive_place
    from bundlekit.pack.reading import open_archive

    bundle = open_archive(archive_place(record.path, archive.digest))
    manifest, checks = plan_checks(bundle, {}, write=False)
    how = {"write": entry.get("write", False), **how}  # which was for all, in records of earlier versions
    return Job(archive, manifest, checks if how["verify"] else (), how)
