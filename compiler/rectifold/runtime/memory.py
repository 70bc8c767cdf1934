"""A limit on the memory of this process and of those that it starts (each of them for itself).

    limit_memory(500)      what is asked for beyond 500 MB (by Python, NumPy, the engines) is a
                           MemoryError, which ends a command with one line

Kept by the system (RLIMIT_DATA): nothing is counted here, and nothing can be forgotten.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rectifold.errors import InputError

_STATUS = Path("/proc/self/status")


def limit_memory(megabytes: int) -> None:
    """From now on. Raises InputError where the system knows no such limit, and for one that is
    reached already.
    """
    try:
        import resource
    except ImportError:
        raise InputError(
            "--memory-limit needs a system with limits for processes (Linux, macOS)"
        ) from None
    used = used_megabytes()
    if megabytes <= used:
        raise InputError(
            f"the memory limit of {megabytes} MB is reached before anything is read ({used} MB): "
            "give more"
        )
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    size = min(megabytes << 20, sys.maxsize)
    if most not in (-1, resource.RLIM_INFINITY) and size > most:
        raise InputError(
            f"the memory limit of {megabytes} MB is above the system's own for this process, "
            f"{most >> 20} MB"
        )
    resource.setrlimit(resource.RLIMIT_DATA, (size, most))


def used_megabytes() -> int:
    """Data of this process; 0 where the system does not say."""
    if not _STATUS.exists():
        return 0
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) >> 10
    return 0
