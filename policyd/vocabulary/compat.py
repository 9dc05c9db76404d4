"""How 32-bit callers on x86-64 pass the arguments of system calls, where that is not as 64-bit callers do.

An argument is in the register of its position, 4 bytes, except where a row here says otherwise.  `resolve/compat.py` makes
values of it.  Sources: arch/x86/entry/syscalls/syscall_32.tbl (which function a number calls: `Syscall.entries`),
arch/x86/kernel/sys_ia32.c and fs/, ipc/, net/compat.c (their parameters), include/uapi/linux/net.h and ipc.h (subcalls).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.vocabulary.syscalls import Syscall

REGISTERS = ("bx", "cx", "dx", "si", "di", "bp")
"""The members of `struct pt_regs` that carry the arguments, in order."""

NEVER_RETURN = frozenset({"exit", "exit_group"})
"""Calls whose functions never end: the kernel refuses programs at their end."""

_HALVES = "a 32-bit caller passes it in two halves"
_STRUCT = "a 32-bit caller passes all arguments in a struct"
_NONE = "this form of the call has no such argument"
_PAGES = "a 32-bit caller passes it in pages"
_SHUFFLED = "32-bit callers can make the call through ipc(), which passes its arguments in another order"


@dataclass(frozen=True, slots=True)
class Entry:
    """A function of the 32-bit table whose parameters are not those of the 64-bit call.

    `places` has, for each argument of the 64-bit call, the position of the register, or why it cannot be read; arguments
    beyond are where `rest` says: `rest` is the reason why they cannot be read.
    """

    places: tuple[int | str, ...]
    rest: str = _NONE

    def place(self, index: int) -> int | str:
        """Return the position of argument `index` (0…), or why it has none."""
        return self.places[index] if index < len(self.places) else self.rest


ENTRIES: dict[str, Entry] = {
    "compat_sys_fanotify_mark": Entry((0, 1, _HALVES, 4, 5)),
    "compat_sys_ia32_clone": Entry((0, 1, 2, 4, 3)),
    "compat_sys_ia32_mmap": Entry((), _STRUCT),
    "compat_sys_old_select": Entry((), _STRUCT),
    "sys_ia32_fadvise64": Entry((0, _HALVES, 3, 4)),
    "sys_ia32_fadvise64_64": Entry((0, _HALVES, _HALVES, 5)),
    "sys_ia32_fallocate": Entry((0, 1, _HALVES, _HALVES)),
    "sys_ia32_ftruncate64": Entry((0, _HALVES)),
    "sys_ia32_pread64": Entry((0, 1, 2, _HALVES)),
    "sys_ia32_pwrite64": Entry((0, 1, 2, _HALVES)),
    "sys_ia32_readahead": Entry((0, _HALVES, 3)),
    "sys_ia32_sync_file_range": Entry((0, _HALVES, _HALVES, 5)),
    "sys_ia32_truncate64": Entry((0, _HALVES)),
    "sys_llseek": Entry((0, _HALVES, 4)),
    "sys_mmap_pgoff": Entry((0, 1, 2, 3, 4, _PAGES)),
    "sys_oldumount": Entry((0,)),
    "sys_waitpid": Entry((0, 1, 2)),
}
"""The functions that differ, without `__ia32_`; all others take what the 64-bit call takes."""

NARROW = "16"
"""Functions whose names end so take user and group ids of 16 bits (kernel/uid16.c)."""


@dataclass(frozen=True, slots=True)
class Multiplexer:
    """A call that stands for many others, told apart by its first argument, of which the low `bits` count.

    Where `in_memory`, the second argument points to the others' arguments, 4 bytes each; elsewhere they cannot be read.
    """

    name: str
    number: int
    entry: str
    bits: int
    in_memory: bool


SOCKETCALL = Multiplexer("socketcall", 102, "compat_sys_socketcall", 32, in_memory=True)
IPC = Multiplexer("ipc", 117, "compat_sys_ipc", 16, in_memory=False)


@dataclass(frozen=True, slots=True)
class Subcall:
    """A system call as a multiplexer makes it: by `number`, with so many `arguments`; further ones are 0."""

    by: Multiplexer
    number: int
    arguments: int

    def place(self, index: int) -> int | str:
        """Return the position of argument `index` in memory, or why it cannot be read."""
        return index if self.by.in_memory else _SHUFFLED


_SOCKET_CALLS = (
    ("socket", 1, 3),
    ("bind", 2, 3),
    ("connect", 3, 3),
    ("listen", 4, 2),
    ("accept", 5, 3),
    ("getsockname", 6, 3),
    ("getpeername", 7, 3),
    ("socketpair", 8, 4),
    ("sendto", 9, 4),  # send(), which has no address
    ("recvfrom", 10, 4),  # recv()
    ("sendto", 11, 6),
    ("recvfrom", 12, 6),
    ("shutdown", 13, 2),
    ("setsockopt", 14, 5),
    ("getsockopt", 15, 5),
    ("sendmsg", 16, 3),
    ("recvmsg", 17, 3),
    ("accept4", 18, 4),
    ("recvmmsg", 19, 5),
    ("sendmmsg", 20, 4),
)
_IPC_CALLS = (
    ("semop", 1),
    ("semget", 2),
    ("semctl", 3),
    ("semtimedop", 4),
    ("msgsnd", 11),
    ("msgrcv", 12),
    ("msgget", 13),
    ("msgctl", 14),
    ("shmat", 21),
    ("shmdt", 22),
    ("shmget", 23),
    ("shmctl", 24),
)


def subcalls(name: str) -> tuple[Subcall, ...]:
    """Return the ways by which 32-bit callers make the system call `name` through a multiplexer."""
    sockets = [Subcall(SOCKETCALL, number, count) for call, number, count in _SOCKET_CALLS if call == name]
    return (*sockets, *(Subcall(IPC, number, 0) for call, number in _IPC_CALLS if call == name))


@dataclass(frozen=True, slots=True)
class Way:
    """A way by which 32-bit callers make a system call: by `numbers` of their table, all of which call the function `entry`.

    `subcall`: the function serves other calls too.  `shared`: 64-bit callers come to the same function.
    """

    numbers: tuple[int, ...]
    entry: str
    subcall: Subcall | None = None
    shared: bool = False

    def place(self, index: int) -> int | str:
        """Return where argument `index` (0…) is: the position of its register (or word, of a subcall), or why nowhere."""
        if self.subcall:
            return self.subcall.place(index)
        return ENTRIES[self.entry].place(index) if self.entry in ENTRIES else index


def ways(call: Syscall, arch: str) -> Iterator[Way]:
    """Yield every way by which 32-bit callers on `arch` make `call`, each function once."""
    pairs = list(zip(call.compat_numbers, call.entries, strict=True))
    for entry in dict.fromkeys(entry for entry in call.entries if entry):
        numbers = tuple(number for number, found in pairs if found == entry)
        yield Way(numbers, entry, shared=not call.arguments and entry.startswith("sys_"))
    for subcall in subcalls(call.name) if arch == "x86_64" else ():
        yield Way((subcall.by.number,), subcall.by.entry, subcall)
