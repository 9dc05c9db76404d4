"""The process table's rows of processes that were there before policyd: read from `/proc`, packed as the kernel keeps them.

The engine writes them once, when the table is made, and never over a row that the exec program has written since.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.codegen.source import PROCESSES_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROW = struct.Struct("<HHBBH256s256s256x")  # struct pd_process, bpf_templates/fields/process_table.c
_LONGEST = 255
_HOST_PIDS = 0xEFFFFFFC  # PROC_PID_INIT_INO, include/linux/proc_ns.h
assert _ROW.size == PROCESSES_VALUE


def snapshot(proc: Path = Path("/proc")) -> Iterator[tuple[bytes, bytes]]:
    """Yield (pid as u32, row) of every process with a program: kernel threads have none."""
    for entry in os.listdir(proc):  # noqa: PTH208  a thousand Path objects for nothing
        if not entry.isdigit():
            continue
        try:
            exe = os.readlink(f"{proc}/{entry}/exe").removesuffix(" (deleted)")  # noqa: PTH115
            arguments = Path(f"{proc}/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        yield struct.pack("<I", int(entry)), row(os.fsencode(exe), arguments)


def sees_the_host(namespace: Path = Path("/proc/self/ns/pid")) -> bool:
    """Tell whether pids here are those that events hold: they are the host's, and a container may have pids of its own."""
    try:
        return namespace.stat().st_ino == _HOST_PIDS
    except OSError:
        return False


def host_processes() -> Iterator[tuple[bytes, bytes]]:
    """Yield what `snapshot` does; nothing where pids are others than in the kernel: no name is better than a wrong one."""
    return snapshot() if sees_the_host() else iter(())


def row(exe: bytes, arguments: bytes) -> bytes:
    """Return the row of a process: its program's path, and its argument block with a NUL after each argument.

    Of a path that is too long the last names are kept, as the program at exec keeps them: whole, and with no slash before
    them, so that it cannot pass for another path.  Of arguments the first bytes are kept.
    """
    line = arguments.removesuffix(b"\0").replace(b"\0", b" ")
    kept_exe = exe if len(exe) <= _LONGEST else exe[-_LONGEST:].partition(b"/")[2]
    kept_line = line[:_LONGEST]
    return _ROW.pack(len(kept_exe), len(kept_line), len(exe) > _LONGEST, len(line) > _LONGEST, 0, kept_exe, kept_line)
