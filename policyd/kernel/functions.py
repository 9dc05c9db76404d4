"""Which functions of the running kernel can be traced, and which take another's word for their result: read from its lists.

In: tracefs and debugfs.  Out: `FunctionLists` for a `Target`.  A list that cannot be read here is None, never empty: debugfs
is often not mounted, and both are root's alone.
"""

from __future__ import annotations

from pathlib import Path

from policyd.functions import FunctionLists
from policyd.tracefs import find_mount, find_tracefs


def function_lists() -> FunctionLists:
    """Return both lists; the first has some 60,000 names, and takes some 50 ms."""
    return FunctionLists(traceable_functions(), injectable_functions())


def traceable_functions(tracefs: Path | None = None) -> frozenset[str] | None:
    """Return the functions that ftrace can stop at, of modules too: for kprobe_multi, fentry, fexit and fmod_ret.

    None where tracefs is not mounted or may not be read, and where the kernel has no ftrace.
    """
    root = tracefs or find_tracefs()
    return None if root is None else _names(root / "available_filter_functions")


def injectable_functions(debugfs: Path | None = None) -> frozenset[str] | None:
    """Return the functions whose result a program may override or decide about (ALLOW_ERROR_INJECTION in their source).

    None where debugfs is not mounted or may not be read; none at all if the kernel was built without
    CONFIG_FUNCTION_ERROR_INJECTION, which then has no list.
    """
    root = debugfs or find_mount("debugfs")
    if root is None:
        return None
    path = root / "error_injection/list"
    try:
        return _names(path) if path.exists() else frozenset()
    except PermissionError:
        return None


def _names(path: Path) -> frozenset[str] | None:
    """Read lines of `NAME [MODULE]` or `NAME<tab>KIND`."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return frozenset(line.split(maxsplit=1)[0] for line in text.splitlines() if line.strip())
