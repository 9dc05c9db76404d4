"""Shared maps of an older policyd, the row that is nobody's, and rings that are replaced: on the kernel in memory."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from fake_kernel import Died
from fake_toolchain import policy
from test_engine_converges import Host

from policyd.engine import Guard
from policyd.errors import UnsupportedError
from policyd.layout import ACCOUNT_BYTES
from policyd.plan.policies import MOST_RETIRED
from policyd.record import policy_path

POLICY = policy("p", counters={"c": 1})
BIGGER = policy("p", counters={"c": 1}, ring=8192)


@pytest.fixture
def host() -> Host:
    return Host.new()


def retired(host: Host) -> list[str]:
    return [name for name in host.kernel.list(policy_path("p")) if name.startswith("retired-")]


def test_an_account_with_fewer_columns_is_replaced_and_its_counts_go_on(host: Host) -> None:
    host.apply(POLICY)
    counts = struct.pack("<10Q", *range(10, 20))
    old = host.kernel.create_map("percpu_array", 4, 80, 1024, name="pd_account")
    host.kernel.update(old, bytes(4), counts)
    host.kernel.pin(old, "shared/account")
    host.kernel.close(old)

    result = host.apply(POLICY)

    assert not result.failed
    assert "another version of policyd made it in another shape" in "\n".join(result.plan.describe())
    assert not any("account" in mend.what for mend in result.mended), "an upgrade mends nothing"
    account = host.kernel.open("shared/account")
    assert account is not None
    assert host.kernel.map_info(account).value_size == ACCOUNT_BYTES
    assert host.kernel.lookup(account, bytes(4)) == counts.ljust(ACCOUNT_BYTES, b"\0")
    host.kernel.close(account)
    assert host.pending_steps(POLICY) == ()
    host.assert_clean()


def test_a_process_table_of_another_shape_is_replaced_and_filled_anew() -> None:
    host = Host.new()
    watching = policy("p", counters={"c": 1}, processes=True)
    host.apply(watching)
    assert host.engine.processes is not None
    old = host.kernel.create_map("hash", 4, 4, 64, name="pd_processes")
    host.kernel.update(old, (1).to_bytes(4, "little"), b"old!")
    host.kernel.pin(old, "shared/processes")
    host.kernel.close(old)

    result = host.apply(watching)

    assert not result.failed
    assert not any("table" in mend.what for mend in result.mended), "an upgrade mends nothing"
    table = host.kernel.open("shared/processes")
    assert table is not None
    assert dict(host.kernel.items(table)) == dict(host.engine.processes.snapshot())
    host.kernel.close(table)
    assert host.pending_steps(watching) == ()
    host.assert_clean()


def test_a_replaced_ring_stays_until_it_was_read_and_goes_with_its_policy(host: Host) -> None:
    host.apply(POLICY)
    result = host.apply(BIGGER)
    assert "was 4 KiB; what is unread in the old one is read first" in result.outcomes[0].details[0]
    assert retired(host) == ["retired-1"]
    assert host.pending_steps(BIGGER) == ()
    host.apply(POLICY)
    assert retired(host) == ["retired-1", "retired-2"]
    host.assert_clean()


def test_a_ring_is_not_replaced_once_more_while_too_many_wait_for_a_reader(host: Host) -> None:
    for number in range(MOST_RETIRED + 1):
        assert not host.apply((POLICY, BIGGER)[number % 2]).failed
    (failed,) = host.apply((POLICY, BIGGER)[(MOST_RETIRED + 1) % 2]).failed
    assert isinstance(failed.error, UnsupportedError)
    assert "policyd events p" in str(failed.error)
    assert failed.previous_runs
    assert len(retired(host)) == MOST_RETIRED
    host.assert_clean()


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_resize_that_dies_anywhere_can_be_finished_or_taken_back(after: bool) -> None:
    for wanted in (POLICY, BIGGER):
        for number in range(1, 14):
            host = Host.new()
            host.apply(POLICY)
            host.kernel.die(number, after=after)
            with suppress(Died):
                host.apply(BIGGER)
            host.restart()
            assert not host.apply(wanted).failed
            assert host.pending_steps(wanted) == ()
            rings = {host.kernel.pins[f"{policy_path('p')}/{name}"].id for name in ("ring", *retired(host))}
            assert len(rings) == 1 + len(retired(host)), "no ring has two pins"
            host.assert_clean()


def test_whoever_changes_something_is_guarded_while_it_lives(host: Host) -> None:
    Guard(host.kernel).join()  # a host without policies has nothing to be guarded from
    host.apply(POLICY)
    fd = host.kernel.open("shared/guarded")
    assert fd is not None
    key = host.kernel.current()[0].to_bytes(4, "little")
    assert [found for found, _ in host.kernel.items(fd)] == [key]
    Guard(host.kernel).leave()
    assert list(host.kernel.items(fd)) == []
    host.kernel.close(fd)
    host.assert_clean()
