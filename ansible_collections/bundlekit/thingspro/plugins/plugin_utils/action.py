"""What the actions have in common: arguments, the session, and results."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.access import Access
from ansible_collections.bundlekit.thingspro.plugins.plugin_utils.records import PlayRecord

VERSION = "0.1.0"
"""Of this collection; the package has to have the same one."""

try:
    from bundlekit import __version__ as found_version
    from bundlekit.bundle.manifest import NAME
    from bundlekit.errors import (
        BundlekitError,
        CouldNotRun,
        GatewayUnreachable,
        Interrupted,
        NeedsHuman,
        Refused,
        RolledBack,
    )
except ImportError as error:
    found_version = ""
    IMPORT_ERROR: ImportError | None = error
else:
    IMPORT_ERROR = None

if TYPE_CHECKING:
    from bundlekit.remote.events import BundleState
    from bundlekit.remote.session import Session

display = Display()

_OPTIONS = {  # of the command line, in hints
    "--accept-new-host-key": "`-o StrictHostKeyChecking=accept-new` in ansible_ssh_common_args",
    "--force-resource": "`force: true`",
    "--identity": "ansible_ssh_private_key_file",
    "--param": "params",
    "--settings": "`settings: true`",
    "--timeout": "ansible_ssh_timeout",
    "--wait": "wait",
    "--wait-lock": "wait_lock",
    "--write": "`write: true`",
}


class Progress:
    """Shows how it goes on: phases at -v, the answers of a bundle at -vv, the upload at -vvv.

    Attributes:
        notes: what is worth knowing, for people.
        answers: of the bundle that was asked.
    """

    def __init__(self, host: str) -> None:
        self.notes: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self._host = host
        self._tenth = -1

    def phase(self, word: str, text: str) -> None:
        display.v(f"{word} {text}".rstrip(), host=self._host)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        self.answers.append({"request": request, "status": status or None, "milliseconds": milliseconds})
        display.vv(f"{request} answers {status or 'nothing'} ({milliseconds} ms)", host=self._host)

    def note(self, text: str) -> None:
        self.notes.append(text)
        display.v(f"note: {text}", host=self._host)

    def sent(self, size: int, total: int) -> None:
        tenth = size * 10 // max(total, 1)
        if tenth != self._tenth:
            self._tenth = tenth
            display.vvv(f"{size} of {total} bytes are sent", host=self._host)


class GatewayAction(ActionBase):
    """An action that runs on the controller and talks to a gateway as bundlekit's command line does.

    Attributes:
        ARGUMENTS: that it takes, as for a module.
        RULES: for `validate_argument_spec`.
        record: to which the end is added, if the task names one.
    """

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}
    RULES: ClassVar[dict[str, Any]] = {}

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._check_package()
        arguments = self.validate_argument_spec(self.ARGUMENTS, **self.RULES)[1]
        self._variables = task_vars or {}
        self._access: Access | None = None
        self.record: PlayRecord | None = None
        self.progress = Progress(str(self._variables.get("inventory_hostname", "")))
        try:
            name = arguments.get("name")
            if name is not None and not NAME.fullmatch(name):
                raise AnsibleActionFail(f"{name!r} is no bundle's name: names match {NAME.pattern}")
            result.update(self.act(arguments))
        except Interrupted:
            raise KeyboardInterrupt from None
        except BundlekitError as error:
            result.update(self._failed(error))
            self._note_failure(error)
        if self.progress.notes:
            result["notes"] = self.progress.notes
        if self.progress.answers:
            result["answers"] = self.progress.answers
        return result

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do it.

        Raises:
            BundlekitError: it failed.
        """
        raise NotImplementedError

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Log in to the gateway; at the end log out."""
        host, variables = self._variables.get("inventory_hostname"), self._variables
        if self._task.delegate_to:
            host = self._task.delegate_to
            variables = self._variables.get("ansible_delegated_vars", {}).get(host, {})
        self._access = Access(str(host or ""), self._connection, self._play_context, variables, self._templar)
        if self.record:
            self.record.target = self._access.target
        with self._access.session(f"bundlekit ansible {self._task.action.rpartition('.')[2]}") as session:
            yield session

    def source(self, name: str) -> Path:
        """The path of a bundle; a relative one is looked for as Ansible looks for the `src` of a copy."""
        return Path(self._find_needle("files", name))

    def state_there(self, session: Session, name: str) -> BundleState:
        """A bundle that is deployed on the gateway.

        Raises:
            CouldNotRun: it is not.
        """
        state = session.probe(name).bundle(name)
        if not (state.current or state.releases):
            raise CouldNotRun(f"{name} is not deployed on {session.name}", hint="`state: present` with src deploys it")
        return state

    def _check_package(self) -> None:
        if IMPORT_ERROR is not None:
            raise AnsibleActionFail(
                f"the Python that runs Ansible ({sys.executable}) cannot import bundlekit: {IMPORT_ERROR}. "
                f"Install version {VERSION} of the package bundlekit there"
            )
        if found_version != VERSION:
            raise AnsibleActionFail(
                f"this is version {VERSION} of the collection bundlekit.thingspro, and {sys.executable} has version "
                f"{found_version} of the package bundlekit. Install the same version of both"
            )

    def _note_failure(self, error: BundlekitError) -> None:
        if self.record is None:
            return
        try:
            self.record.fail(error)
        except BundlekitError as trouble:  # the failure itself matters more
            self.progress.note(trouble.message)

    def _failed(self, error: BundlekitError) -> dict[str, Any]:
        """What an error is for Ansible. A change that began and was taken back has changed something, for a while."""
        kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
        result: dict[str, Any] = {"msg": error.message, "reason": kind, "outcome": "failed", "changed": False}
        if isinstance(error, GatewayUnreachable):
            result |= {"unreachable": True, "outcome": "unreachable"}
        else:
            result["failed"] = True
        if isinstance(error, (RolledBack, NeedsHuman)):
            result |= {"changed": True, "outcome": kind}
        elif isinstance(error, Refused):
            result["outcome"] = "refused"
        if error.kept:
            result["kept"] = error.kept
        if error.hint:
            result["hint"] = self._hint(error.hint)
        if error.details:
            result["log"] = list(error.details)
        return result

    def _hint(self, text: str) -> str:
        """A hint of the command line as it reads here; what it says to type stays, with the gateway in it."""
        target = shlex.quote(self._access.target) if self._access else "TARGET"
        parts = re.split("(`bundlekit [^`]*`)", text)
        for index, part in enumerate(parts):
            if index % 2:
                parts[index] = re.sub(r"\bTARGET\b", lambda _: target, part)
            else:
                parts[index] = re.sub(r"--[a-z-]+", lambda found: _OPTIONS.get(found[0], found[0]), part)
        return "".join(parts)
