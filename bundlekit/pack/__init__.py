"""A bundle as one file: what goes in, how it is made, how it is read, who has signed it.

`bundlekit.pack(path)` is a function for programs, and this folder has the same name. So this module can be called.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        # By its name: in the code of this room, nothing refers to a room above it.
        return importlib.import_module("bundlekit.library.packing").pack(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
