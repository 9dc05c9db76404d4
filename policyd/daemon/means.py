"""How the prover makes an event itself, without any effect on the host: for each attach point a means, or why there is none.

A means is done by the thread that is announced in the config map (`canary.py`), or by a child of it.  What each one does to
the host is listed in docs/truth.md.
"""

from __future__ import annotations

import errno
import mmap
import os
import platform
import resource
import socket
import sys
import time
import warnings
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policyd.daemon.calls import BY_NAME
from policyd.errors import KernelError
from policyd.kernel.bpf.syscall import raw_call
from policyd.naming import cgroup_root
from policyd.unit import OWN_NETWORK
from policyd.vocabulary.syscalls import syscalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.unit import AttachPoint

Way = Literal["call", "child", "sleep", "page", "datagram", "answer", "stream", "option", "setting", "device"]


@dataclass(frozen=True, slots=True, order=True)
class Means:
    """A way to make an event: `detail` is a call's tracepoint name, or an address family's (`4`, `6`)."""

    way: Way
    detail: str = ""


_CHILD, _SLEEP, _PAGE = Means("child"), Means("sleep"), Means("page")
_DATAGRAM, _STREAM = Means("datagram", "4"), Means("stream", "4")
_ANY_CALL = Means("call", "getppid")
_IN_CGROUP = {
    **{name: Means("answer", name[-1]) for name in ("getpeername4", "getpeername6", "getsockname4", "getsockname6")},
    **{name: Means("answer", name[-1]) for name in ("recvmsg4", "recvmsg6")},
    **dict.fromkeys(("setsockopt", "getsockopt"), Means("option")),
    "sysctl": Means("setting"),
    "device": Means("device"),
}
"""Hooks of cgroups that take more than a datagram."""

EVENTS: dict[str, Means] = {
    "sys_enter": _ANY_CALL,
    "sys_exit": _ANY_CALL,
    "sched_process_fork": _CHILD,
    "sched_process_exec": _CHILD,
    "sched_process_exit": _CHILD,
    "sched_wakeup_new": _CHILD,
    "task_newtask": _CHILD,
    "task_rename": _CHILD,
    "sched_switch": _SLEEP,
    "hrtimer_start": _SLEEP,
    "page_fault_user": _PAGE,
    "mm_page_alloc": _PAGE,
    "net_dev_queue": _DATAGRAM,
    "net_dev_start_xmit": _DATAGRAM,
    "net_dev_xmit": _DATAGRAM,
    "netif_rx": _DATAGRAM,
    "netif_receive_skb": _DATAGRAM,
    "inet_sock_set_state": _STREAM,
}
"""Tracepoints that a thread passes by what it does itself, by their name without the category."""

ONLY_32_BIT = "only 32-bit programs come there"
"""Why no event is made at the functions that they enter the kernel by: a system's hardening kills who makes such a call."""

_FUNCTIONS = frozenset({"fentry", "fexit", "kprobe", "fmod_ret"})
_NETWORK = frozenset({"xdp", "tcx", "netkit", "clsact", "netfilter", "sk_lookup"})
_OF_CALLS = ("__x64_sys_", "__do_sys_")
"""What the functions are called that 64-bit callers of system calls enter the kernel by, before the tracepoint's name."""

_LOOPBACK = {"4": (socket.AF_INET, "127.0.0.1"), "6": (socket.AF_INET6, "::1")}
_PATIENCE = 5.0  # seconds for a child to run a program that does nothing


def means_of(point: AttachPoint, own_cgroup: str) -> Means | str:
    """Return how an event at `point` is made, or why it cannot be.

    `own_cgroup` is the directory of this process's cgroup.
    """
    if point.kind == "perf_event":
        return "a sample is of whatever runs just then"
    if point.kind in {"cgroup", "sock_ops"}:
        return _in_cgroup(point, own_cgroup)
    if point.kind in _NETWORK:
        return _in_network(point)
    if point.kind in _FUNCTIONS:
        return _in_function(point.target)
    category, _, name = point.target.rpartition("/")
    if category == "syscalls":
        return _call(name.removeprefix("sys_enter_").removeprefix("sys_exit_"))
    return EVENTS.get(name, f"the event {name} cannot be made at will")


def _in_function(name: str) -> Means | str:
    if name.startswith("__ia32_"):
        return ONLY_32_BIT
    call = next((name.removeprefix(prefix) for prefix in _OF_CALLS if name.startswith(prefix)), "")
    return _call(call) if call else f"the function {name} cannot be called at will"


def _in_network(point: AttachPoint) -> Means | str:
    if point.kind == "sk_lookup":
        return _STREAM if point.target == OWN_NETWORK else f"the agent is not in the network namespace {point.target}"
    if point.kind == "netfilter":
        return _at_netfilter(point.target)
    return _DATAGRAM if point.target == "lo" else f"only packets of others pass {point.target}"


def _at_netfilter(target: str) -> Means | str:
    if "/forward/" in target:
        return "only packets of others are forwarded"
    return Means("datagram", "6" if target.startswith("ip6/") else "4")


