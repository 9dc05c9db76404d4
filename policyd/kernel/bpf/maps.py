"""Map commands: create, read, change, walk, freeze; many elements at once where the kernel can.

Keys and values are bytes in the map's own layout.  A per-CPU map's value is all possible CPUs' values in order, each padded
to 8 bytes.  The value of an array of maps or of programs is an fd when written and an id when read, 4 bytes.
"""

from __future__ import annotations

import errno
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.kernel.bpf.constants import MAP_TYPES, PER_CPU_MAP_TYPES, Command
from policyd.kernel.bpf.syscall import address, buffer, call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policyd.kernel.bpf.info import MapInfo

_BATCH = 4096  # elements a batch
_SIDE_BY_SIDE = 64
_NO_BATCH = frozenset({errno.EINVAL, errno.EOPNOTSUPP})  # of kernels and map types that have no batch commands


@cache
def possible_cpus() -> int:
    """Return the number of values of a per-CPU map: all CPUs that this machine could ever have."""
    ranges = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii").strip().split(",")
    return max(int(part.split("-")[-1]) for part in ranges) + 1


def value_bytes(info: MapInfo) -> int:
    """Return the size of a value as it is read and written."""
    if info.type in PER_CPU_MAP_TYPES:
        return -(-info.value_size // 8) * 8 * possible_cpus()
    return info.value_size


def create(
    kind: str, key_size: int, value_size: int, max_entries: int, flags: int = 0, name: str = "", inner_fd: int | None = None
) -> int:
    """Return the fd of a new map; `inner_fd` is a map like those that an array of maps will hold."""
    attr = struct.pack(
        "<7I16s", MAP_TYPES[kind], key_size, value_size, max_entries, flags, inner_fd or 0, 0, name.encode("ascii")
    )
    return call(Command.MAP_CREATE, attr, f"create map {name or kind}")


def lookup(fd: int, key: bytes, size: int) -> bytes | None:
    """Return the value of `size` bytes (`value_bytes`), None if the key is absent."""
    memory, value = buffer(key), buffer(size)
    try:
        call(Command.MAP_LOOKUP_ELEM, _element(fd, address(memory), address(value)), "read a map element")
    except KernelError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    return value.raw[:size]


def update(fd: int, key: bytes, value: bytes, what: str = "change a map element") -> None:
    """Write one element, new or not."""
    key_memory, value_memory = buffer(key), buffer(value)
    call(Command.MAP_UPDATE_ELEM, _element(fd, address(key_memory), address(value_memory)), what)


def delete(fd: int, key: bytes) -> None:
    """Remove one element; an absent one is no error."""
    memory = buffer(key)
    try:
        call(Command.MAP_DELETE_ELEM, _element(fd, address(memory), 0), "delete a map element")
    except KernelError as error:
        if error.errno != errno.ENOENT:
            raise


def freeze(fd: int) -> None:
    """Refuse every later write by system call, for ever."""
    call(Command.MAP_FREEZE, struct.pack("<I", fd), "freeze a map")


def update_many(fd: int, items: Sequence[tuple[bytes, bytes]]) -> None:
    """Write many elements, in batches where the kernel has them for this type (5.6; lpm_trie 5.7)."""
    for start in range(0, len(items), _BATCH):
        chunk = items[start : start + _BATCH]
        try:
            _update_batch(fd, chunk)
        except KernelError as error:
            if error.errno not in _NO_BATCH:
                raise
            for key, value in chunk:
                update(fd, key, value)


def _update_batch(fd: int, chunk: Sequence[tuple[bytes, bytes]]) -> None:
    keys, values = buffer(b"".join(key for key, _ in chunk)), buffer(b"".join(value for _, value in chunk))
    attr = struct.pack("<QQQQIIQQ", 0, 0, address(keys), address(values), len(chunk), fd, 0, 0)
    call(Command.MAP_UPDATE_BATCH, attr, f"change {len(chunk)} map elements")


def items(fd: int, info: MapInfo) -> Iterator[tuple[bytes, bytes]]:
    """Walk over all elements.  Elements that come or go meanwhile may or may not be seen; none is seen twice by batches."""
    if info.type == "array_of_maps":
        yield from _rows_side_by_side(fd, info)
        return
    try:
        yield from _items_by_batch(fd, info)
    except KernelError as error:
        if error.errno not in _NO_BATCH:
            raise
        yield from _items_one_by_one(fd, info)


def _items_by_batch(fd: int, info: MapInfo) -> Iterator[tuple[bytes, bytes]]:
    """A refusal of batches comes with the first one, before anything was yielded.

    `batch` names where to go on: 4 bytes (a bucket's number) for hashes, a key for the others.  A hash bucket with more
    elements than there is room for gives ENOSPC: then with more room.
    """
    key_size, value_size = info.key_size, value_bytes(info)
    cursor, room, started = buffer(max(key_size, 4)), min(_BATCH, max(info.max_entries, 1)), False
    while True:
        keys, values = buffer(room * key_size), buffer(room * value_size)
        place = address(cursor)
        attr = buffer(
            struct.pack("<QQQQIIQQ", place if started else 0, place, address(keys), address(values), room, fd, 0, 0)
        )
        done = False
        try:
            call(Command.MAP_LOOKUP_BATCH, attr, "read map elements")
        except KernelError as error:
            if error.errno == errno.ENOSPC and room < info.max_entries:
                room = min(room * 2, info.max_entries)
                continue
            if error.errno != errno.ENOENT:
                raise
            done = True
        count, started = struct.unpack_from("<I", attr, 32)[0], True
        key_data, value_data = keys.raw, values.raw
        for index in range(count):
            yield (
                key_data[index * key_size : (index + 1) * key_size],
                value_data[index * value_size : (index + 1) * value_size],
            )
        if done:
            return


def _rows_side_by_side(fd: int, info: MapInfo) -> Iterator[tuple[bytes, bytes]]:
    """Before Linux 6.8 each look-up, also of an empty row, takes an RCU grace period (67ad2c73ff29): many wait for one."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (rare: after a run that did not end)

    def read(start: int) -> list[tuple[bytes, bytes]]:
        keys = [row.to_bytes(4, "little") for row in range(start, info.max_entries, _SIDE_BY_SIDE)]
        found = [(key, lookup(fd, key, info.value_size)) for key in keys]
        return [(key, value) for key, value in found if value is not None]

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for pairs in pool.map(read, range(_SIDE_BY_SIDE)):
            yield from pairs


def _items_one_by_one(fd: int, info: MapInfo) -> Iterator[tuple[bytes, bytes]]:
    size, key = value_bytes(info), None
    for _ in range(2 * info.max_entries + 1):  # a key deleted under the walk starts it again: an end all the same
        key = _next_key(fd, key, info.key_size)
        if key is None:
            return
        value = lookup(fd, key, size)
        if value is not None:
            yield key, value


def _next_key(fd: int, key: bytes | None, size: int) -> bytes | None:
    following, memory = buffer(size), buffer(key) if key is not None else None
    try:
        call(Command.MAP_GET_NEXT_KEY, _element(fd, address(memory), address(following)), "walk over a map")
    except KernelError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    return following.raw[:size]


def _element(fd: int, key: int, value: int) -> bytes:
    return struct.pack("<IxxxxQQQ", fd, key, value, 0)
