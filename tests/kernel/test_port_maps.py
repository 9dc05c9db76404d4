"""Maps on the running kernel: every type that policies use, one element and many."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.errors import KernelError
from policyd.kernel.bpf import maps
from policyd.kernel.bpf.constants import MAP_NO_PREALLOC
from policyd.kernel.real import RealKernel, object_name

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

KEYED = ("hash", "lru_hash", "percpu_hash", "lru_percpu_hash", "lpm_trie")
PER_CPU = ("percpu_hash", "lru_percpu_hash", "percpu_array")


@pytest.fixture
def kernel() -> RealKernel:
    return RealKernel()


@pytest.fixture
def opened(kernel: RealKernel) -> Iterator[list[int]]:
    fds: list[int] = []
    yield fds
    for fd in fds:
        kernel.close(fd)


def make(kernel: RealKernel, opened: list[int], kind: str, entries: int, **facts: int) -> int:
    key_size = facts.get("key_size", 8 if kind in KEYED else 4)
    flags = MAP_NO_PREALLOC if kind == "lpm_trie" else 0
    opened.append(kernel.create_map(kind, key_size, facts.get("value_size", 8), entries, flags, "pd_test"))
    return opened[-1]


def key(kind: str, number: int) -> bytes:
    if kind == "lpm_trie":
        return (32).to_bytes(4, "little") + number.to_bytes(4, "big")
    return number.to_bytes(8, "little")


def value(kind: str, number: int) -> bytes:
    return number.to_bytes(8, "little") * (maps.possible_cpus() if kind in PER_CPU else 1)


@pytest.mark.parametrize("kind", KEYED)
def test_elements_are_written_read_walked_and_deleted(kernel: RealKernel, opened: list[int], kind: str) -> None:
    fd = make(kernel, opened, kind, 1000)
    expected = {key(kind, number): value(kind, number) for number in range(50)}
    for one, content in expected.items():
        kernel.update(fd, one, content)
    assert dict(kernel.items(fd)) == expected
    assert kernel.lookup(fd, key(kind, 7)) == value(kind, 7)
    kernel.delete(fd, key(kind, 7))
    kernel.delete(fd, key(kind, 7))
    assert kernel.lookup(fd, key(kind, 7)) is None
    assert dict(kernel.items(fd)) == {one: content for one, content in expected.items() if one != key(kind, 7)}


@pytest.mark.parametrize("kind", ["hash", "percpu_hash", "lpm_trie"])
def test_more_elements_than_a_batch_holds_are_all_written_and_walked_once(
    kernel: RealKernel, opened: list[int], kind: str
) -> None:
    fd = make(kernel, opened, kind, 10_000)
    expected = {key(kind, number): value(kind, number) for number in range(9_000)}
    kernel.update_many(fd, expected.items())
    found = list(kernel.items(fd))
    assert len(found) == len(expected)
    assert dict(found) == expected


@pytest.mark.parametrize("kind", ["hash", "lru_hash", "percpu_hash", "lpm_trie", "array", "percpu_array"])
def test_a_walk_without_batches_finds_the_same(kernel: RealKernel, opened: list[int], kind: str) -> None:
    fd = make(kernel, opened, kind, 100)
    if kind in KEYED:
        kernel.update_many(fd, [(key(kind, number), value(kind, number)) for number in range(40)])
    one_by_one = dict(maps._items_one_by_one(fd, kernel.map_info(fd)))
    assert len(one_by_one) == (40 if kind in KEYED else 100)
    assert dict(kernel.items(fd)) == one_by_one


def test_batches_fall_back_to_single_elements_where_the_kernel_has_none(
    kernel: RealKernel, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise KernelError("change map elements", errno.EINVAL)

    monkeypatch.setattr(maps, "_update_batch", refuse)
    fd = make(kernel, opened, "hash", 10)
    kernel.update_many(fd, [(key("hash", 1), value("hash", 1))])
    assert kernel.lookup(fd, key("hash", 1)) == value("hash", 1)


def fill(kernel: RealKernel, fd: int, items: list[tuple[bytes, bytes]], many: bool) -> None:
    if many:
        kernel.update_many(fd, items)
    else:
        for one, content in items:
            kernel.update(fd, one, content)


@pytest.mark.parametrize("many", [False, True])
def test_a_full_map_says_so(kernel: RealKernel, opened: list[int], many: bool) -> None:
    fd = make(kernel, opened, "hash", 4)
    items = [(key("hash", number), value("hash", number)) for number in range(5)]
    with pytest.raises(KernelError) as caught:
        fill(kernel, fd, items, many)
    assert caught.value.errno == errno.E2BIG


def test_an_odd_sized_per_cpu_value_is_padded_for_each_cpu(kernel: RealKernel, opened: list[int]) -> None:
    fd = make(kernel, opened, "percpu_array", 3, value_size=12)
    assert len(kernel.lookup(fd, bytes(4)) or b"") == 16 * maps.possible_cpus()


def test_a_frozen_map_is_known_as_one_and_can_be_read_but_not_written(kernel: RealKernel, opened: list[int]) -> None:
    fd = make(kernel, opened, "array", 1)
    kernel.update(fd, bytes(4), b"document")
    assert not kernel.map_info(fd).frozen
    kernel.freeze(fd)
    assert kernel.map_info(fd).frozen
    assert kernel.lookup(fd, bytes(4)) == b"document"
    with pytest.raises(KernelError) as caught:
        kernel.update(fd, bytes(4), b"somebody")
    assert caught.value.errno == errno.EPERM


def test_an_outer_map_takes_ring_buffers_of_any_size_and_tells_their_ids(kernel: RealKernel, opened: list[int]) -> None:
    small, large = (kernel.create_map("ringbuf", 0, 0, size, name="pd_ring") for size in (4096, 1 << 20))
    outer = kernel.create_map("array_of_maps", 4, 4, 8, 0, "pd_rings", small)
    opened += [small, large, outer]
    kernel.update(outer, (3).to_bytes(4, "little"), large.to_bytes(4, "little"))
    assert kernel.lookup(outer, (3).to_bytes(4, "little")) == kernel.map_info(large).id.to_bytes(4, "little")
    assert kernel.lookup(outer, bytes(4)) is None
    assert [int.from_bytes(one, "little") for one, _ in kernel.items(outer)] == [3]


def test_a_map_of_another_sort_is_refused_by_an_outer_map(kernel: RealKernel, opened: list[int]) -> None:
    inner, other = make(kernel, opened, "hash", 8), make(kernel, opened, "hash", 8, value_size=16)
    outer = kernel.create_map("array_of_maps", 4, 4, 8, 0, "pd_outer", inner)
    opened.append(outer)
    with pytest.raises(KernelError) as caught:
        kernel.update(outer, bytes(4), other.to_bytes(4, "little"))
    assert caught.value.errno == errno.EINVAL


def test_information_is_what_the_map_was_made_with(kernel: RealKernel, opened: list[int]) -> None:
    found = kernel.map_info(make(kernel, opened, "lpm_trie", 77))
    assert (found.type, found.key_size, found.value_size, found.max_entries, found.flags, found.name) == (
        *("lpm_trie", 8, 8, 77, MAP_NO_PREALLOC),
        "pd_test",
    )


@pytest.mark.parametrize("text", ["", "rings", "a-b c.d", "x" * 40, "größe"])
def test_any_text_becomes_a_name_that_the_kernel_takes(kernel: RealKernel, opened: list[int], text: str) -> None:
    opened.append(kernel.create_map("array", 4, 4, 1, 0, text))
    assert kernel.map_info(opened[-1]).name == object_name(text)


def test_what_is_no_map_is_an_error_that_says_what_was_tried(kernel: RealKernel) -> None:
    with Path("/dev/null").open() as file, pytest.raises(KernelError, match="read a map's information: EINVAL"):
        kernel.map_info(file.fileno())
