"""Every package folder holds a Python package of the same name: import those before pytest names test modules."""

import contextlib
import importlib

for _name in ("interfaces", "perception", "safety", "control", "skills", "bringup"):
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"dynamical_{_name}")
