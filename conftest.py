"""Every package folder holds a Python package of the same name: import those first, then name tests."""

import contextlib
import importlib

for _name in ("interfaces", "perception", "safety", "control", "skills", "bringup"):
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"dynamical_{_name}")
