"""What stands between the SDK and the Python that a developer has, bridged when the SDK is imported.

Written for Python 2.7 and 3 alike. It changes modules in memory, one function here for each module; no file of a
bundle or of the SDK is touched. What another version of the SDK does not have is passed over.
"""

import os
import sys
import threading
import traceback
import types

READY = "BUNDLEKIT_READY"  # the number of a file descriptor that is written to once the bundle is registered
BYTECODE = "BUNDLEKIT_BYTECODE"  # the folder that has the bytecode of what is not part of this Python
SOURCE = "BUNDLEKIT_SOURCE"  # the folder that somebody works on, where the bundle runs in a copy of it
PYTHON_2 = sys.version_info[0] == 2
_PATIENCE = 1.0  # seconds; for the broker to confirm a subscription


def install():
    """Have the modules of the SDK changed as soon as they are imported."""
    global _ready, _started_in
    _ready = _take_ready()
    if os.environ.get(SOURCE):
        _started_in = os.getcwd()
    if not PYTHON_2 and os.environ.get(BYTECODE):
        keep_bytecode(os.environ[BYTECODE])
    if _has_sdk_of_its_own():
        sys.path.remove(_SDK)
    sys.meta_path.insert(0, PatchingImporter(PATCHES))


def keep_bytecode(folder):
    """Have the bytecode of modules lie apart from their sources, so that it dirties nobody's folder.

    The modules of this Python are compiled already where they lie, unless somebody has taken that out.
    """
    from importlib import machinery
    from importlib.util import cache_from_source

    lock = threading.RLock()

    class Loader(machinery.SourceFileLoader):
        def get_code(self, fullname):
            with lock:
                before = sys.pycache_prefix, sys.dont_write_bytecode
                sys.pycache_prefix, sys.dont_write_bytecode = folder, False
                try:
                    return machinery.SourceFileLoader.get_code(self, fullname)
                finally:
                    sys.pycache_prefix, sys.dont_write_bytecode = before

    has_own = os.path.exists(cache_from_source(os.__file__))
    find = machinery.FileFinder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (Loader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )

    def find_apart(path):
        if has_own and path.startswith(os.path.dirname(os.__file__)):
            raise ImportError(path)
        return find(path)

    sys.path_hooks.insert(0, find_apart)
    sys.path_importer_cache.clear()


def import_hidden(ours):
    """Import the sitecustomize that ours is found before; without one ours takes its place again."""
    folder = os.path.dirname(ours.__file__)
    sys.path.remove(folder)
    try:
        __import__(ours.__name__)
    except ImportError:
        sys.modules[ours.__name__] = ours
    finally:
        sys.path.insert(0, folder)


def patch_six(six):
    """Imports of six.moves need what Python asks for since 3.12."""
    importer = getattr(six, "_SixMetaPathImporter", None)
    if PYTHON_2 or importer is None or hasattr(importer, "find_spec"):
        return

    from importlib.util import spec_from_loader

    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name in self.known_modules else None

    importer.find_spec = find_spec
    importer.create_module = lambda self, spec: self.load_module(spec.name)
    importer.exec_module = lambda self, module: None


def patch_schemas(schema_builder):
    """`collections` has had no abstract classes since Python 3.10."""
    if not PYTHON_2:
        import collections.abc

        schema_builder.collections = _overlay(collections, Mapping=collections.abc.Mapping)


def patch_router(router):
    r"""A replacement must not hold `\w` since Python 3.7."""
    if not PYTHON_2:
        import re

        def sub(pattern, replacement, text):
            return re.sub(pattern, replacement.replace(r"\w", r"\\w"), text)

        router.re = _overlay(re, sub=sub)


def patch_core(core):
    """There is no getargspec since Python 3.11; nobody waits for others that start, as at the boot of a gateway."""
    import inspect

    if not hasattr(inspect, "getargspec"):
        # Of what it gave, the SDK asks for `args` alone.
        core.inspect = _overlay(inspect, getargspec=inspect.getfullargspec)
    core.random = float  # 0.0
    core.traceback = _overlay(core.traceback, format_tb=_format_tb)
    _wrap(core.Sanji, "register", _tell_ready)


def patch_mqtt(mqtt):
    """A port is a number to Python 3; a tunnel can be used when it is told."""
    _wrap(mqtt.Mqtt, "connect", _connect)
    _wrap(mqtt.Mqtt, "set_tunnel", _set_tunnel)


def patch_model(model_initiator):
    """Each save would have all disks of the machine written out."""
    model_initiator.ModelInitiator.sync = lambda self: None


