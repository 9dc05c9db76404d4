"""Records: written whole, read back the same, and harmless when they are not what they should be."""

from __future__ import annotations

import pytest
from fake_kernel import FakeKernel
from fake_toolchain import policy

from policyd.observe import Observed, observe
from policyd.plan import allot_rows
from policyd.record import (
    GENERATIONS,
    PolicyRecord,
    Wanted,
    find_record,
    policy_path,
    policy_record,
    read_record,
    write_record,
)
from policyd.unit import TypedPolicy, gather

PATH = policy_path("a", "record")
FULL = {"counters": {"c": 2}, "lists": {"l": ["1"]}, "scalars": {"s": "7"}, "points": ["tracepoint:a/b", "xdp:eth0:auto"]}


def record(wanted: TypedPolicy, previous: PolicyRecord | None = None) -> PolicyRecord:
    return policy_record(Wanted(wanted, "base"), allot_rows(gather([wanted]), Observed()), previous)


@pytest.fixture
def kernel() -> FakeKernel:
    kernel = FakeKernel()
    kernel.make_directory(policy_path("a"))
    return kernel


def test_a_record_is_read_back_as_it_was_written(kernel: FakeKernel) -> None:
    written = record(policy("a", **FULL))
    write_record(kernel, PATH, written)
    assert read_record(kernel, PATH) == written
    assert kernel.pins[PATH].frozen


def corrupt(kernel: FakeKernel, data: bytes, *, frozen: bool = True, entries: int = 1) -> None:
    fd = kernel.create_map("array", 4, len(data), entries, name="pd_record")
    kernel.update(fd, bytes(4), data)
    if frozen:
        kernel.freeze(fd)
    kernel.pin(fd, PATH)
    kernel.close(fd)


@pytest.mark.parametrize(
    ("data", "how", "reason"),
    [
        (b"not json" + bytes(8), {}, "is no record"),
        (b'{"schema": 1}' + bytes(3), {}, "is no record: Object missing required field"),
        (b'{"schema": 9}' + bytes(3), {}, "has schema 9, this policyd knows 1"),
        (b'"\xff\xfe"' + bytes(4), {}, "is no record"),
        (bytes(16), {}, "is no record"),
        (b"{}" + bytes(6), {"frozen": False}, "is not frozen"),
        (b"{}" + bytes(6), {"entries": 2}, "is no record but a map"),
    ],
)
def test_what_is_no_record_has_a_reason(kernel: FakeKernel, data: bytes, how: dict[str, int], reason: str) -> None:
    corrupt(kernel, data, **how)
    assert reason in find_record(kernel, PATH, PolicyRecord).reason
    assert read_record(kernel, PATH) is None
    assert reason in observe(kernel).damaged[0]


def test_the_record_of_another_policy_is_not_believed(kernel: FakeKernel) -> None:
    write_record(kernel, PATH, record(policy("b")))
    observed = observe(kernel)
    assert observed.records == {}
    assert "is the record of another policy (b)" in observed.damaged[0]


def test_layouts_that_may_be_in_the_ring_are_kept_for_some_generations() -> None:
    columns = [["pid"], ["uid"], ["gid"], ["cpu"], ["tid"], ["a"], ["b"]]
    versions = [policy("a", columns=names) for names in columns]
    made = [record(versions[0])]
    for version in versions[1:]:
        made.append(record(version, made[-1]))
    assert [entry.generation for entry in made[-1].layouts] == list(range(len(versions), len(versions) - GENERATIONS, -1))
    assert made[-1].layout(made[-2].layouts[0].id) is not None
    assert made[-1].layout(made[0].layouts[0].id) is None


def test_the_same_rules_make_the_same_record_again() -> None:
    first = record(policy("a", **FULL))
    assert record(policy("a", **FULL), first).same_as(first)
