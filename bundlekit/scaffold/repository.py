"""What an update asks of the git repository around a bundle, and what it leaves in its index."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from bundlekit.scaffold.merge import FileChange, LineEnds, run_git
from bundlekit.scaffold.template_record import TemplateFile


class WorkTree:
    """The part of a git repository that a bundle's folder is."""

    def __init__(self, folder: Path, prefix: str) -> None:
        """`prefix`: the path of the folder in the repository, with a `/` at the end; empty at its top."""
        self._folder = folder
        self._prefix = prefix

    @classmethod
    def around(cls, folder: Path) -> WorkTree | None:
        """The work tree that a folder lies in; None if it lies in none.

        Raises:
            CouldNotRun: there is one, and git cannot use it, for example because it belongs to another user.
        """
        real = folder.resolve()
        if not any(os.path.lexists(top / ".git") for top in (real, *real.parents)):
            return None
        answer = run_git("rev-parse", "--is-inside-work-tree", "--show-prefix", folder=folder).stdout
        is_inside, _, prefix = answer.partition(b"\n")
        return cls(folder, os.fsdecode(prefix.removesuffix(b"\n"))) if is_inside == b"true" else None

    def uncommitted(self) -> list[str]:
        """The paths in the folder that git would lose, from the top of the repository: changed ones, and new ones that
        are not ignored.
        """
        # Not into a submodule: git would run the programs that its configuration names.
        options = ("--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty")
        listed = self._git("status", *options, "--", ".").split(b"\0")
        return [os.fsdecode(line[3:]) for line in listed if line]

    def committed(self, paths: Iterable[str]) -> set[str]:
        """Those of some paths in the folder whose content git has, so that it can be had back."""
        wanted = list(paths)
        if not wanted:
            return set()
        listed = self._git("--literal-pathspecs", "ls-files", "-v", "-z", "--", *wanted)
        changed = set(self.uncommitted())
        # Another letter: the user has told git not to look whether the file has changed.
        tracked = {os.fsdecode(line[2:]) for line in listed.split(b"\0") if line.startswith(b"H ")}
        return {path for path in wanted if path in tracked and self._prefix + path not in changed}

    def mark_conflicts(self, conflicts: Iterable[FileChange]) -> None:
        """Put the three versions of files with conflicts into the index, as a merge of git does. Editors and `git
        mergetool` find them there, and `git commit` refuses until they are resolved.

        Files that git does not track are left out.
        """
        known = {one.path: one for one in conflicts}
        if not known:
            return
        listed = self._git("--literal-pathspecs", "ls-files", "-z", "--", *known)
        lines = b""
        for path in sorted({os.fsdecode(path) for path in listed.split(b"\0") if path}):
            change = known[path]
            ends = LineEnds.of(change.ours.content if change.ours else b"")
            name = os.fsencode(self._prefix + path)
            stages = b""
            for stage, file in enumerate((change.base, change.ours, change.theirs), 1):
                if file is not None:
                    content = file.content if file is change.ours else ends.restored(ends.plain(file.content))
                    object_id = self._stored(path, TemplateFile(content))
                    mode = b"100755" if file.executable else b"100644"
                    stages += b"%s %s %d\t%s\0" % (mode, object_id, stage, name)
                    none = b"0" * len(object_id)
            lines += b"0 %s\t%s\0" % (none, name) + stages  # an index has a path with stages or without, not both
        run_git("update-index", "-z", "--index-info", folder=self._folder, given=lines)

    def _stored(self, path: str, file: TemplateFile) -> bytes:
        stored = run_git("hash-object", "-w", "--stdin", f"--path={path}", folder=self._folder, given=file.content)
        return stored.stdout.strip()

    def _git(self, *arguments: str) -> bytes:
        return run_git(*arguments, folder=self._folder).stdout
