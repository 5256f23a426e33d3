# Imports modules where that does no harm, in a process of its own, and remembers which imports went well. For Python 2.7
# and 3.
import json
import os
import select
import signal
import subprocess
import sys

MODULE_SECONDS = 20  # for one import
ALL_SECONDS = 45  # in all, so that a release that hangs when it is imported ends the deploy

# Imports what it is told, a line each, and answers. A module that prints or reads does so nowhere.
CHILD = r"""
import json, os, signal, sys
signal.alarm(90)
asked, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
null = os.open(os.devnull, os.O_RDWR)
for number in range(3):
    os.dup2(null, number)
for line in iter(asked.readline, ""):
    module, names = json.loads(line)
    if not module:
        loaded = [(getattr(one, "__dict__", None) or {}).get("__file__") for one in list(sys.modules.values())]
        answers.write(json.dumps([sys.path, loaded]) + "\n")
        break
    said = ["", ""]
    try:
        found = __import__(str(module), {}, {}, [str(name) for name in names], 0)
        found = sys.modules.get(module, found)
        for name in names:
            if name != "*" and not hasattr(found, name):
                said = ["ImportError", "cannot import name %s" % name]
    except BaseException as error:
        kind = "ImportError" if isinstance(error, (ImportError, SyntaxError)) else type(error).__name__
        said = [kind, str(error)]
    answers.write(json.dumps(said) + "\n")
    answers.flush()
"""


def now():
    """Seconds by a clock that nobody sets."""
    return os.times()[4]


def stamp(path):
    # Packages that are built reproducibly have one date in all versions. Nobody can set when an inode was changed.
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_ctime, found.st_mtime, found.st_size, found.st_ino]


class CheckMemory:
    """The imports that went well: they do so again as long as Python is the same, and no file or folder is another that it
    has read or looked into for them."""

    def __init__(self, place):
        self.place = place
        self.python = [sys.version, sys.executable, sys.path]
        self.came, self.stamps = [], {}
        try:
            with open(place) as stream:
                known = json.load(stream)
            stamps = known["stamps"]
            if known["python"] == self.python and all(stamp(path) == stamps[path] for path in stamps):
                self.came, self.stamps = known["came"], stamps
        except (IOError, OSError, KeyError, TypeError, ValueError):  # there is none yet, or another version has written it
            pass

    def keep(self, came, path, loaded):
        """Keep imports too that were made with this sys.path and have loaded these files."""
        files = [one for one in loaded if one]
        files += [one[:-1] if one[-1:] in "co" else one + "c" for one in files if ".py" in one[-4:]]
        home = os.path.expanduser("~/.local/lib/python%d.%d/site-packages" % sys.version_info[:2])
        for one in files + [os.path.dirname(one) for one in files] + path + ["/", home, "/etc/ld.so.cache"]:
            self.stamps[one] = stamp(one)
        known = {"python": self.python, "came": self.came + came, "stamps": self.stamps}
        new = "%s.%d" % (self.place, os.getpid())
        with open(new, "w") as stream:
            json.dump(known, stream)
        os.rename(new, self.place)


class Importer:
    """Imports what does not belong to the bundle, each but once, where it does no harm."""

    def __init__(self, memory):
        self.process = None
        self.memory = CheckMemory(memory) if memory else None
        self.known = {}
        self.end = now() + ALL_SECONDS
        for module, names in self.memory.came if memory else []:
            self.known[module, tuple(names)] = ["", ""]

    def error(self, module, names):
        """[kind, message] of the error, both empty if there is none."""
        key = (module, tuple(sorted(names)))
        if key not in self.known:
            self.known[key] = self.ask(module, names)
        return self.known[key]

    def remember(self):
        """For the next release. What cannot be kept is imported again then."""
        if self.memory is None or self.process is None:
            return
        came = [list(key) for key in sorted(self.known) if not self.known[key][0]]
        path, loaded = self.ask("", [])
        if self.process is None:  # it has ended before it answered
            return
        try:
            self.memory.keep([one for one in came if one not in self.memory.came], path, loaded)
        except (IOError, OSError, TypeError, ValueError):  # no space; or a module whose __file__ is no path
            pass

    def ask(self, module, names):
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                preexec_fn=os.setsid,
                env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
            )
        process = self.process
        answer = b""
        limit = min(now() + MODULE_SECONDS, self.end)
        try:
            process.stdin.write((json.dumps([module, sorted(names)]) + "\n").encode())
            process.stdin.flush()
            while not answer.endswith(b"\n"):
                ready = select.select([process.stdout], [], [], max(limit - now(), 0))[0]
                part = os.read(process.stdout.fileno(), 4096) if ready else b""
                if not part:
                    why = "its import ended Python" if ready else "its import had not ended when the time was over"
                    self.stop()
                    return ["Trouble", why]
                answer += part
            return json.loads(answer.decode())
        except (OSError, IOError, ValueError) as error:
            self.stop()
            return ["Trouble", str(error)]

    def stop(self):
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except OSError:
                pass
            self.process.wait()
            self.process = None
