"""Functions of the running kernel: which can be traced, which take another's word for their result, and where they are.

In: tracefs, debugfs and /proc.  Out: `FunctionLists` for a `Target`, and addresses for `tracing_links.py`.  A list that
cannot be read here is None, never empty: debugfs is often not mounted, and both are root's alone.
"""

from __future__ import annotations

from functools import lru_cache
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


def addresses(name: str) -> frozenset[int]:
    """Return where the functions of this name are now; zeros stand for what this user may not know.

    It is read anew (some 100 ms) when a module has come or gone.
    """
    lines = [line.split() for line in _text(_MODULES).splitlines()]
    return _addresses(name, tuple((line[0], line[5]) for line in lines))  # the name and the address


_MODULES, _SYMBOLS = Path("/proc/modules"), Path("/proc/kallsyms")
_OF_FUNCTIONS = frozenset("tTwW")
"""How /proc/kallsyms marks them: code, global and local, weak or not (nm(1))."""


@lru_cache(maxsize=64)
def _addresses(name: str, _modules: tuple[tuple[str, str], ...]) -> frozenset[int]:
    symbols, word, found, end = _text(_SYMBOLS), f" {name}", set(), 0
    while (at := symbols.find(word, end)) >= 0:  # a regular expression takes 50 ms for these 5 MB
        end = at + len(word)
        address, _, kind = symbols[symbols.rfind("\n", 0, at) + 1 : at].partition(" ")
        if kind in _OF_FUNCTIONS and symbols[end : end + 1].isspace():
            found.add(int(address, 16))
    return frozenset(found)


def _text(path: Path) -> str:
    """Return what a file of /proc says, nothing if this kernel has none."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ""
