"""The action `bundle_verify`; plugins/modules/bundle_verify.py documents it."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.action import GatewayAction

try:
    from bundlekit.cli.archive import bundle_at
    from bundlekit.cli.commands.verify import report_of
    from bundlekit.deploy.contract_check import judge, look_at, notes_on, plan_checks
    from bundlekit.gateway.client import GatewayClient
    from bundlekit.gateway.contract import Verdict
except ImportError:  # which the action reports
    pass

_PATIENCE = 70  # seconds for a request; the gateway itself gives up after 60


class ActionModule(GatewayAction):
    ARGUMENTS: ClassVar = {
        "src": {"type": "path", "required": True},
        "params": {"type": "dict", "default": {}},
        "write": {"type": "bool", "default": False},
        "strict": {"type": "bool", "default": False},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        parameters = {str(name).removeprefix(":"): str(value) for name, value in arguments["params"].items()}
        # To send back what was read changes nothing for a bundle that keeps its promises, but is a change to others.
        write = arguments["write"] and not self._task.check_mode
        manifest, checks = plan_checks(bundle_at(self.source(arguments["src"])), parameters, write=write)
        with self.session() as session:
            token = session.api_token()
            seen = look_at(session, manifest, checks)
            gateway = GatewayClient.over(session.open_api, token, name=session.name, timeout=_PATIENCE)
            results = list(judge(manifest, checks, gateway, seen))
        for note in notes_on(manifest, results, seen):
            self.progress.note(note)
        report = report_of(manifest, session.name, results)
        is_other = seen.version is not None and seen.version != manifest.version
        failing = {Verdict.BROKEN, Verdict.UNCHECKED} if arguments["strict"] else {Verdict.BROKEN}
        broken = [one for one in results if one.verdict in failing]
        found: dict[str, Any] = {
            "changed": False,
            "name": manifest.name,
            "version": seen.version,
            "release": seen.release or None,
            "results": report["results"],
            "summary": report["summary"],
        }
        if broken or (arguments["strict"] and is_other):
            words = [f"{one.check.method} {one.check.resource} {one.words}".strip() for one in broken]
            words = words or [f"version {seen.version} runs there, and {manifest.version} is the one of src"]
            found |= {
                "failed": True,
                "reason": "broken",
                "msg": f"{manifest.name} breaks a promise: {'; '.join(words)}",
            }
        return found
