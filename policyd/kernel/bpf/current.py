"""What the kernel can tell about the calling thread and its fellows: its number as programs see it, and a barrier for all.

`kernel.real` calls it; numbers of system calls are those of `include/uapi/asm-generic/unistd.h` and of x86-64's table.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from pathlib import Path

from policyd.errors import KernelError
from policyd.kernel.bpf.constants import PROGRAM_TYPES, Command
from policyd.kernel.bpf.instructions import call_helper, leave
from policyd.kernel.bpf.programs import ProgramKind, load
from policyd.kernel.bpf.syscall import buffer, call, raw_call

_INITIAL_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO, include/linux/proc_ns.h
_PID_TGID_HELPER = 14
_SHIFT_RIGHT = struct.pack("<BBhi", 0x77, 0, 0, 32)  # r0 >>= 32
_MEMBARRIER = {"x86_64": 324, "aarch64": 283}
_MEMBARRIER_GLOBAL = 1  # waits for an RCU grace period (kernel/sched/membarrier.c)
_LONGEST_RUN = 1.0  # seconds: programs without sleep take milliseconds at the most


def current() -> tuple[int, int]:
    """Return process and thread number in the initial pid namespace.

    In a namespace of its own a process cannot look them up; a program that is run on the spot can (5.10).
    """
    if Path("/proc/self/ns/pid").stat().st_ino == _INITIAL_PID_NAMESPACE:
        return os.getpid(), threading.get_native_id()
    return _ask(call_helper(_PID_TGID_HELPER) + _SHIFT_RIGHT + leave()), _ask(call_helper(_PID_TGID_HELPER) + leave())


def _ask(code: bytes) -> int:
    """Run a program in this thread and return what it returned (32 bits)."""
    fd = load(ProgramKind(PROGRAM_TYPES["raw_tracepoint"]), code, "pd_current")
    try:
        attr = buffer(struct.pack("<I", fd).ljust(80, b"\0"))
        call(Command.PROG_TEST_RUN, attr, "ask for this thread's number")
        found: int = struct.unpack_from("<I", attr, 4)[0]
        return found
    finally:
        os.close(fd)


def settle() -> None:
    """Wait until every run of a program that is under way has ended: runs are RCU readers."""
    try:
        raw_call(_MEMBARRIER[os.uname().machine], _MEMBARRIER_GLOBAL, 0, 0)
    except (KeyError, KernelError):
        time.sleep(_LONGEST_RUN)
