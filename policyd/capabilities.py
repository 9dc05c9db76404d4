"""The capabilities of this process (capabilities(7)), and what to say when the kernel refused something for want of one.

A leaf: `kernel/bpf/` words its errors with it, `privileges.py` compares what policies need with what is held.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BPF, PERFMON, NET_ADMIN = "CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"
SYS_ADMIN, SYS_PTRACE, SYSLOG = "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYSLOG"
DAC_READ_SEARCH = "CAP_DAC_READ_SEARCH"

NUMBERS = {DAC_READ_SEARCH: 2, NET_ADMIN: 12, SYS_PTRACE: 19, SYS_ADMIN: 21, SYSLOG: 34, PERFMON: 38, BPF: 39}
"""Bits of the kernel's masks (include/uapi/linux/capability.h), of the capabilities that policyd knows a use for."""

_IMPLIED = {SYS_ADMIN: (BPF, PERFMON, NET_ADMIN)}
"""What bpf(2) takes in place of others (`bpf_token_capable` and `perfmon_capable` of the kernel; `bpf_net_capable`)."""

_STATUS = Path("/proc/self/status")
_USERS = Path("/proc/self/uid_map")
_ALL_USERS = ["0", "0", "4294967295"]


def held(status: Path = _STATUS) -> frozenset[str]:
    """Return what is in this process's effective set, by name, of `NUMBERS`; nothing where it cannot be read."""
    try:
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    mask = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return frozenset(name for name, number in NUMBERS.items() if mask >> number & 1)


def missing(wanted: Iterable[str], status: Path = _STATUS) -> tuple[str, ...]:
    """Return those of `wanted` that are neither held nor implied by what is held, in the given order."""
    has = held(status)
    implied = {name for one in has for name in _IMPLIED.get(one, ())}
    return tuple(dict.fromkeys(name for name in wanted if name not in has | implied))


def why_denied(wanted: Iterable[str], status: Path = _STATUS, users: Path = _USERS) -> str:
    """Return why the kernel said EPERM to what needs `wanted`, as a hint: what is missing, or what else it can be."""
    lacking = missing(wanted, status)
    if lacking:
        return f"this process lacks {' and '.join(lacking)}; `policyd doctor` tells what each is for"
    if in_user_namespace(users):
        return "this process is root in a user namespace only, whose capabilities do not count for BPF"
    return "no capability is missing: a seccomp filter, an LSM, lockdown or the kernel's configuration forbids it"


def in_user_namespace(users: Path = _USERS) -> bool:
    """Tell whether this is not the host's own user namespace: capabilities there are no privilege of the host."""
    try:
        return users.read_text(encoding="ascii").split() != _ALL_USERS
    except OSError:
        return False
