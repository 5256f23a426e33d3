"""The verbs that change something on a gateway, each with its arguments in the words of the script there: pure.

A command is the verb, the name of the bundle, and `key=value` for each key that the script knows of that verb. The
script refuses other keys, and a command that lacks one.
"""

from __future__ import annotations

Command = tuple[str, ...]


def deploy_command(
    bundle: str,
    *,
    release: str,
    version: str,
    identity: str,
    upload: str,
    replaces: str,
    wait: int,
    keep: int,
    who: str,
    lock_wait: int,
    verify: bool,
    hand_over: bool,
    force: bool,
    write: bool,
    list: str = "",
    signature: str = "",
    folder: str = "",
    kept_settings: bool = False,
) -> Command:
    """Have an upload made the current release.

    Args:
        bundle: its name.
        release: the id that it gets.
        version: of the archive.
        identity: of the archive.
        upload: the place where it is.
        replaces: the id of the release that is current now; empty where there is none.
        wait: seconds for it to register.
        keep: number of good releases to keep.
        who: makes the change.
        lock_wait: seconds to wait for another change to end.
        verify: whether it has to answer its GETs.
        hand_over: whether it is started beside the one that runs.
        force: whether it may have a resource of another bundle.
        write: whether it has to take a PUT as well; not without `verify`.
        list: the digest of the list of its files, if only what changed was uploaded.
        signature: of the archive, or of that list, in base64; empty where there is none.
        folder: of a copy that runs by hand and gives way; empty where there is none.
        kept_settings: whether the settings that are kept on the gateway count, and not those of the copy.
    """
    return _command(
        "deploy",
        bundle,
        release=release,
        version=version,
        identity=identity,
        upload=upload,
        replaces=replaces,
        wait=wait,
        keep=keep,
        who=who,
        lock_wait=lock_wait,
        how=_how(
            no_verify=not verify,
            handover=hand_over,
            force_resource=force,
            write=write and verify,
            kept_settings=kept_settings,
        ),
        list=list,
        signature=signature,
        folder=folder,
    )


def rollback_command(
    bundle: str,
    *,
    release: str,
    replaces: str,
    wait: int,
    who: str,
    lock_wait: int,
    settings: bool,
    verify: bool,
    hand_over: bool,
    force: bool,
    undo: bool,
    mark_bad: bool,
) -> Command:
    """Have an earlier release made the current one; see `deploy_command`.

    Args:
        bundle: its name.
        release: its id.
        replaces: the id of the release that is current now.
        wait: seconds for the bundle to register.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
        settings: whether they become again what they were when that release was left.
        verify: whether it has to answer its GETs.
        hand_over: whether it is started beside the one that runs.
        force: whether it may have a resource of another bundle.
        undo: whether it undoes the last change, and so shortens the trail.
        mark_bad: whether the release that is left is marked as bad.
    """
    return _command(
        "rollback",
        bundle,
        release=release,
        replaces=replaces,
        wait=wait,
        who=who,
        lock_wait=lock_wait,
        settings="settings" * settings,
        how=_how(no_verify=not verify, handover=hand_over, force_resource=force, undo=undo, mark_bad=mark_bad),
    )


def start_command(bundle: str, *, wait: int, who: str, lock_wait: int, force: bool) -> Command:
    """Have the current release started, now and at each boot.

    Args:
        bundle: its name.
        wait: seconds for the bundle to register.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
        force: see `deploy_command`.
    """
    return _command("start", bundle, wait=wait, who=who, lock_wait=lock_wait, how=_how(force_resource=force))


def restart_command(bundle: str, *, wait: int, who: str, lock_wait: int) -> Command:
    """Have the current release stopped and started.

    Args:
        bundle: its name.
        wait: seconds for the bundle to register.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
    """
    return _command("restart", bundle, wait=wait, who=who, lock_wait=lock_wait)


def stop_command(bundle: str, *, who: str, lock_wait: int) -> Command:
    """Have a bundle stopped; it stays stopped over a reboot.

    Args:
        bundle: its name.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
    """
    return _command("stop", bundle, who=who, lock_wait=lock_wait)


def remove_command(bundle: str, *, purge: bool, who: str, lock_wait: int) -> Command:
    """Have a bundle taken off the gateway; with `purge` its settings too.

    Args:
        bundle: its name.
        purge: whether its settings are removed too.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
    """
    return _command("remove", bundle, settings="purge" if purge else "keep", who=who, lock_wait=lock_wait)


def mark_command(bundle: str, *, release: str, mark: str, who: str, lock_wait: int) -> Command:
    """Have a release marked as `good` or `bad`.

    Args:
        bundle: its name.
        release: its id.
        mark: `good` or `bad`.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
    """
    return _command("mark", bundle, release=release, mark=mark, who=who, lock_wait=lock_wait)


def drop_command(bundle: str, *, release: str, who: str, lock_wait: int) -> Command:
    """Have a release removed that is not the current one.

    Args:
        bundle: its name.
        release: its id.
        who: makes the change; see `this_person`.
        lock_wait: seconds to wait for another change to end.
    """
    return _command("drop", bundle, release=release, who=who, lock_wait=lock_wait)


def room_command(bundle: str, *, keep: int, who: str) -> Command:
    """Have old releases removed, so that with the next one there are `keep` good ones.

    Args:
        bundle: its name.
        keep: number of good releases, from 1.
        who: makes the change; see `this_person`.
    """
    return _command("room", bundle, keep=keep, who=who)


def _command(verb: str, bundle: str, **arguments: str | int) -> Command:
    return (verb, bundle, *(f"{key.replace('_', '-')}={value}" for key, value in arguments.items()))


def _how(**words: bool) -> str:
    return " ".join(word.replace("_", "-") for word, is_so in words.items() if is_so)
