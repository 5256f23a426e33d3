"""The action `bundle`; plugins/modules/bundle.py documents it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.action import GatewayAction
from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.archives import check_signed, checked
from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.records import PlayRecord

try:
    from bundlekit.deploy import verbs
    from bundlekit.deploy.plan import Action
    from bundlekit.errors import BadUsage
    from bundlekit.library.rate import rate_in
except ImportError:  # which the action reports
    pass

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome
    from bundlekit.remote.events import BundleState
    from bundlekit.remote.session import Session


class ActionModule(GatewayAction):
    ARGUMENTS: ClassVar = {
        "name": {"type": "str"},
        "src": {"type": "path"},
        "state": {
            "type": "str",
            "default": "present",
            "choices": ["present", "absent", "started", "stopped", "restarted"],
        },
        "wait": {"type": "int", "default": 60},
        "wait_lock": {"type": "int", "default": 0},
        "verify": {"type": "bool", "default": True},
        "handover": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "keep": {"type": "int", "default": 3},
        "rate": {"type": "str"},
        "require_newer": {"type": "bool", "default": False},
        "require_signature": {"type": "bool", "default": False},
        "purge": {"type": "bool", "default": False},
        "record": {"type": "str"},
    }
    RULES: ClassVar = {
        "required_if": [
            ("state", "present", ("src",)),
            *(("state", state, ("name",)) for state in ("absent", "started", "stopped", "restarted")),
        ]
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        for name, least, most in (("wait", 5, 3600), ("wait_lock", 0, 86_400), ("keep", 1, 100)):
            if not least <= arguments[name] <= most:
                raise AnsibleActionFail(f"{name} is {arguments[name]}, and has to be from {least} to {most}")
        if arguments["state"] == "present":
            return self._present(arguments)
        if arguments["src"] is not None:
            raise AnsibleActionFail(f"src is for `state: present`, and state is {arguments['state']}")
        if arguments["record"] is not None:
            raise AnsibleActionFail(f"record is for `state: present`, and state is {arguments['state']}")
        name = arguments["name"]
        with self.session() as session:
            if arguments["state"] == "absent":
                return self._absent(session, name, arguments)
            return self._service(session, name, arguments)

    def _present(self, arguments: dict[str, Any]) -> dict[str, Any]:
        rate = _rate(arguments["rate"])
        source = self.source(arguments["src"])
        bundle = checked(source)
        archive = bundle.archive
        check_signed(archive, source, required=arguments["require_signature"])
        if arguments["name"] not in (None, archive.name):
            raise AnsibleActionFail(f"name is {arguments['name']}, and the bundle in src is called {archive.name}")
        how = {name: arguments[name] for name in ("keep", "verify", "force")}
        how |= {"hand_over": arguments["handover"], "write": bundle.keeps_writes, "newer": arguments["require_newer"]}
        if arguments["record"] is not None and not self._task.check_mode:
            file = Path(self._loader.path_dwim(arguments["record"]))
            self.record = PlayRecord(file, archive, str(self._variables.get("inventory_hostname", "")))
        with self.session() as session:
            if self._task.check_mode:
                done = verbs.preview(session, archive, self.progress, **how)
            else:
                waits = {name: arguments[name] for name in ("wait", "wait_lock")}
                noted = self.record.order if self.record else lambda *_: None
                done = verbs.deploy(session, archive, self.progress, rate=rate, before_order=noted, **waits, **how)
        if self.record:
            self.record.end(done)
        before = done.gateway.bundle(archive.name)
        changes = done.plan.action is not Action.NOTHING
        after = _described(archive.version, done.plan.release) if changes else _seen(before)
        result = self._result(archive.name, changes, _seen(before), after, done.outcome)
        result |= {"version": archive.version, "release": done.plan.release, "plan": list(done.plan.steps)}
        if bundle.findings:
            result["findings"] = list(bundle.findings)
        return result

    def _service(self, session: Session, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Have it started, stopped or restarted."""
        state = self.state_there(session, name)
        wanted = arguments["state"]
        waits = {"wait_lock": arguments["wait_lock"]}
        is_up = state.at_boot and state.is_well
        is_stopped = not state.at_boot and not state.running and state.is_well
        changes = {"started": not is_up, "stopped": not is_stopped, "restarted": True}[wanted]
        outcome = None
        if changes and not self._task.check_mode:
            if wanted == "stopped":
                outcome = verbs.stop(session, name, self.progress, **waits)
            elif wanted == "started":
                force, wait = arguments["force"], arguments["wait"]
                outcome = verbs.start(session, name, self.progress, wait=wait, force=force, **waits)
            else:
                outcome = verbs.restart(session, name, self.progress, wait=arguments["wait"], **waits)
        runs = wanted != "stopped"
        after = _described(state.version, state.current, runs=runs, at_boot=runs) if changes else _seen(state)
        result = self._result(name, changes, _seen(state), after, outcome)
        return result | {"version": state.version, "release": state.current}

    def _absent(self, session: Session, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        state = session.probe(name).bundle(name)
        is_deployed = bool(state.current or state.releases or state.running)
        changes = is_deployed or (state.is_there and (arguments["purge"] or not state.settings))
        outcome = None
        if changes and not self._task.check_mode:
            purge, wait_lock = arguments["purge"], arguments["wait_lock"]
            outcome = verbs.remove(session, name, self.progress, purge=purge, wait_lock=wait_lock)
        kept = state.settings and not arguments["purge"]
        result = self._result(name, changes, _seen(state), ["settings: kept"] if kept else [], outcome)
        return result | {"settings_kept": kept}

    def _result(
        self, name: str, changes: bool, before: list[str], after: list[str], outcome: Outcome | None
    ) -> dict[str, Any]:
        word = outcome.word if outcome else "planned" if changes else "unchanged"
        result: dict[str, Any] = {"changed": changes, "name": name, "outcome": word}
        if outcome and outcome.replaced:
            result["replaced"] = outcome.replaced
        if outcome and outcome.pruned:
            result["pruned"] = list(outcome.pruned)
        if self._task.diff and changes:
            texts = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
            result["diff"] = dict(zip(("before", "after"), texts, strict=True), before_header=name, after_header=name)
        return result


def _rate(text: str | None) -> int | None:
    try:
        return None if text is None else rate_in(text)
    except BadUsage as error:
        raise AnsibleActionFail(f"rate: {error.message}") from None


def _seen(state: BundleState) -> list[str]:
    """A bundle as it was found, for a diff."""
    if not state.current:
        return ["settings: kept"] if state.settings else []
    runs = state.running is not None and state.running.registered
    return _described(state.version, state.current, runs=runs, at_boot=state.at_boot)


def _described(version: str, release: str, *, runs: bool = True, at_boot: bool = True) -> list[str]:
    words = ("no", "yes")
    return [f"version: {version}", f"release: {release}", f"runs: {words[runs]}", f"starts at boot: {words[at_boot]}"]
