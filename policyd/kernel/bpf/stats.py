"""The kernel's own measuring of programs: run counts and times, while somebody asks for them."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

from policyd.kernel.bpf.constants import Command
from policyd.kernel.bpf.syscall import call

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN_TIME = 0  # BPF_STATS_RUN_TIME


@contextmanager
def measuring() -> Iterator[None]:
    """Have the kernel measure all programs of the host for the length of the block (Linux 5.8; needs CAP_SYS_ADMIN).

    It costs two reads of the clock each time that a program runs.  `KernelError` where it is not allowed.
    """
    fd = call(Command.ENABLE_STATS, struct.pack("<I", _RUN_TIME), "measure the run time of programs")
    try:
        yield
    finally:
        os.close(fd)
