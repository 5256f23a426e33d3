"""The action `bundle_info`; plugins/modules/bundle_info.py documents it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.action import GatewayAction

try:
    from bundlekit.deploy.history import read_history
    from bundlekit.library.reports import gateway_report
except ImportError:  # which the action reports
    pass


class ActionModule(GatewayAction):
    ARGUMENTS: ClassVar = {"name": {"type": "str"}, "history": {"type": "int", "default": 0}}

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name, lines = arguments["name"], arguments["history"]
        if not 0 <= lines <= 1000:
            raise AnsibleActionFail(f"history is {lines}, and has to be from 0 to 1000")
        with self.session() as session:
            gateway = session.probe(name)
            entries = read_history(session, name, lines) if lines else []
        found = gateway_report(gateway)
        well = {state.name: state.is_well for state in gateway.bundles}
        bundles = [{**one, "well": well[one["name"]]} for one in found.pop("bundles") if one["is_there"]]
        by_hand = found.pop("by_hand")
        history = [asdict(entry) for entry in entries]
        return {"changed": False, "gateway": found, "bundles": bundles, "by_hand": by_hand, "history": history}
