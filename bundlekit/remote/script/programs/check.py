# Whether an unpacked release can start under this Python, without running a line of it: every source is compiled, and
# the imports that index.py makes at its start are followed by the syntax trees. What the bundle does not bring is
# imported really, in a process of its own. For Python 2.7 and 3.
#
#   check.py FOLDER [SETTINGS-FOLDER [MEMORY]]
#
# Also tells of keys that are new in a factory file, since nobody puts them into the settings that are there. MEMORY is a
# file with the imports that went well: to import the SDK takes seconds on a gateway.
# Prints events of the script: `problem KIND WHERE WHAT REQUIREMENT` for what will fail for certain, `note` for what may.
import ast
import json
import os
import re
import signal
import sys

from importer import ALL_SECONDS, Importer

OLD = sys.version_info[0] == 2
NOTES = 8  # lines; one cause, such as a missing library, makes many
UNFIT = 3  # Python itself may end with 1
IMPORT_ERRORS = set(["ImportError", "ModuleNotFoundError"])
ALL_ERRORS = set(["SyntaxError", "Exception", "StandardError", "BaseException"])
# How an import is met: at the start; at the start, its ImportError caught; whatever it raises caught; perhaps later.
REACHED, CAUGHT, SAFE, MAYBE = range(4)


def say(*fields):
    line = "\t".join(" ".join(re.sub(r"\s", " ", str(field)).split())[:300] for field in fields) + "\n"
    if OLD:
        sys.stdout.write(line)
    else:
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.flush()


def read(path):
    """The syntax tree of a source, or why this Python does not take it: (tree, line, message)."""
    try:
        with open(path, "rb") as stream:
            source = stream.read()
        head = source.split(b"\n", 2)[:2]
        if OLD and not source.startswith(b"\xef\xbb\xbf") and not any(re.search(b"coding[:=]", line) for line in head):
            for number, line in enumerate(source.split(b"\n")):
                if re.search(b"[\x80-\xff]", line):
                    return None, number + 1, "a character that is not ASCII, and no coding line"
        tree = compile(source + b"\n", path, "exec", ast.PyCF_ONLY_AST, True)
        compile(tree, path, "exec", 0, True)
        return tree, 0, ""
    except SyntaxError as error:
        return None, error.lineno or 1, error.msg
    except Exception as error:
        return None, 1, "%s: %s" % (type(error).__name__, error)


