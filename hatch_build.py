"""The wheel's build hook: with CHAINRULE_NATIVE=1 it carries the interpreter in C, for this system; else it is of pure Python.

``CHAINRULE_NATIVE=1 python -m build --wheel`` makes a wheel of this system (py3-none-linux_x86_64, say), of which
``auditwheel repair`` makes a manylinux one; ``python -m build`` the sdist and py3-none-any, for browsers and all others.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the library before the wheel is packed, and takes it away afterwards."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library beside its source, and name the system in the wheel's tag."""
        if os.environ.get("CHAINRULE_NATIVE") != "1" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from autograd.programs import native
        library = native.build_in()
        build_data["artifacts"].append(str(library.relative_to(self.root)))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact: str) -> None:
        """Remove the library from the source again: a checkout builds one for its own machine."""
        if not build_data.get("pure_python", True):
            from autograd.programs import native
            native.BUILT_IN.unlink(missing_ok=True)