def _in_cgroup(point: AttachPoint, own: str) -> Means | str:
    target = point.target.rstrip("/")
    if own != target and not own.startswith(f"{target}/"):
        return f"the agent is not in {point.target}"
    if point.kind == "sock_ops":
        return _STREAM
    return _IN_CGROUP.get(point.option, Means("datagram", "6" if point.option.endswith("6") else "4"))


def _call(name: str) -> Means | str:
    if name not in BY_NAME:
        return f"the call {name} cannot be made without an effect"
    if name not in _numbers():
        return f"the number of the call {name} is not known on this machine"
    return Means("call", name) if _is_allowed(name) else f"a filter of system calls keeps {name} from the agent"


def own_cgroup() -> str:
    """Return the directory of this process's cgroup, of the unified hierarchy, as it is mounted here; empty if it is not."""
    path = next((line[3:] for line in _lines("/proc/self/cgroup") if line.startswith("0::")), "")
    root = cgroup_root()
    return str(root / path.strip("/")) if root else ""


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text("utf-8", "replace").splitlines()
    return []


# ------------------------------------------------------------------------------------------------ system calls


@cache
def _numbers() -> dict[str, int]:
    """Return the numbers of this machine's calls by the names of their tracepoints."""
    table = syscalls({"aarch64": "arm64"}.get(platform.machine(), platform.machine()))
    return {row.event: row.number for row in table.values() if row.event and row.number is not None}


def _do_call(name: str) -> int:
    """Make a call; return its errno, 0 if it was not refused."""
    try:
        raw_call(_numbers()[name], *BY_NAME[name])
    except KernelError as error:
        return error.errno
    return 0


@cache
def _is_allowed(name: str) -> bool:
    """Whether a filter (seccomp) lets this process make a call: a child finds out, for it may be killed for it."""
    if "Seccomp:\t2" not in _lines("/proc/self/status"):
        return True
    return wait(fork(lambda: _try_call(name)))


def _try_call(name: str) -> None:
    """In a child: end well if the call was not refused by a filter, which may also kill."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os._exit(_do_call(name) in {errno.EPERM, errno.ENOSYS})


# ------------------------------------------------------------------------------------------------ children


def fork(what: Callable[[], object]) -> int:
    """Start a child that does `what` and ends; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads do not follow; the child does nothing that needs them
        child = os.fork()
    if child:
        return child
    try:
        what()
    finally:
        os._exit(1)


def wait(child: int) -> bool:
    """Wait for the end of a child, kill it if it takes too long; return whether it ended well."""
    end = time.monotonic() + _PATIENCE
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) == 0
        if time.monotonic() > end:
            os.kill(child, 9)
            end += _PATIENCE
        time.sleep(0.001)


@cache
def idle_program() -> tuple[str, ...]:
    """Return the command of a program that does nothing: `true`, or this Python where there is none."""
    found = next((path for path in ("/bin/true", "/usr/bin/true") if os.access(path, os.X_OK)), "")
    return (found,) if found else (sys.executable, "-I", "-S", "-c", "")


# ------------------------------------------------------------------------------------------------ doing it


def act(means: Means) -> None:
    """Make the event in this thread (not `child`, which is the caller's).  `OSError` if the host has no such thing."""
    _ACTS[means.way](means.detail)


def _sleep(_: str) -> None:
    time.sleep(0.0005)


def _touch_page(_: str) -> None:
    with mmap.mmap(-1, mmap.PAGESIZE) as page:
        page[0] = 1


def _datagrams(family: str) -> None:
    """Bind a socket on the loopback interface, send it a datagram from another, connect a third to it."""
    kind, host = _LOOPBACK[family]
    with ExitStack() as stack:
        taker, sender, other = (stack.enter_context(socket.socket(kind, socket.SOCK_DGRAM)) for _ in range(3))
        taker.bind((host, 0))
        sender.sendto(b"policyd", taker.getsockname())
        other.connect(taker.getsockname())


def _answers(family: str) -> None:
    """Send a datagram to a socket on the loopback interface, have it say who sent it, and the sockets who they are."""
    kind, host = _LOOPBACK[family]
    with socket.socket(kind, socket.SOCK_DGRAM) as taker, socket.socket(kind, socket.SOCK_DGRAM) as sender:
        taker.bind((host, 0))
        sender.connect(taker.getsockname())
        sender.getpeername()
        sender.send(b"policyd")
        taker.settimeout(1.0)
        taker.recvfrom(16)


def _option(_: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        made.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def _setting(_: str) -> None:
    Path("/proc/sys/kernel/ostype").read_bytes()


def _device(_: str) -> None:
    os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))


def _connection(family: str) -> None:
    """Open a connection to a socket of its own on the loopback interface, and close it."""
    kind, host = _LOOPBACK[family]
    with socket.socket(kind) as taker, socket.socket(kind) as caller:
        taker.bind((host, 0))
        taker.listen(1)
        caller.settimeout(1.0)
        caller.connect(taker.getsockname())


_ACTS: dict[str, Callable[[str], object]] = {
    "call": _do_call,
    "sleep": _sleep,
    "page": _touch_page,
    "datagram": _datagrams,
    "answer": _answers,
    "stream": _connection,
    "option": _option,
    "setting": _setting,
    "device": _device,
}
