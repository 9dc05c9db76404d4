"""Who policies never signal, beside the init process: policyd itself, and what it starts.

`shared/guarded` maps a process's number to the time of its start; programs look there before they signal, for the process
and its ancestors (`bpf_templates/fields/guard.c`).  The engine enters its process before it changes anything; whoever can
write there is root, and could as well delete the policy.
"""

from __future__ import annotations

import atexit
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from policyd.errors import KernelError
from policyd.log import EVENT_UNGUARDED, log
from policyd.record import SHARED, opened

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel

GUARDED = f"{SHARED}/guarded"


def started(pid: int | str = "self") -> int | None:
    """Return when a process started, in ticks since boot (field 22 of /proc/PID/stat); None if there is no such process."""
    try:
        text = Path("/proc", str(pid), "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


_leaving: WeakSet[Kernel] = WeakSet()
"""The kernels where this process leaves when it ends: once each, however many engines it makes."""


class Guard:
    """Keeps this process (`join`), until it ends, from the signals of policies below one bpffs root."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def join(self) -> None:
        """Enter this process; nothing happens on a host without policies.  That it could not be done is only logged."""
        try:
            with opened(self._kernel, GUARDED) as fd:
                if fd is None:
                    return
                self._enter(fd)
        except KernelError as error:
            log(EVENT_UNGUARDED, error=str(error))
            return
        if self._kernel not in _leaving:
            _leaving.add(self._kernel)
            atexit.register(Guard(self._kernel).leave)

    def _enter(self, fd: int) -> None:
        key, value = self._key(), (started() or 0).to_bytes(8, "little")
        if self._kernel.lookup(fd, key) == value:
            return
        try:
            self._kernel.update(fd, key, value)
        except KernelError as error:
            if error.errno != errno.E2BIG:
                raise
            self._forget_dead(fd)
            self._kernel.update(fd, key, value)

    def _key(self) -> bytes:
        process, _ = self._kernel.current()
        return process.to_bytes(4, "little")

    def leave(self) -> None:
        """Take this process out again."""
        try:
            with opened(self._kernel, GUARDED) as fd:
                if fd is not None:
                    self._kernel.delete(fd, self._key())
        except KernelError:
            return  # it stays until the map is full: a number that is given again spares nobody

    def _forget_dead(self, fd: int) -> None:
        """Make room where those who were killed have filled the map; a process that sees only its own kind leaves it."""
        if self._kernel.current()[0] != os.getpid():
            return
        for key, value in list(self._kernel.items(fd)):
            if started(int.from_bytes(key, "little")) != int.from_bytes(value, "little"):
                self._kernel.delete(fd, key)
