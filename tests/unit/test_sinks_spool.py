"""What waits on disk: in order, bounded, there again after any death of its process, and never twice counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_doubles import lines, numbers

from policyd.errors import LockError, OwnershipError
from policyd.sinks.spool import Spool, SpoolError

MIB = 1 << 20


def read_all(spool: Spool) -> list[int]:
    """Take everything out, in the order of its numbers."""
    found: list[int] = []
    while (batches := spool.read(3, MIB).batches) and spool.events:
        for _, batch in batches:
            found += numbers(batch.data)
        spool.discard(batches[-1][0] + 1)
    return found


def test_what_was_put_in_comes_out_in_order_with_its_policy_and_labels(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), MIB)
    for number in range(10):
        assert spool.append(number, lines(number, number + 100, policy=f"p-{number}")) == 0
    (first, batch), *_ = spool.read(1, MIB).batches
    assert (first, batch.policy, batch.severity, batch.count) == (0, "p-0", "high", 2)
    assert batch.labels == {"team": "platform"}
    assert spool.events == 20
    assert read_all(spool) == [n for number in range(10) for n in (number, number + 100)]
    assert (spool.events, spool.bytes) == (0, 0)
    spool.close()


def test_what_was_settled_does_not_come_again_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "spool")
    spool = Spool(path, MIB)
    for number in range(6):
        spool.append(number, lines(number))
    spool.discard(4)
    spool.close()
    again = Spool(path, MIB)
    assert (again.events, again.end) == (2, 6)
    assert read_all(again) == [4, 5]
    again.append(again.end, lines(6))
    assert read_all(again) == [6]
    again.close()


def test_numbers_go_on_after_a_restart_of_an_empty_spool(tmp_path: Path) -> None:
    path = str(tmp_path / "spool")
    spool = Spool(path, MIB)
    spool.append(0, lines(0))
    spool.discard(1)
    spool.close()
    again = Spool(path, MIB)
    assert (again.events, again.end) == (0, 1)
    again.close()


def test_a_full_spool_drops_its_oldest_and_counts_them(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), 8192)
    gone = sum(spool.append(number, lines(number)) for number in range(200))
    assert spool.bytes <= 8192
    kept = read_all(spool)
    assert gone + len(kept) == 200
    assert kept == list(range(200 - len(kept), 200))
    spool.close()


def test_what_is_in_the_sinks_hands_is_not_counted_when_its_segment_goes(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), 8192)
    gone = sum(spool.append(number, lines(number), keep=50) for number in range(200))
    assert gone + len(read_all(spool)) == 150
    spool.close()


def test_a_batch_larger_than_the_spool_is_counted_and_nothing_else_breaks(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), 4096)
    assert spool.append(0, lines(1)) == 0
    assert spool.append(1, lines(*range(100))) == 101  # the one that was there made room in vain
    assert spool.append(2, lines(7)) == 0
    assert read_all(spool) == [7]
    spool.close()


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 400))
def test_a_torn_end_is_cut_off_wherever_it_was_torn(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("torn") / "spool"
    spool = Spool(str(path), MIB)
    for number in range(5):
        spool.append(number, lines(number))
    spool.close()
    (segment,) = path.glob("segment-*")
    size = segment.stat().st_size
    os.truncate(segment, size - cut)
    again = Spool(str(path), MIB)
    whole = (size - cut) // (size // 5)
    assert again.events == whole
    again.append(again.end, lines(99))
    assert read_all(again) == [*range(whole), 99]
    again.close()


def test_damage_is_found_counted_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool = Spool(str(path), 8 * 1024)  # segments of 1 KiB
    for number in range(12):
        spool.append(number, lines(number))
    first = min(path.glob("segment-*"))
    data = bytearray(first.read_bytes())
    data[len(data) // 2 + 20] ^= 1
    first.write_bytes(data)
    found: list[int] = []
    damaged = 0
    while spool.events:
        read = spool.read(100, MIB)
        damaged += read.damaged
        for number, batch in read.batches:
            found += numbers(batch.data)
            spool.discard(number + 1)
    assert damaged > 0
    assert damaged + len(found) == 12
    assert found == sorted(found)
    spool.close()


def test_a_segment_that_somebody_removed_is_damage_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool = Spool(str(path), MIB)
    spool.append(0, lines(1, 2, 3))
    next(path.glob("segment-*")).unlink()
    read = spool.read(10, MIB)
    assert (read.batches, read.damaged, spool.events) == ((), 3, 0)
    spool.close()


def test_one_process_uses_a_spool_at_a_time(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), MIB)
    with pytest.raises(LockError, match="every sink needs a spool of its own"):
        Spool(str(tmp_path / "spool"), MIB)
    spool.close()
    Spool(str(tmp_path / "spool"), MIB).close()


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(OwnershipError, match="chmod 0700"):
        Spool(str(tmp_path / "open"), MIB)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OwnershipError):
        Spool(str(tmp_path / "link"), MIB)
    with pytest.raises(SpoolError, match="parent folder must exist"):
        Spool(str(tmp_path / "no" / "spool"), MIB)


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from sink_doubles import lines
from policyd.sinks.spool import Spool
spool = Spool(sys.argv[1], 64 << 20)
for number in range(1 << 30):
    spool.append(number, lines(number, number))
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_has_written(tmp_path: Path) -> None:
    path = str(tmp_path / "spool")
    command = [sys.executable, "-c", WRITER, path, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(500):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        last = max([last, *(int(line) for line in writer.stdout.read().splitlines() if line)])
    spool = Spool(path, MIB * 64)
    assert spool.events in {2 * (last + 1), 2 * (last + 2)}  # the last one may have been written, and not told
    assert read_all(spool)[: 2 * (last + 1) : 2] == list(range(last + 1))
    spool.close()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), MIB, "always")
    spool.append(0, lines(1))
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "spool").iterdir()} == {0o600}
    spool.close()
