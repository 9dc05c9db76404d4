"""What a policy's hooks need to know of the host beside the kernel: interfaces, cgroup v2, programs and libraries, CPUs.

Read once by the caller and handed in, so that resolving stays a function of its arguments.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import struct
from dataclasses import dataclass, field
from functools import cache, partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policyd.cgroups import find
from policyd.cpus import possible_cpus
from policyd.elf import Binaries
from policyd.vocabulary.constants import ARCHITECTURES
from policyd.vocabulary.perf_events import perf_event_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SIOCGIFHWADDR = 0x8927  # include/uapi/linux/sockios.h
_WITH_ETHERNET = frozenset({1, 772})
_MOUNTS = Path("/proc/self/mountinfo")
_USUAL_ROOT = "/sys/fs/cgroup"

Header = Literal["ethernet", "none"]


@dataclass(frozen=True, slots=True)
class Host:
    """`interfaces`: what packets begin with, by name; None: not known, every name is taken as it is (for another host).
    `indexes` are the kernel's numbers of them: an interface that is made again has another.

    `cgroup_root` is where cgroup v2 is mounted, empty if it is not; `has_cgroup` tells whether a directory exists.
    `binaries` finds and reads programs and libraries; None: they cannot be known (for another host).  `cpus` are those that
    there can be; none: not known.  `can_sample` tells whether the hardware has a counter for an event (`cycles`).  `cgroups`
    finds those that a scope asks for, by path (`policyd.cgroups`).  `has_network` tells whether a file is there, to be a
    network namespace.
    """

    interfaces: dict[str, Header] | None
    cgroup_root: str
    has_cgroup: Callable[[str], bool]
    binaries: Binaries | None = None
    cpus: tuple[int, ...] = ()
    can_sample: Callable[[str], bool] = lambda _: True
    cgroups: Callable[[str], Mapping[str, int]] = lambda _: {}
    indexes: Mapping[str, int] = field(default_factory=dict)
    has_network: Callable[[str], bool] = lambda _: True

    @classmethod
    def running(cls) -> Host:
        """Return this host as it is now."""
        root, machine = _find_cgroup_root(_MOUNTS.read_text()), os.uname().machine
        binaries = Binaries(machine) if machine in ARCHITECTURES else None
        cpus = possible_cpus()
        headers, indexes = _interfaces()
        return cls(
            interfaces=headers,
            cgroup_root=root,
            has_cgroup=lambda path: Path(path).is_dir(),
            binaries=binaries,
            cpus=cpus,
            can_sample=_can_sample,
            cgroups=partial(find, root),
            indexes=indexes,
            has_network=lambda path: Path(path).is_file(),
        )

    @classmethod
    def anywhere(cls) -> Host:
        """Return a host that has everything that a policy names, but for files: what is in them cannot be made up."""
        return cls(None, _USUAL_ROOT, lambda _: True)


@cache
def _can_sample(event: str) -> bool:
    from policyd.kernel.bpf.syscall import can_sample  # noqa: PLC0415 (only for policies that sample)

    row = perf_event_kind(event)
    return not row.hardware or can_sample(row.type, row.number)


def _interfaces() -> tuple[dict[str, Header] | None, dict[str, int]]:
    """Ask the network namespace of this thread: /sys/class/net shows that of whoever mounted sysfs."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asked:
            indexes = {name: index for index, name in sorted(socket.if_nameindex(), key=itemgetter(1))}
            return {name: _header(asked.fileno(), name) for name in indexes}, indexes
    except OSError:  # a sandbox without sockets
        return None, {}


def _header(fd: int, name: str) -> Header:
    """Tell whether packets begin with an Ethernet header: ARPHRD_ETHER and ARPHRD_LOOPBACK of if_arp.h do (netdevice(7))."""
    try:
        answer = fcntl.ioctl(fd, _SIOCGIFHWADDR, struct.pack("16s24x", name.encode()))
    except OSError:  # gone meanwhile
        return "ethernet"
    (type_,) = struct.unpack_from("=H", answer, 16)
    return "ethernet" if type_ in _WITH_ETHERNET else "none"


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
