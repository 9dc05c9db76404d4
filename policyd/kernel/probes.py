"""What `features.py` tries: one small function a feature, each undoing what it did.

A probe returns a detail for people (empty: nothing to add), raises `Absent` with the reason, or lets the `PolicydError` of
what it tried pass.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.host import Host
from policyd.kernel import filters, links
from policyd.kernel.bpf import attach, instructions, maps, programs
from policyd.kernel.bpf import object as bpf_object
from policyd.kernel.bpf.btf import Btf
from policyd.kernel.bpf.constants import ATTACH_TYPES, MAP_NO_PREALLOC, PROGRAM_TYPES
from policyd.kernel.bpf.programs import ProgramKind
from policyd.kernel.bpf.syscall import PerfEvent, perf_event_open
from policyd.kernel.link_kind import event_source
from policyd.unit import OWN_NETWORK, AttachPoint
from policyd.vocabulary.attach import attach_kind
from policyd.words import MOST_PRIORITY

if TYPE_CHECKING:
    from collections.abc import Callable

_EVENT = "sched_process_exec"  # every kernel has it, and it is rare
_FUNCTION = "bpf_fentry_test1"  # called by BPF's own tests only
_MODIFIABLE = "security_task_getpgid"  # programs may decide about it whatever the kernel was built with
_LSM_HOOK = "task_getpgid"
_JIT = Path("/proc/sys/net/core/bpf_jit_enable")
_SOFTWARE, _CPU_CLOCK = 1, 0  # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK


class Absent(Exception):  # noqa: N818 (not an error: an answer)
    """The feature is not there; the text says why."""


def read_setting(path: str) -> str:
    """Return what a file of /proc or /sys says; `Absent` if it cannot be read."""
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except PermissionError:
        raise Absent(f"{path} may not be read without root") from None
    except OSError:
        raise Absent(f"there is no {path}") from None


def system_call() -> str:
    """Make a map."""
    os.close(maps.create("array", 4, 4, 1, name="pd_probe"))
    return ""


def kernel_types() -> str:
    """Load the kernel's BTF."""
    return f"/sys/kernel/btf/vmlinux, {len(Btf.load().raw) >> 10} KiB"


def jit() -> str:
    """Ask the setting: programs run either way.  Only the host's own network namespace shows it."""
    if not _JIT.exists():
        return "net.core.bpf_jit_enable is not shown in this network namespace"
    if read_setting(str(_JIT)) == "0":
        raise Absent("net.core.bpf_jit_enable is 0: programs are interpreted, several times slower")
    return ""


def map_type(name: str) -> Callable[[], str]:
    """Return a probe that makes a map of a type."""
    sizes = {"ringbuf": (0, 0, 4096), "lpm_trie": (8, 4, 1)}
    key, value, entries = sizes.get(name, (4, 4, 1))

    def probe() -> str:
        os.close(maps.create(name, key, value, entries, MAP_NO_PREALLOC if name == "lpm_trie" else 0, "pd_probe"))
        return ""

    return probe


def map_of_maps() -> str:
    """With ring buffers inside: that is what policies' events need."""
    inner = maps.create("ringbuf", 0, 0, 4096, name="pd_probe")
    try:
        os.close(maps.create("array_of_maps", 4, 4, 1, 0, "pd_probe", inner))
    finally:
        os.close(inner)
    return ""


def bpf_loop() -> str:
    """Let libbpf try a call of the helper."""
    bpf_loop_helper = 181
    if not bpf_object.helper_known(PROGRAM_TYPES["tracepoint"], bpf_loop_helper):
        raise Absent("the kernel does not know the helper")
    return ""


def tail_call() -> str:
    """Load a stub like those of hooks without link updates."""
    slot = maps.create("prog_array", 4, 4, 1, name="pd_probe")
    try:
        os.close(programs.load(ProgramKind(PROGRAM_TYPES["tracepoint"]), instructions.stub(slot, 0), "pd_probe"))
    finally:
        os.close(slot)
    return ""


def attach_point(kind: str, target: str, option: str = "") -> Callable[[], str]:
    """Return a probe that attaches a program which does nothing, and detaches it."""
    return lambda: _attached(AttachPoint(kind, target, option))


def _attached(point: AttachPoint) -> str:
    row = attach_kind(point.kind, point.option)
    program = links.load(point, instructions.neutral(row.neutral), "pd_probe")
    try:
        os.close(links.attach(point, program))
    except KernelError as error:
        if error.errno not in {errno.EBUSY, errno.EEXIST}:
            raise
        return f"{point.target} is in use"
    finally:
        os.close(program)
    return f"tried on {point.target}"


