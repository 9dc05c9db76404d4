"""A file of JSON lines: rotated with nothing lost, mended after a crash, never written through a link."""

from __future__ import annotations

import gzip
import os
import threading
from pathlib import Path

import pytest
from sink_doubles import fresh, lines, numbers, until

from policyd.sinks.file import FileSink, Rotation
from policyd.sinks.outlet import Choice, Outlet
from policyd.sinks.sink import SinkError


def contents(sink: FileSink, path: Path) -> list[int]:
    found: list[int] = []
    for older in sink.older():
        found += numbers(gzip.decompress(older.read_bytes()) if older.suffix == ".gz" else older.read_bytes())
    return found + (numbers(path.read_bytes()) if path.exists() else [])


def test_lines_are_appended_to_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(1).data)
    path.chmod(0o640)
    sink = FileSink(str(path))
    sink.write([lines(2), lines(3)])
    assert numbers(path.read_bytes()) == [1, 2, 3]
    assert path.stat().st_mode & 0o777 == 0o640  # whoever made it has decided
    sink.close()
    fresh_file = FileSink(str(tmp_path / "new"))
    fresh_file.write([lines(1)])
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    fresh_file.close()


@pytest.mark.parametrize("compress", [False, True])
def test_rotation_under_load_loses_nothing_and_keeps_so_many(tmp_path: Path, compress: bool) -> None:
    path = tmp_path / "events.jsonl"
    sink = FileSink(str(path), Rotation(max_bytes=20_000, keep=1000, compress=compress))
    sink.batch_events = 50
    outlet = Outlet("log", sink, Choice(events=10**6))
    outlet.start()
    threads = [threading.Thread(target=lambda: [outlet.offer(fresh(20)) for _ in range(100)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outlet.stop(30)
    assert outlet.status().sent == 6000
    assert sorted(contents(sink, path)) == sorted(set(contents(sink, path)))
    assert len(contents(sink, path)) == 6000
    assert len(sink.older()) > 5
    assert all(older.stat().st_mode & 0o777 == 0o600 for older in sink.older())
    sink.close()


def test_only_the_newest_files_stay(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    (tmp_path / "events.jsonl.notes").write_text("not ours")
    sink = FileSink(str(path), Rotation(max_bytes=1000, keep=3, compress=False))
    for n in range(100):
        sink.write([lines(n)])
    assert len(sink.older()) == 3
    found = contents(sink, path)
    assert found == list(range(100 - len(found), 100))
    assert (tmp_path / "events.jsonl.notes").exists()
    sink.close()


def test_older_files_are_compressed_also_those_of_an_earlier_process(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    left = tmp_path / "events.jsonl.20261122T111500.000001"
    left.write_bytes(lines(1).data)
    (tmp_path / "events.jsonl.20261122T111500.000000.gz.partial").write_bytes(b"half")
    sink = FileSink(str(path), Rotation(max_bytes=1000))
    sink.write([lines(2)])
    until(lambda: [older.suffix for older in sink.older()] == [".gz"])
    assert contents(sink, path) == [1, 2]
    sink.close()


def test_a_file_is_rotated_when_its_first_event_is_too_old(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(1).data.replace(b"2026-", b"2016-"))
    sink = FileSink(str(path), Rotation(max_age=3600.0, compress=False))
    sink.write([lines(2)])
    assert numbers(path.read_bytes()) == [2]
    assert len(sink.older()) == 1
    sink.write([lines(3)])
    assert numbers(path.read_bytes()) == [2, 3]
    sink.close()


@pytest.mark.parametrize("how", ["moved", "removed", "told"])
def test_a_file_that_somebody_took_away_is_made_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "events.jsonl"
    sink = FileSink(str(path))
    sink.write([lines(1)])
    if how == "removed":
        path.unlink()
    else:
        path.rename(tmp_path / "moved")
    if how == "told":
        sink.reopen()
    sink.write([lines(2)])
    assert numbers(path.read_bytes()) == [2]
    sink.close()


def test_the_line_that_a_killed_process_had_begun_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for cut in (1, 8, 20, 100):
        path.write_bytes(lines(1).data + lines(2).data[:cut])
        sink = FileSink(str(path))
        sink.write([lines(3)])
        sink.close()
        assert numbers(path.read_bytes()) == [1, 3]


def test_a_foreign_line_without_an_end_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"written by hand")
    sink = FileSink(str(path))
    sink.write([lines(3)])
    sink.close()
    assert path.read_bytes() == b"written by hand\n" + lines(3).data


def test_nothing_is_written_through_a_link_or_into_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "fifo")
    cases = {"link": "symbolic link", "fifo": "not a plain file", "": "directory", "no/where": "its folder must exist"}
    for name, message in cases.items():
        sink = FileSink(str(tmp_path / name))
        with pytest.raises(SinkError, match=message) as caught:
            sink.write([lines(1)])
        assert caught.value.transient  # somebody may put it right
    assert not (tmp_path / "elsewhere").exists()


def test_a_write_that_fails_in_the_middle_leaves_no_half_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    sink = FileSink(str(path))
    sink.write([lines(1)])
    real = os.write
    room = [100]

    def write(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = real(fd, bytes(data)[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(SinkError, match="No space left on device; what comes waits until there is room"):
        sink.write([lines(2), lines(3)])
    monkeypatch.setattr(os, "write", real)
    assert numbers(path.read_bytes()) == [1]
    sink.write([lines(2), lines(3)])
    assert numbers(path.read_bytes()) == [1, 2, 3]
    sink.close()
