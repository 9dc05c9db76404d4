"""What the engine may ask of a kernel: the seam between `engine.py` and the real thing (or the planner tests' fake).

Paths are relative to the bpffs root (`hooks/xdp-0123456789ab/links/0`).  File descriptors are plain ints that the caller
closes.  Every method that changes the kernel or bpffs is a numbered *point* (see `kernel/points.py`), so that tests can
kill the process before and after each one, or make it fail with any errno.  Failures raise `KernelError` (`AttachError`
from `attach` and `update_link`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from policyd.kernel.bpf.info import LinkInfo, MapInfo, ProgramInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from policyd.unit import AttachPoint

__all__ = ["Kernel", "LinkInfo", "MapInfo", "ProgramInfo"]


class Kernel(Protocol):
    """A kernel with one bpffs root."""

    # -- bpffs -----------------------------------------------------------------------------------------
    root: str

    def ensure_root(self) -> None:
        """Mount bpffs if absent, make the root (0700), refuse one that is not ours (`OwnershipError`)."""

    def remove_root(self) -> None:
        """Remove the empty folders of the root, and the root if nothing is left in it; only under its lock.

        Who waits for the lock meanwhile makes the root anew.
        """

    def lock(self, timeout: float | None, waiting: Callable[[], object] | None = None) -> AbstractContextManager[None]:
        """Hold the exclusive lock of the root; `waiting()` is called once if another holds it; `LockError` on timeout.

        A root that is not there (any more) is made.
        """

    def exists(self, path: str) -> bool: ...
    def list(self, path: str) -> tuple[str, ...]:
        """Names in a directory, sorted; empty if it does not exist."""

    def make_directory(self, path: str) -> None: ...  # with parents, no error if it exists
    def remove_directory(self, path: str) -> None: ...  # empty ones only
    def remove_tree(self, path: str) -> None: ...  # unlinks each pin below, no error if absent
    def pin(self, fd: int, path: str) -> None: ...  # replaces an existing pin atomically (pin aside, rename over)
    def unpin(self, path: str) -> None: ...  # no error if absent
    def open(self, path: str) -> int | None: ...  # None if there is no such pin
    def rename(self, old: str, new: str) -> None: ...
    def close(self, fd: int) -> None: ...

    # -- maps ------------------------------------------------------------------------------------------
    def create_map(
        self,
        type: str,  # noqa: A002
        key_size: int,
        value_size: int,
        max_entries: int,
        flags: int = 0,
        name: str = "",
        inner_fd: int | None = None,
    ) -> int: ...
    def map_info(self, fd: int) -> MapInfo: ...
    def lookup(self, fd: int, key: bytes) -> bytes | None:
        """A value (all CPUs' values, each padded to 8 bytes, of a per-CPU map; an id of an array of maps or programs)."""

    def update(self, fd: int, key: bytes, value: bytes) -> None: ...
    def update_many(self, fd: int, items: Iterable[tuple[bytes, bytes]]) -> None: ...
    def delete(self, fd: int, key: bytes) -> None: ...  # no error if absent
    def items(self, fd: int) -> Iterator[tuple[bytes, bytes]]: ...
    def freeze(self, fd: int) -> None: ...

    # -- programs and links ------------------------------------------------------------------------------
    def load_stub(self, point: AttachPoint, slot_fd: int) -> int:
        """A program that tail-calls entry 0 of `slot_fd` and returns the neutral verdict if it is empty.

        Where programs are loaded for a function (fentry, LSM), for the point's: its absence, and the kernel's refusal of it,
        are `AttachError`s of this call already.
        """

    def load_neutral(self, point: AttachPoint) -> int:
        """A program that does nothing, of the type that `point` takes: holds a link until the real one is swapped in."""

    def program_info(self, fd: int) -> ProgramInfo: ...
    def link_cpus(self, point: AttachPoint) -> tuple[int, ...] | None:
        """The CPUs that take a link each now (they come and go), maybe none; None where one link is for all of them."""

    def attach(self, point: AttachPoint, program_fd: int, cpu: int | None = None) -> int:
        """A new link that holds the program; on `cpu`, where each has its own.

        Each of a point's `members` has its index as cookie.  ESTALE: the point's `file` was replaced.  Kinds without links
        give a note in its stead, behind which there is nothing before `put_filter`.
        """

    def put_filter(self, point: AttachPoint, link_fd: int, program_fd: int) -> None:
        """Of kinds without links: make the filter that a note stands for, now that the note is pinned; else nothing."""

    def update_link(self, point: AttachPoint, link_fd: int, new_fd: int, old_fd: int) -> None:
        """Replace the link's program; fails if it is not `old_fd`'s program any more."""

    def detach(self, link_fd: int) -> None:
        """BPF_LINK_DETACH where the kind has it; take a note's filter away; else nothing: unpinning and closing detach."""

    def link_info(self, fd: int) -> LinkInfo: ...
    def read_link(self, fd: int) -> bytes:
        """What the program of a snapshot's link writes of all objects that there are now."""

    def locate(self, point: AttachPoint) -> str | None:
        """The identity that a live link's `target` must have now; None if the place does not exist (any more).

        A file that took the place of the point's `file` is another place.
        """

    def current(self) -> tuple[int, int]:
        """The numbers of this process and of the calling thread as programs see them: those of the initial pid namespace."""

    def settle(self) -> None:
        """Wait until every run of a program that is under way has ended."""

    def uses_slot(self, point: AttachPoint) -> bool:
        """Whether this attach kind is replaced through a slot (True) or by updating its link (False)."""
