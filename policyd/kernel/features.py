"""What this kernel and host can do, found by trying: never by version numbers or configuration files.

`doctor` prints the rows, `Target` takes `as_facts`, and errors elsewhere point here.  Probing leaves nothing behind.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.builders.bcc_server import Bcc
from policyd.builders.choice import choose
from policyd.builders.compiler import find_clang
from policyd.kernel import probes
from policyd.kernel.attachable import ATTACHING, Feature, Probe
from policyd.kernel.bpf.object import library_version
from policyd.kernel.bpffs import MOUNT_POINT
from policyd.kernel.probes import Absent, read_setting
from policyd.tracefs import find_tracefs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def _bpffs() -> str:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    found = [line.split()[4] for line in mounts.splitlines() if " - bpf " in line]
    if not found:
        raise Absent(f"not mounted; apply mounts it at {MOUNT_POINT}")
    return f"mounted at {', '.join(found)}"


def _tracefs() -> str:
    found = find_tracefs()
    if found is None:
        raise Absent("not mounted: mount -t tracefs nodev /sys/kernel/tracing")
    if not os.access(found / "events", os.R_OK):
        raise Absent(f"{found} may not be read without root")
    return f"mounted at {found}"


def _lockdown() -> str:
    """The file shows all levels, with the one in force in brackets: `none [integrity] confidentiality`."""
    text = _security("lockdown")
    level = text.partition("[")[2].partition("]")[0]
    if level == "confidentiality":
        raise Absent("confidentiality: the kernel refuses programs that read its memory")
    return level


def _active_lsms() -> str:
    return _security("lsm")


def _security(name: str) -> str:
    if not Path("/sys/kernel/security/").is_dir() or not any(Path("/sys/kernel/security").iterdir()):
        raise Absent("securityfs is not mounted: mount -t securityfs none /sys/kernel/security")
    return read_setting(f"/sys/kernel/security/{name}")


def _unprivileged() -> str:
    meanings = {
        "0": "0: users without privilege may load programs",
        "1": "1: only with CAP_BPF, until the next start",
        "2": "2: only with CAP_BPF",
    }
    value = read_setting("/proc/sys/kernel/unprivileged_bpf_disabled")
    return meanings.get(value, value)


def _statistics() -> str:
    value = read_setting("/proc/sys/kernel/bpf_stats_enabled")
    return "on: run counts and times are kept" if value == "1" else "off: run counts and times are not kept"


def _locked_memory() -> str:
    soft = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    size = "unlimited" if soft == resource.RLIM_INFINITY else f"{soft >> 10} KiB"
    return f"{size}; of no matter, for maps are charged to the memory cgroup (since 5.11)"


def _clang() -> str:
    clang = find_clang()
    return f"{clang.version()}, {clang.path}"


def _libbpf() -> str:
    return f"libbpf {library_version()}"


def _bcc() -> str:
    """The distribution's module, for its own interpreter."""
    bcc = Bcc()
    try:
        found = bcc.describe()
    finally:
        bcc.end()
    return f"bcc {found.version} for {found.python}"


def builder(wanted: str = "auto") -> Probe:
    """Return the row that tells which builder `--builder wanted` means, and why."""

    def run() -> str:
        chosen = choose(wanted)
        return f"{chosen.name}: {chosen.why}"

    return Probe("builder", "tools", run, needed=True)


PROBES: tuple[Probe, ...] = (
    Probe("bpf system call", "kernel", probes.system_call, needed=True),
    Probe("kernel types (BTF)", "kernel", probes.kernel_types, "5.2, CONFIG_DEBUG_INFO_BTF", needed=True),
    Probe("JIT compiler", "kernel", probes.jit),
    Probe("bpffs", "kernel", _bpffs, "4.4"),
    Probe("tracefs", "kernel", _tracefs),
    *(
        Probe(f"map type {name}", "kernel", probes.map_type(name), since, needed=True)
        for name, since in (
            ("hash", "3.19"),
            ("array", "3.19"),
            ("prog_array", "4.2"),
            ("percpu_hash", "4.6"),
            ("percpu_array", "4.6"),
            ("lru_hash", "4.10"),
            ("lru_percpu_hash", "4.10"),
            ("lpm_trie", "4.11"),
            ("ringbuf", "5.8"),
        )
    ),
    Probe("array of ring buffers", "kernel", probes.map_of_maps, "5.8", needed=True),
    Probe("tail call", "kernel", probes.tail_call, "4.2", needed=True),
    Probe("bpf_loop", "kernel", probes.bpf_loop, "5.17"),
    *ATTACHING,
    Probe("lockdown", "settings", _lockdown, "5.4"),
    Probe("active LSMs", "settings", _active_lsms),
    Probe("unprivileged BPF", "settings", _unprivileged),
    Probe("run statistics", "settings", _statistics, "5.1"),
    Probe("locked memory", "settings", _locked_memory),
    Probe("clang", "tools", _clang),
    Probe("libbpf", "tools", _libbpf, needed=True),
    Probe("bcc", "tools", _bcc),
    builder(),
)


def as_facts(features: Iterable[Feature]) -> Mapping[str, bool | str]:
    """Return what a saved profile keeps: whether a feature is there, by name."""
    return {feature.name: feature.ok for feature in features}
