"""The machine and the versions that a measurement was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from .measure import alone

PEERS = {"NumPy": "numpy", "PyTorch": "torch", "JAX": "jax", "micrograd": "micrograd", "MyGrad": "mygrad", "CasADi": "casadi"}


def describe(hips: str = "") -> dict[str, Any]:
    """The processor, its cores, the system, the versions of Python and the peers, BLAS, threads, and the date."""
    return {"processor": processor(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(), "versions": versions(hips), "blas": blas(), "threads": 1,
            "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")}


def processor() -> str:
    """The processor's name."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def versions(hips: str = "") -> dict[str, str]:
    """The version of each peer that is installed."""
    found = {}
    for peer, package in PEERS.items():
        try:
            found[peer] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if hips:
        asked = subprocess.run([hips, "-P", "-c", "from importlib.metadata import version; print(version('autograd'))"],
                               capture_output=True, encoding="utf-8", env=alone())
        if asked.returncode == 0:
            found["HIPS autograd"] = asked.stdout.strip()
    return found


def blas() -> str:
    """The library of NumPy's matrix products."""
    import numpy as np
    found: Any = np.show_config(mode="dicts")
    build = found.get("Build Dependencies", {}).get("blas", {})
    return f"{build.get('name', 'unknown')} {build.get('version', '')}".strip()