def patch_decoder(decoder):
    """ASCII text in a message is `str` to bundles under Python 2.7: gateways have the C part of simplejson.

    The part in Python makes all text `unicode`, and a schema that wants `str` would refuse it.
    """
    if not PYTHON_2 or decoder.c_scanstring is not None:
        return
    scan = decoder.py_scanstring

    def scanstring(source, *args, **kwargs):
        text, end = scan(source, *args, **kwargs)
        if isinstance(source, str):
            try:
                text = text.encode("ascii")
            except UnicodeEncodeError:
                pass
        return text, end

    decoder.py_scanstring = decoder.scanstring = scanstring


PATCHES = {
    "simplejson.decoder": patch_decoder,
    "six": patch_six,
    "voluptuous.schema_builder": patch_schemas,
    "sanji.core": patch_core,
    "sanji.connection.mqtt": patch_mqtt,
    "sanji.model_initiator": patch_model,
    "sanji.router": patch_router,
}


class PatchingImporter(object):
    """Finds modules as the others do, and has some of them changed once they are executed."""

    def __init__(self, patches):
        self._patches = patches
        self._importing = set()

    def find_spec(self, name, path=None, target=None):
        patch = self._patches.get(name)
        if patch is None:
            return None
        spec = next(filter(None, (one.find_spec(name, path, target) for one in self._others())), None)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            execute = spec.loader.exec_module

            def execute_and_patch(module):
                execute(module)
                _apply(patch, module)

            spec.loader.exec_module = execute_and_patch
        return spec

    def _others(self):
        return [one for one in sys.meta_path if one is not self and hasattr(one, "find_spec")]

    def find_module(self, name, path=None):
        """For Python 2.7."""
        return self if name in self._patches and name not in self._importing else None

    def load_module(self, name):
        self._importing.add(name)
        try:
            __import__(name)
        finally:
            self._importing.discard(name)
        _apply(self._patches[name], sys.modules[name])
        return sys.modules[name]


def _apply(patch, module):
    try:
        patch(module)
    except AttributeError:
        pass  # another version of the SDK


def _overlay(module, **names):
    """A copy of a module in which some names are others."""
    copy = types.ModuleType(module.__name__)
    copy.__dict__.update(module.__dict__)
    copy.__dict__.update(names)
    return copy


def _wrap(owner, name, around):
    """Replace a method by `around`, which is given the one that was there first of all."""
    inner = getattr(owner, name)

    def wrapped(self, *args, **kwargs):
        return around(inner, self, *args, **kwargs)

    wrapped.__name__ = name  # the SDK takes methods for routes by their name
    setattr(owner, name, wrapped)


def _tell_ready(register, self, profile, *args, **kwargs):
    global _ready
    result = register(self, profile, *args, **kwargs)
    if _ready is not None and profile.get("role") == "view" and result is not False:  # the view comes last
        descriptor, _ready = _ready, None
        os.write(descriptor, b"registered\n")
        os.close(descriptor)
    return result


def _format_tb(trace):
    """The traceback in an answer names the files that somebody works on."""
    source = os.environ.get(SOURCE)
    entries = traceback.format_tb(trace)
    return [entry.replace(_started_in, source) for entry in entries] if source else entries


def _connect(connect, self):
    self.broker_port = int(self.broker_port)
    return connect(self)


def _set_tunnel(set_tunnel, self, *args, **kwargs):
    """Else a request that comes at once after the registration is lost."""
    confirmed = threading.Event()
    own = self.client.on_subscribe

    def on_subscribe(*details):
        confirmed.set()
        if own is not None:
            own(*details)

    self.client.on_subscribe = on_subscribe
    try:
        result = set_tunnel(self, *args, **kwargs)
        confirmed.wait(_PATIENCE)
    finally:
        self.client.on_subscribe = own
    return result


def _take_ready():
    """The descriptor to write to, which no child of the bundle inherits."""
    number = os.environ.pop(READY, "")
    if not number.isdigit():
        return None
    import fcntl

    try:
        fcntl.fcntl(int(number), fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    except (IOError, OSError):
        return None  # closed
    return int(number)


_SDK = os.environ.get("BUNDLEKIT_SDK", "")
_started_in = ""
_ready = None


def _has_sdk_of_its_own():
    """Whether this Python has an SDK installed, which then goes with what is installed beside it."""
    if _SDK not in sys.path:
        return False
    others = [one for one in sys.path if one != _SDK]
    if PYTHON_2:
        return any(os.path.exists(os.path.join(one, "sanji", "__init__.py")) for one in others)
    from importlib.machinery import PathFinder

    return PathFinder.find_spec("sanji", others) is not None
