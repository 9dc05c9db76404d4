"""What a policy's hooks need to know of the host beside the kernel: names of interfaces, where cgroup v2 is.

Read once by the caller and handed in, so that resolving stays a function of its arguments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERFACES = Path("/sys/class/net")
_MOUNTS = Path("/proc/self/mountinfo")
_USUAL_ROOT = "/sys/fs/cgroup"

Header = Literal["ethernet", "none"]


@dataclass(frozen=True, slots=True)
class Host:
    """`interfaces`: what packets begin with, by name; None: not known, every name is taken as it is (for another host).

    `cgroup_root` is where cgroup v2 is mounted, empty if it is not; `has_cgroup` tells whether a directory exists.
    """

    interfaces: dict[str, Header] | None
    cgroup_root: str
    has_cgroup: Callable[[str], bool]

    @classmethod
    def running(cls) -> Host:
        """Return this host as it is now."""
        return cls(_interfaces(), _find_cgroup_root(_MOUNTS.read_text()), lambda path: Path(path).is_dir())

    @classmethod
    def anywhere(cls) -> Host:
        """Return a host that has everything that a policy names."""
        return cls(None, _USUAL_ROOT, lambda _: True)


def _interfaces() -> dict[str, Header]:
    if not _INTERFACES.is_dir():
        return {}
    names = sorted(path.name for path in _INTERFACES.iterdir() if path.is_symlink())
    return {name: _header(_INTERFACES / name / "type") for name in names}


def _header(path: Path) -> Header:
    """Tell whether packets begin with an Ethernet header: ARPHRD_ETHER and ARPHRD_LOOPBACK of if_arp.h do."""
    try:
        return "ethernet" if path.read_text().strip() in {"1", "772"} else "none"
    except OSError:  # gone meanwhile
        return "ethernet"


def _find_cgroup_root(mounts: str) -> str:
    """Return the first mount of cgroup v2 that shows its root; on hybrid hosts that is not /sys/fs/cgroup."""
    found = []
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if right.startswith("cgroup2 "):
            found.append((fields[3] != "/", _unescape(fields[4])))
    return min(found, default=(False, ""))[1]


def _unescape(text: str) -> str:
    """Undo mountinfo's octal escapes (proc_pid_mountinfo(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
