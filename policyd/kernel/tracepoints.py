"""Tracepoints on the running kernel: their numbers, and tracefs mounted where it is not.

Perf events name a tracepoint by the number in its `id` file.  `links.py` asks for it; the command line asks for
`ensure_tracefs` before it reads formats (`policyd/tracefs.py`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.errors import KernelError, UnsupportedError
from policyd.kernel.bpf.syscall import mount
from policyd.tracefs import MOUNT_POINT, find_tracefs

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_-]+")


def ensure_tracefs() -> Path:
    """Return where tracefs is, after mounting it where it is not (needs CAP_SYS_ADMIN); `UnsupportedError`."""
    found = find_tracefs()
    if found is not None:
        return found
    command = f"mount -t tracefs nodev {MOUNT_POINT}"
    if not MOUNT_POINT.is_dir():
        raise UnsupportedError("this kernel has no tracefs", "a kernel with CONFIG_TRACING")
    try:
        mount("tracefs", str(MOUNT_POINT))
    except KernelError as error:
        raise UnsupportedError(f"tracefs is not mounted ({error})", instead=f"as root: {command}") from None
    return MOUNT_POINT


def event_id(name: str) -> int | None:
    """Return the number of the tracepoint `system/event`, None if this kernel has none of that name."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return int((ensure_tracefs() / "events" / name / "id").read_text(encoding="ascii"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise UnsupportedError("tracefs may not be read", instead="run as root (or with CAP_DAC_READ_SEARCH)") from None
