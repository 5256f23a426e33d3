"""The action `bundle_verify`; plugins/modules/bundle_verify.py documents it."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.action import GatewayAction

try:
    from bundlekit.library.checking import bundle_at
    from bundlekit.library.reports import contract_report
    from bundlekit.library.verifying import verify_contract
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
        bundle = bundle_at(self.source(arguments["src"]))
        with self.session() as session:
            done = verify_contract(session, bundle, parameters, write=write, max_time=_PATIENCE)
            name = session.name
        for note in done.notes:
            self.progress.note(note)
        manifest = done.manifest
        report = contract_report(manifest, name, done.results)
        is_other = done.version is not None and done.version != manifest.version
        broken = done.broken + (done.unchecked if arguments["strict"] else ())
        found: dict[str, Any] = {
            "changed": False,
            "name": manifest.name,
            "version": done.version,
            "release": done.release or None,
            "results": report["results"],
            "summary": report["summary"],
        }
        if broken or (arguments["strict"] and is_other):
            words = [f"{one.check.method} {one.check.resource} {one.words}".strip() for one in broken]
            words = words or [f"version {done.version} runs there, and {manifest.version} is the one of src"]
            found |= {
                "failed": True,
                "reason": "broken",
                "msg": f"{manifest.name} breaks a promise: {'; '.join(words)}",
            }
        return found