def holds(test):
    """Whether a condition is true, where it asks for the version of Python or the platform; else None."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found = holds(test.operand)
        return None if found is None else not found
    if not isinstance(test, ast.Compare):
        return None
    for node in ast.walk(test):
        if isinstance(node, ast.Name) and node.id != "sys":
            return None
        if isinstance(node, ast.Attribute) and node.attr not in ("version_info", "major", "minor", "platform"):
            return None
        if isinstance(node, (ast.Call, ast.Lambda, ast.BinOp)):
            return None
    try:
        return bool(eval(compile(ast.Expression(test), "test", "eval"), {"sys": sys, "__builtins__": {}}))
    except Exception:
        return None


def is_path(node):
    return isinstance(node, ast.Attribute) and node.attr == "path" and getattr(node.value, "id", "") == "sys"


def is_main(test):
    return isinstance(test, ast.Compare) and "__name__" in [getattr(node, "id", "") for node in ast.walk(test)]


def caught_by(handler):
    """What an import comes to that has this handler around it; None if nothing changes."""
    if handler.type is None:
        return SAFE
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = set(getattr(kind, "id", getattr(kind, "attr", "")) for kind in kinds)
    return SAFE if names & ALL_ERRORS else CAUGHT if names & IMPORT_ERRORS else None


def new_keys(new, old, before=""):
    """The keys of a value that another one does not have, those within others as `outer.inner`."""
    if not (isinstance(new, dict) and isinstance(old, dict)):
        return []
    found = []
    for key in sorted(new):
        found += new_keys(new[key], old[key], before + key + ".") if key in old else [before + key]
    return found


def tell_new_keys(settings):
    for name in sorted(os.listdir("data")) if os.path.isdir("data") else []:
        if not name.endswith(".json.factory"):
            continue
        try:
            with open(os.path.join("data", name)) as new, open(os.path.join(settings, name[: -len(".factory")])) as old:
                keys = new_keys(json.load(new), json.load(old))
        except (IOError, OSError, ValueError):
            continue  # there are no settings yet, or they are for somebody else to tell of
        if keys:
            more = ", and %d more" % (len(keys) - 10) if len(keys) > 10 else ""
            listed = ", ".join(key if isinstance(key, str) else key.encode("utf-8") for key in keys[:10])
            say("note", "data/%s has keys that the settings do not have, and they stay as they are: %s" % (name, listed + more))


class Check:
    def __init__(self, folder, memory=None):
        os.chdir(folder)
        # What `bundlekit vendor` put there is not the bundle's own: it is compiled where an import of the bundle's
        # meets it, and not followed, since its authors look for modules in ways of their own.
        self.vendor = "vendor" + os.sep if os.path.isfile("vendor.lock") else "/"
        self.trees = {}
        for place, folders, files in os.walk("."):
            folders.sort()
            for name in sorted(files):
                path = os.path.normpath(os.path.join(place, name))
                if name.endswith(".py") and not os.path.islink(path):
                    self.trees[path] = None if path.startswith(self.vendor) else read(path)
        self.importer = Importer(memory)
        self.reached = {}
        self.comes = {}
        self.missing = []
        self.moves = False  # whether a source that runs changes where Python looks for modules, in a way not understood
        self.places = []  # folders of the bundle where Python looks besides
        self.requirements = []
        if os.path.isfile("requirements.txt"):
            with open("requirements.txt") as stream:
                self.requirements = [line.split("#")[0].strip() for line in stream.read(65536).splitlines()]
                self.requirements = [line for line in self.requirements if re.match("[A-Za-z0-9]", line)]

    def reach(self, path, how):
        """Follow a source; tells whether it can be imported."""
        if path not in self.trees:
            return True
        self.trees[path] = self.trees[path] or read(path)
        tree = self.trees[path][0]
        if self.reached.get(path, MAYBE + 1) <= how:
            return self.comes.get(path, True)
        self.reached[path] = how
        self.comes[path] = tree is not None
        if tree is None or path.startswith(self.vendor):
            return tree is not None
        paths = 0
        for node in ast.walk(tree) if how != MAYBE else ():
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "sys":
                self.moves |= node.attr in ("modules", "meta_path", "path_hooks")
                paths += node.attr == "path"
            elif isinstance(node, ast.Compare):  # if LIB not in sys.path
                paths -= sum(is_path(one) for one in node.comparators)
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("append", "insert") and node.args:
                place = self.place(node.args[-1], path, 20) if is_path(node.func.value) else None
                if place is not None and not os.path.isabs(place) and not os.path.normpath(place).startswith(".."):
                    self.places.append(os.path.normpath(place))
                    paths -= 1
        self.moves |= paths > 0
        self.comes[path] = self.block(tree.body, path, how)
        return self.comes[path]

    def place(self, node, path, depth):
        """The folder that an expression comes to, from the bundle's folder on; None if that cannot be seen."""
        value = getattr(node, "s" if OLD else "value", None)
        name = getattr(node, "id", "")
        if isinstance(value, str) or not depth:
            return value if depth else None
        if name == "__file__":
            return path
        if name:
            bound = [one.value for one in self.trees[path][0].body if isinstance(one, ast.Assign)
                     and name in [getattr(target, "id", "") for target in one.targets]]
            return self.place(bound[0], path, depth - 1) if len(bound) == 1 else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            both = [self.place(one, path, depth - 1) for one in (node.left, node.right)]
            return os.path.join(both[0], both[1].lstrip("/")) if None not in both and both[1][:1] == "/" else None
        called = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
        given = [self.place(one, path, depth - 1) for one in node.args] if called else [None]
        if called == "getcwd":
            return ""
        if None in given or not given:
            return None
        if called == "dirname":
            return os.path.dirname(given[0]) if given[0] else ".."
        if called == "join":
            return os.path.join(*given)
        return given[0] if called in ("abspath", "realpath", "normpath") else None

    def block(self, body, path, how):
        return all([self.statement(node, path, how) for node in body])

    def statement(self, node, path, how):
        """Follow what a statement imports; tells whether it comes through."""
        if isinstance(node, ast.Import):
            return all([self.imports(path, node.lineno, name.name, [], 0, how) for name in node.names])
        if isinstance(node, ast.ImportFrom):
            names = [name.name for name in node.names]
            return self.imports(path, node.lineno, node.module or "", names, node.level or 0, how)
        if isinstance(node, ast.If):
            true = path == "index.py" if is_main(node.test) else holds(node.test)
            if true is not None:
                return self.block(node.body if true else node.orelse, path, how)
        elif getattr(node, "handlers", None):
            ready = [handler for handler in node.handlers if caught_by(handler) is not None]
            inner = how
            if ready:
                inner = max(how, caught_by(ready[0])) if how != MAYBE else SAFE
            came = self.block(node.body, path, inner)
            others = node.orelse if came else [line for handler in ready[:1] for line in handler.body]
            return self.block(others + getattr(node, "finalbody", []), path, how) and (came or bool(ready))
        elif isinstance(node, (ast.With, ast.ClassDef)) or type(node).__name__ in ("Try", "TryFinally"):
            return self.block(node.body + getattr(node, "finalbody", []), path, how)
        self.block([inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt)], path, MAYBE)
        return True

    def imports(self, path, line, module, names, level, how):
        parts = module.split(".") if module else []
        here = os.path.dirname(path)
        if level:
            base = os.path.normpath(os.path.join(here or "..", *[".."] * (level - 1)))
            if not here or base == "." or base.startswith(".."):
                return self.miss(path, line, module or ".", "a relative import outside of a package", how)
            bases = [base]
        else:
            bases = [""]
            if OLD and here and not self.is_absolute(path):
                bases = [here, ""]
            bases += self.places
        if not level and parts[0] in sys.builtin_module_names:
            return True
        for base in bases:
            found = self.local(base, parts, names)
            if found is not None:
                sources, missing = found
                through = all([self.reach(source, how) for source in sources])
                return through and (not missing or self.miss(path, line, missing, "", how))
        if level:
            return self.miss(path, line, module, "", how)
        kind, why = self.importer.error(module, names)
        return not kind or self.miss(path, line, module, why, how if kind == "ImportError" else MAYBE)

    def is_absolute(self, path):
        first = [node for node in self.trees[path][0].body if isinstance(node, ast.ImportFrom)]
        return any(node.module == "__future__" and "absolute_import" in [n.name for n in node.names] for node in first)

    def local(self, base, parts, names):
        """The sources of the bundle that an import runs, and what of it is not there; None if it is not the bundle's."""
        sources = []
        place = base
        for index, part in enumerate(parts):
            place = os.path.join(place, part)
            package = os.path.join(place, "__init__.py")
            if os.path.isfile(package):
                sources.append(package)
            elif any(os.path.isfile(place + end) for end in (".py", ".so", ".pyc")):
                rest = parts[index + 1 :]
                return sources + [place + ".py"], ".".join(parts) if rest else ""
            elif OLD or not os.path.isdir(place):
                return (sources, ".".join(parts)) if index else None
        if not sources and parts:
            return None  # a folder without sources of its own is passed over for a module that is installed
        for name in names:
            inner = os.path.join(place, name)
            if os.path.isfile(inner + ".py"):
                sources.append(inner + ".py")
            elif os.path.isfile(os.path.join(inner, "__init__.py")):
                sources.append(os.path.join(inner, "__init__.py"))
        return sources, ""

    def miss(self, path, line, module, why, how):
        if how in (REACHED, MAYBE):
            self.missing.append((path, line, module, why or "No module named %s" % module, how))
        return False

    def requirement(self, module):
        """What requirements.txt says of a module."""
        plain = re.sub("[-_.]+", "_", module.split(".")[0]).lower()
        for line in self.requirements:
            if re.sub("[-_.]+", "_", re.match("[A-Za-z0-9._-]+", line).group()).lower() == plain:
                return "requirements.txt asks for %s" % line
        others = [line for line in self.requirements if not re.match("sanji([^A-Za-z0-9._-]|$)", line, re.I)]
        return "requirements.txt asks for %s" % ", ".join(others[:5]) if others else ""

    def run(self):
        try:
            self.reach("index.py", REACHED)
            self.importer.remember()
        finally:
            self.importer.stop()
        notes = []
        bad = 0
        for path in sorted(path for path in self.trees if self.trees[path]):
            tree, line, message = self.trees[path]
            where = "%s:%s" % (path, line)
            if tree is None and self.reached.get(path, MAYBE) <= CAUGHT:
                say("problem", "syntax", where, message, "")
                bad += 1
            elif tree is None and path not in self.reached:
                notes.append("%s: %s; nothing seems to import it" % (where, message))
            elif tree is None and self.reached[path] == MAYBE:
                notes.append("%s: %s; it is not imported at the start" % (where, message))
        told = set()
        for path, line, module, why, how in sorted(self.missing, key=lambda one: one[:2]):
            where = "%s:%s" % (path, line)
            if (where, module) in told:
                continue
            told.add((where, module))
            if how == REACHED and not self.moves:
                say("problem", "import", where, why if module in why else "%s: %s" % (module, why), self.requirement(module))
                bad += 1
            else:
                notes.append("%s: to import %s may fail: %s" % (where, module, why))
        if "index.py" not in self.trees:
            say("problem", "syntax", "index.py:1", "there is no such file", "")
            bad += 1
        for note in notes[:NOTES]:
            say("note", note)
        if len(notes) > NOTES:
            say("note", "and %d more like that" % (len(notes) - NOTES))
        return bad


if __name__ == "__main__":
    signal.alarm(ALL_SECONDS + 15)
    sys.setrecursionlimit(3000)
    check = Check(sys.argv[1], *sys.argv[3:])
    if len(sys.argv) > 2:
        tell_new_keys(sys.argv[2])
    sys.exit(UNFIT if check.run() else 0)
