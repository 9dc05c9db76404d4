"""Places of probes: how a place in a file or in the kernel's code is spelled as an attach point, and read again.

In: what the language side found (a file, offsets in it).  Out: `AttachPoint`s; and for the kernel layer the numbers that
their text stands for.  The one place that knows the spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.cpus import parse_cpus, show_cpus
from policyd.maps import digest
from policyd.unit import AttachPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

Option = Literal["", "return"]

ITER_PREFIX = "bpf_iter_"
"""What the function is called whose arguments a program gets for each object of a kind (include/linux/bpf.h)."""

_TYPED = frozenset({"fentry", "fexit", "fmod_ret"})
_LOCATION = re.compile(r"0x(?P<offset>[0-9a-f]+)(?:\(0x(?P<semaphore>[0-9a-f]+)\))?")
_TARGET = re.compile(r"(?P<path>/.*):(?P<place>[^:]+?)(?:@(?P<pid>[0-9]+))?", re.DOTALL)
_SAMPLING = re.compile(
    r"(?P<event>[a-z-]+)/(?:frequency=(?P<frequency>[0-9]+)|period=(?P<period>[0-9]+))/cpus=(?P<cpus>all|[0-9,-]+)"
)
_FUNCTION = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_.$]*)(?:\+0x(?P<offset>[0-9a-f]+))?")


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """An offset in a file, and that of the counter (USDT's semaphore) which tells a program that somebody looks; 0: none."""

    offset: int
    semaphore: int = 0

    def __str__(self) -> str:
        return f"{self.offset:#x}" + (f"({self.semaphore:#x})" if self.semaphore else "")

    @classmethod
    def parse(cls, text: str) -> Location:
        """Read what `str` made; `ValueError`."""
        found = _LOCATION.fullmatch(text)
        if found is None:
            raise ValueError(f"not an offset in a file: {text!r}")
        return cls(int(found["offset"], 16), int(found["semaphore"] or "0", 16))


@dataclass(frozen=True, slots=True)
class UserPlace:
    """Locations in one file, for one process or (`pid` 0) for all.

    `file` is the state (`file_state`) of the file in which they were found: to no other one is attached.
    """

    path: str
    locations: tuple[Location, ...]
    pid: int = 0
    file: str = ""


def uprobe(place: UserPlace, option: Option = "") -> AttachPoint:
    """Return the point of the one location of `place`."""
    (location,) = place.locations
    return AttachPoint("uprobe", f"{place.path}:{location}{_process(place)}", option, file=place.file)


def uprobe_multi(place: UserPlace, names: Sequence[str], option: Option = "") -> AttachPoint:
    """Return the point of all locations of `place`, in their order (which the cookies count); `names` are their symbols.

    One location will do, and is spelled as that of a uprobe: unlike a perf event, such a link needs no CAP_SYS_ADMIN since
    Linux 6.16, tells when its file goes, and is let go of at once.
    """
    members = tuple(map(str, place.locations))
    first = names[0].translate({ord(":"): ".", ord("@"): "."})  # they separate the parts of a target
    several = f"{first}+{len(members) - 1}-{digest((tuple(names), members))[:6]}"
    target = f"{place.path}:{several if len(members) > 1 else members[0]}{_process(place)}"
    return AttachPoint("uprobe_multi", target, option, members=members, file=place.file)


def _process(place: UserPlace) -> str:
    return f"@{place.pid}" if place.pid else ""


def user_place(point: AttachPoint) -> UserPlace:
    """Read the target of a `uprobe` or `uprobe_multi` point; `ValueError` if it is none."""
    found = _TARGET.fullmatch(point.target)
    if found is None:
        raise ValueError(f"not a place in a file: {point.target!r}")
    members = point.members or (found["place"],)
    return UserPlace(found["path"], tuple(map(Location.parse, members)), int(found["pid"] or "0"), point.file)


def function_place(target: str) -> tuple[str, int]:
    """Read the target of a `kprobe` point, `vfs_read` or `vfs_read+0x10`, as function and offset; `ValueError`."""
    found = _FUNCTION.fullmatch(target)
    if found is None:
        raise ValueError(f"not a place in a function of the kernel: {target!r}")
    return found["name"], int(found["offset"] or "0", 16)


@dataclass(frozen=True, slots=True)
class Sampling:
    """An event to sample: `frequency` times a second, or (0) every `period` events; on `cpus`, or (none) on all."""

    event: str
    frequency: int = 0
    period: int = 0
    cpus: tuple[int, ...] = ()

    def __str__(self) -> str:
        rate = f"frequency={self.frequency}" if self.frequency else f"period={self.period}"
        return f"{self.event}/{rate}/cpus={show_cpus(self.cpus) if self.cpus else 'all'}"


def perf_event(wanted: Sampling) -> AttachPoint:
    """Return the point of a sampled event."""
    return AttachPoint("perf_event", str(wanted))


def sampling(point: AttachPoint) -> Sampling:
    """Read the target of a `perf_event` point; `ValueError` if it is none."""
    found = _SAMPLING.fullmatch(point.target)
    if found is None:
        raise ValueError(f"not a sampled event: {point.target!r}")
    cpus = () if found["cpus"] == "all" else parse_cpus(found["cpus"])
    return Sampling(found["event"], int(found["frequency"] or "0"), int(found["period"] or "0"), cpus)


@dataclass(frozen=True, slots=True)
class Netfilter:
    """A hook of netfilter in this network namespace: `family` is `ip` or `ip6`."""

    family: str
    hook: str
    priority: int
    defrag: bool = False


def netfilter(place: Netfilter) -> AttachPoint:
    """Return the point of a hook of netfilter."""
    option = "defrag" if place.defrag else ""
    return AttachPoint("netfilter", f"{place.family}/{place.hook}/{place.priority}", option, "none")


def netfilter_place(point: AttachPoint) -> Netfilter:
    """Read the target of a `netfilter` point; `ValueError` if it is none."""
    family, hook, priority = point.target.split("/")
    return Netfilter(family, hook, int(priority), point.option == "defrag")


def attach_target(point: AttachPoint) -> str:
    """Return the function of the kernel whose type (BTF) programs of `point` are loaded for; empty for most kinds."""
    if point.kind == "lsm":
        return f"bpf_lsm_{point.target}"
    if point.kind == "iter":
        return f"{ITER_PREFIX}{point.target}"
    return point.target if point.kind in _TYPED else ""