def cgroup() -> str:
    """Attach to the root of cgroup v2."""
    return attach_point("cgroup", _cgroup_root(), "connect4")()


def _cgroup_root() -> str:
    root = Host.running().cgroup_root
    if not root:
        raise Absent("cgroup v2 is not mounted: mount -t cgroup2 none DIRECTORY")
    return root


def clsact() -> str:
    """Make a filter on lo, and take it away; the qdisc too, if there was none."""
    point = AttachPoint("clsact", "lo", "ingress")
    program = links.load(point, instructions.neutral(attach_kind(point.kind, point.option).neutral), "pd_probe")
    try:
        note = links.attach(point, program)
        try:
            links.put_filter(point, note, program, ())
        finally:
            filters.remove(note)
            os.close(note)
    finally:
        os.close(program)
    return f"tried on {point.target}"


def sock_ops() -> str:
    """Attach to the root of cgroup v2."""
    return attach_point("sock_ops", _cgroup_root())()


def sk_lookup() -> str:
    """Attach to this process's own network namespace."""
    _attached(AttachPoint("sk_lookup", OWN_NETWORK))
    return "tried on this network namespace"


def netkit() -> str:
    """On lo, which is none: a kernel that has netkit looks at the device, and says ENXIO."""
    try:
        return _attached(AttachPoint("netkit", "lo", "primary"))
    except KernelError as error:
        if error.errno != errno.ENXIO:
            raise
    return ""


def kprobe_multi() -> str:
    """Attach to a function that only BPF's own tests call."""
    return _attached(AttachPoint("kprobe_multi", _FUNCTION, members=(_FUNCTION,)))


def uprobe() -> str:
    """Open a perf event on this interpreter's file, disabled."""
    source = event_source("uprobe")
    if source is None:
        raise Absent("this kernel was built without uprobes (CONFIG_UPROBE_EVENTS)")
    os.close(perf_event_open(PerfEvent(source, place="/proc/self/exe"), "make a uprobe"))
    return ""


def uprobe_multi() -> str:
    """On a directory: a kernel that knows the link type looks at the file, and says EBADF."""
    attach_type = ATTACH_TYPES["trace_uprobe_multi"]
    program = _load(ProgramKind(PROGRAM_TYPES["kprobe"], attach_type))
    try:
        nowhere = attach.FileProbes("/", (0,), (0,))
        os.close(attach.create_uprobe_multi_link(program, attach_type, nowhere, "make a uprobe_multi link"))
    except KernelError as error:
        if error.errno != errno.EBADF:
            raise
    finally:
        os.close(program)
    return ""


def perf_event() -> str:
    """Attach to a clock of the kernel, which would tick once an hour."""
    hour = 3600 * 10**9
    row = attach_kind("perf_event", "")
    event = perf_event_open(PerfEvent(_SOFTWARE, _CPU_CLOCK, hour), "make a perf event")
    try:
        program = _load(ProgramKind.of(row))
        try:
            os.close(attach.create_link(program, event, row.link_attach_type, 0, "attach to a perf event"))
        finally:
            os.close(program)
    finally:
        os.close(event)
    return ""


def lsm() -> str:
    """Attach to the hook of asking for a process's group, and ask: it is called only if `bpf` is among the active LSMs."""
    seen = maps.create("array", 4, 4, 1, name="pd_probe")
    point = AttachPoint("lsm", _LSM_HOOK)
    try:
        program = links.load(point, instructions.marking(seen, 0), "pd_probe")
        try:
            link = links.attach(point, program)
            os.getpgid(os.getpid())
            os.close(link)
        finally:
            os.close(program)
        if not any(maps.lookup(seen, bytes(4), 4) or b""):
            raise Absent("`bpf` is not among the active LSMs: start the kernel with lsm=…,bpf")
    finally:
        os.close(seen)
    return f"tried on {_LSM_HOOK}"


def _load(kind: ProgramKind) -> int:
    return programs.load(kind, instructions.neutral(0), "pd_probe")


tracepoint = attach_point("tracepoint", f"sched/{_EVENT}")
raw_tracepoint = attach_point("raw_tracepoint", _EVENT)
snapshot = attach_point("iter", "task")
kprobe = attach_point("kprobe", _FUNCTION)
fentry = attach_point("fentry", _FUNCTION)
fexit = attach_point("fexit", _FUNCTION)
fmod_ret = attach_point("fmod_ret", _MODIFIABLE)
xdp = attach_point("xdp", "lo", "generic")
tcx_ingress = attach_point("tcx", "lo", "ingress")
tcx_egress = attach_point("tcx", "lo", "egress")
netfilter = attach_point("netfilter", f"ip/postrouting/{MOST_PRIORITY - 1}")
