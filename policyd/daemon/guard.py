"""Held file descriptors of everything that is pinned, so that unlinking a pin detaches nothing.

A link, a slot or a map lives as long as somebody holds it.  While the agent does, a pin that somebody removes can be made
again for the very same object: no event is missed in between.  The price: what another policyd detaches on purpose lives on
until the agent lets go of it, which it does as soon as it sees the end of the pin (`drift.py`).
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.observed_hook import LINK_PIN
from policyd.record import HOOKS, POLICIES, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.kernel.port import Kernel

_FIRST = bytes(4)


class Guard:
    """Holds what is pinned.  Used by one thread at a time (`writer.py`), but for `glance`."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._held: dict[str, int] = {}
        self._facts: dict[str, object] = {}
        self._lock = threading.Lock()

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(self._held)

    def hold(self, keep: Iterable[str] = ()) -> None:
        """Hold what is pinned now, and nothing else any more but what was held below the directories `keep`."""
        fds = {path: fd for path in self._pinned() if (fd := self.kernel.open(path)) is not None}
        kept = tuple(f"{directory}/" for directory in keep)
        with self._lock:
            before = self._held
            for path in [path for path in before if path not in fds and path.startswith(kept)]:
                fds[path] = before.pop(path)
            self._held = fds
            self._facts = self._look()
            for fd in before.values():
                self.kernel.close(fd)

    def _pinned(self) -> Iterator[str]:
        for parent in (HOOKS, POLICIES):
            for directory in self.kernel.list(parent):
                path = f"{parent}/{directory}"
                yield from (f"{path}/{name}" for name in self.kernel.list(path) if _settled(name))
        yield from (f"{SHARED}/{name}" for name in self.kernel.list(SHARED) if _settled(name))

    def drop(self, directory: str) -> None:
        """Let go of what is held below a directory: it is about to go for good."""
        with self._lock:
            for path in [path for path in self._held if path.startswith(f"{directory}/")]:
                self._facts.pop(path, None)
                self.kernel.close(self._held.pop(path))

    def restore(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Pin held objects where their pins have gone; return the paths where that worked."""
        done = []
        for path in paths:
            fd = self._held.get(path)
            if fd is None or self.kernel.exists(path):
                continue
            with suppress(KernelError):
                self.kernel.make_directory(path.rpartition("/")[0])
                self.kernel.pin(fd, path)
                done.append(path)
        return tuple(done)

    def refill(self, directory: str) -> bool:
        """Put the held program of an attach point back into its slot; tell whether another stood there.

        The caller holds the root's lock, and has seen that the attach point's record is the one that it was.
        """
        slot, program = self._held.get(f"{directory}/slot"), self._held.get(f"{directory}/program-0")
        if slot is None or program is None:
            return False
        with suppress(KernelError):
            right = self.kernel.program_info(program).id.to_bytes(4, "little")
            if self.kernel.lookup(slot, _FIRST) != right:
                self.kernel.update(slot, _FIRST, program.to_bytes(4, "little"))
                return True
        return False

    def glance(self) -> bool:
        """Whether some link or slot is not as it was: a few system calls each, so it can be asked every second."""
        with self._lock:
            return self._look() != self._facts

    def _look(self) -> dict[str, object]:
        return {path: self._fact(path.rpartition("/")[2], fd) for path, fd in self._held.items() if path.startswith(HOOKS)}

    def _fact(self, name: str, fd: int) -> object:
        """Return what is behind a link (its program, and whether it is attached) or in a slot."""
        with suppress(KernelError):
            if LINK_PIN.fullmatch(name):
                info = self.kernel.link_info(fd)
                return info.program_id, info.alive
            if name == "slot":
                return self.kernel.lookup(fd, _FIRST)
        return None

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            held, self._held, self._facts = self._held, {}, {}
            for fd in held.values():
                self.kernel.close(fd)


def _settled(name: str) -> bool:
    """Whether a pin is more than a step on the way (`__new`, `next-0`)."""
    return not name.endswith("__new") and not name.startswith("next-")
