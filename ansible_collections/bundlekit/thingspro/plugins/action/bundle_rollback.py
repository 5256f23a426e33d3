"""The action `bundle_rollback`; plugins/modules/bundle_rollback.py documents it."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.action import GatewayAction

try:
    from bundlekit.deploy import verbs
    from bundlekit.deploy.release_choice import release_named, rollback_target
except ImportError:  # which the action reports
    pass


class ActionModule(GatewayAction):
    ARGUMENTS: ClassVar = {
        "name": {"type": "str", "required": True},
        "release": {"type": "str"},
        "settings": {"type": "bool", "default": False},
        "mark_bad": {"type": "bool", "default": False},
        "wait": {"type": "int", "default": 60},
        "wait_lock": {"type": "int", "default": 0},
        "verify": {"type": "bool", "default": True},
        "handover": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        for name, least, most in (("wait", 5, 3600), ("wait_lock", 0, 86_400)):
            if not least <= arguments[name] <= most:
                raise AnsibleActionFail(f"{name} is {arguments[name]}, and has to be from {least} to {most}")
        release = arguments["release"]
        with self.session() as session:
            state = self.state_there(session, arguments["name"])
            is_current = release is not None and release_named(state, release) == state.current
            if is_current and state.at_boot and state.is_well:
                return _result(state.name, "unchanged", state.version, state.current)
            if is_current:
                raise AnsibleActionFail(
                    f"release {state.current} of {state.name} is current already, and does not run as it should; "
                    "bundlekit.thingspro.bundle with `state: restarted` starts it anew"
                )
            target = rollback_target(state, release)
            went_to = state.release(target)
            version = went_to.version if went_to else ""
            if self._task.check_mode:
                result = _result(state.name, "planned", version, target)
                return result | {"changed": True, "replaced": state.current}
            options = {
                name: arguments[name] for name in ("wait", "wait_lock", "verify", "settings", "mark_bad", "force")
            }
            hand_over = arguments["handover"]
            outcome = verbs.rollback(session, state, release, self.progress, hand_over=hand_over, **options)
        result = _result(state.name, outcome.word, version, outcome.release)
        return result | {"changed": True, "replaced": outcome.replaced}


def _result(name: str, outcome: str, version: str, release: str) -> dict[str, Any]:
    return {"changed": False, "name": name, "outcome": outcome, "version": version, "release": release}
