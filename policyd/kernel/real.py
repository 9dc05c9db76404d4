"""`RealKernel`: the `Kernel` port on the running kernel.

Nothing is decided here: bpffs is `bpffs.py`, links are `links.py`, commands are `bpf/`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from policyd.kernel import filters, links, tracing_links
from policyd.kernel.bpf import attach, current, info, instructions, maps
from policyd.kernel.bpffs import Bpffs
from policyd.kernel.port import Kernel
from policyd.vocabulary.attach import attach_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from policyd.kernel.bpf.info import LinkInfo, MapInfo, ProgramInfo
    from policyd.unit import AttachPoint

DEFAULT_ROOT = "/sys/fs/bpf/policyd"

_HOOKS = "hooks"  # where links and notes are pinned: `record.HOOKS`, which stands above
_DETACHABLE = frozenset({"xdp", "tcx", "netkit", "netfilter", "cgroup", "netns"})  # link kinds with BPF_LINK_DETACH (5.9)


class RealKernel(Kernel):
    """The running kernel, with one bpffs root.  See `policyd.kernel.port.Kernel` for what the methods promise."""

    def __init__(self, root: str = DEFAULT_ROOT) -> None:
        self.root = root
        self._bpffs = Bpffs(root)

    # -- bpffs -----------------------------------------------------------------------------------------

    def ensure_root(self) -> None:
        self._bpffs.ensure_root()

    def remove_root(self) -> None:
        self._bpffs.remove_root()

    def lock(self, timeout: float | None, waiting: Callable[[], object] | None = None) -> AbstractContextManager[None]:
        return self._bpffs.lock(timeout, waiting)

    def exists(self, path: str) -> bool:
        return self._bpffs.exists(path)

    def list(self, path: str) -> tuple[str, ...]:
        return self._bpffs.list(path)

    def make_directory(self, path: str) -> None:
        self._bpffs.make_directory(path)

    def remove_directory(self, path: str) -> None:
        self._bpffs.remove_directory(path)

    def remove_tree(self, path: str) -> None:
        self._bpffs.remove_tree(path)

    def pin(self, fd: int, path: str) -> None:
        self._bpffs.pin(fd, path)

    def unpin(self, path: str) -> None:
        self._bpffs.unpin(path)

    def open(self, path: str) -> int | None:
        return self._bpffs.open(path)

    def rename(self, old: str, new: str) -> None:
        self._bpffs.rename(old, new)

    def close(self, fd: int) -> None:
        os.close(fd)

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
    ) -> int:
        return maps.create(type, key_size, value_size, max_entries, flags, object_name(name), inner_fd)

    def map_info(self, fd: int) -> MapInfo:
        return info.map_info(fd)

    def lookup(self, fd: int, key: bytes) -> bytes | None:
        return maps.lookup(fd, key, maps.value_bytes(info.map_shape(fd)))

    def update(self, fd: int, key: bytes, value: bytes) -> None:
        maps.update(fd, key, value)

    def update_many(self, fd: int, items: Iterable[tuple[bytes, bytes]]) -> None:
        maps.update_many(fd, tuple(items))

    def delete(self, fd: int, key: bytes) -> None:
        maps.delete(fd, key)

    def items(self, fd: int) -> Iterator[tuple[bytes, bytes]]:
        return maps.items(fd, info.map_shape(fd))

    def freeze(self, fd: int) -> None:
        maps.freeze(fd)

    # -- programs and links ------------------------------------------------------------------------------

    def load_stub(self, point: AttachPoint, slot_fd: int) -> int:
        verdict = attach_kind(point.kind, point.option).neutral
        return links.load(point, instructions.stub(slot_fd, verdict), "pd_stub")

    def load_neutral(self, point: AttachPoint) -> int:
        verdict = attach_kind(point.kind, point.option).neutral
        return links.load(point, instructions.neutral(verdict), "pd_neutral")

    def program_info(self, fd: int) -> ProgramInfo:
        return info.program_info(fd)

    def link_cpus(self, point: AttachPoint) -> tuple[int, ...] | None:
        return links.link_cpus(point)

    def attach(self, point: AttachPoint, program_fd: int, cpu: int | None = None) -> int:
        return links.attach(point, program_fd, cpu)

    def put_filter(self, point: AttachPoint, link_fd: int, program_fd: int) -> None:
        if point.kind == filters.KIND:
            links.put_filter(point, link_fd, program_fd, self._notes())

    def _notes(self) -> Iterator[filters.Note]:
        """Yield the notes that are pinned."""
        for name in self.list(_HOOKS):
            fd = self.open(f"{_HOOKS}/{name}/link") if name.startswith(f"{filters.KIND}-") else None
            if fd is not None:
                try:
                    yield filters.read_note(fd)
                finally:
                    self.close(fd)

    def update_link(self, point: AttachPoint, link_fd: int, new_fd: int, old_fd: int) -> None:
        links.update(point, link_fd, new_fd, old_fd)

    def detach(self, link_fd: int) -> None:
        if filters.is_note(link_fd):
            filters.remove(link_fd)
            return
        found = info.link_info(link_fd)
        if found.type in _DETACHABLE and found.alive:
            attach.detach_link(link_fd, f"detach link {found.id}")

    def link_info(self, fd: int) -> LinkInfo:
        if filters.is_note(fd):
            return filters.note_info(fd)
        return tracing_links.checked(info.link_info(fd))

    def read_link(self, fd: int) -> bytes:
        return attach.read_iter(fd, "read a snapshot")

    def locate(self, point: AttachPoint) -> str | None:
        return links.locate(point)

    def current(self) -> tuple[int, int]:
        return current.current()

    def settle(self) -> None:
        current.settle()

    def uses_slot(self, point: AttachPoint) -> bool:
        return attach_kind(point.kind, point.option).replacement == "slot"


def object_name(text: str) -> str:
    """Return a name that the kernel takes for maps and programs: at most 15 characters of `[A-Za-z0-9_]`."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)[:15]
