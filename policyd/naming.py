"""Names for the kernel's numbers, looked up when values are read: devices, interfaces, cgroups, code addresses.

In the kernel a key is always the number.  Each look-up is bounded and remembered for a while, and what has gone keeps its
last name.  Where nothing is known the answer is None, and the number is shown.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.kallsyms import running_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

REMEMBERED = 4096
"""Names kept for each kind of number."""
_FRESH = 10.0  # seconds after which a known name is looked up again
_RESCAN, _SHARE = 0.05, 20  # seconds between walks of the cgroup tree for an unknown id; times as long as the last one took
_CGROUPS = 65536  # directories looked at in one walk


class Names:
    """Names by number, from `look_up`, which gives None for what is not there (any more)."""

    def __init__(self, look_up: Callable[[int], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._look_up = look_up
        self._clock = clock
        self._known: dict[int, tuple[str | None, float]] = {}

    def __call__(self, number: int) -> str | None:
        known, when = self._known.get(number, (None, -_FRESH))
        now = self._clock()
        if now - when < _FRESH and known is not None:
            return known
        name = self._look_up(number) or known
        self._known.pop(number, None)
        if name is not None:
            self._known[number] = (name, now)
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return name


# ------------------------------------------------------------------------------------------------ devices, interfaces


def _find_device(number: int) -> str | None:
    """Look up a block device by the kernel's dev_t: 12 bits of major, 20 of minor (include/linux/kdev_t.h)."""
    link = Path(f"/sys/dev/block/{number >> 20}:{number & 0xFFFFF}")
    try:
        return link.readlink().name.replace("!", "/")
    except OSError:
        return None


def _find_interface(index: int) -> str | None:
    try:
        return socket.if_indextoname(index)
    except (OSError, OverflowError):
        return None


def interface_index(name: str) -> int | None:
    """Return the index of an interface of this network namespace, None if there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except (OSError, ValueError):
        return None


# ------------------------------------------------------------------------------------------------ cgroups


def cgroup_root(mounts: Path = Path("/proc/self/mountinfo")) -> Path | None:
    """Return where cgroup v2 is mounted, None if it is not."""
    for line in mounts.read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.startswith("cgroup2 "):
            return Path(left.split()[4])
    return None


def cgroup_id(path: str) -> int | None:
    """Return the id of a cgroup by its path below the root of cgroup v2: its inode number (kernfs_node.id)."""
    root = cgroup_root()
    try:
        return (root / path.lstrip("/")).stat().st_ino if root else None
    except (OSError, ValueError):
        return None


class _CgroupTree:
    """Paths by id, from walks of the tree, which take a twentieth of the time at the most.

    They are soon repeated: an id that is new is that of a cgroup which has just been made.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._paths: dict[int, str] = {}
        self._due = clock()

    def __call__(self, number: int) -> str | None:
        if number not in self._paths and (begun := self._clock()) >= self._due:
            root = cgroup_root()
            self._paths = dict(_walk(root)) if root else {}
            ended = self._clock()
            self._due = ended + max(_RESCAN, _SHARE * (ended - begun))
        return self._paths.get(number)


def cgroup_paths() -> Names:
    """Return what `cgroup_path` is, for a thread of its own: each walks the tree for itself."""
    return Names(_CgroupTree())


def _walk(root: Path) -> list[tuple[int, str]]:
    found = [(root.stat().st_ino, "/")]
    waiting = [str(root)]
    while waiting and len(found) < _CGROUPS:
        try:
            with os.scandir(waiting.pop()) as entries:
                folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # the cgroup has gone
        found += [(entry.inode(), entry.path.removeprefix(str(root))) for entry in folders]
        waiting += [entry.path for entry in folders]
    return found


# ------------------------------------------------------------------------------------------------ code addresses


def _find_symbol(address: int) -> str | None:
    found = running_kernel().find(address)
    if found is None:
        return None
    return f"{found.name}+{address - found.address:#x}" if address > found.address else found.name


device_name = Names(_find_device)
"""`sda1` for a dev_t."""
interface_name = Names(_find_interface)
"""`eth0` for an interface's index."""
cgroup_path = Names(_CgroupTree())
"""`/system.slice/ssh.service` for a cgroup's id."""
symbol_name = Names(_find_symbol)
"""`vfs_read+0x10` for an address of the kernel's code."""
