"""A disk that is full, for real: a tiny file system in a mount namespace of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

HEAD = """
import os, sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from sink_doubles import Memory, fresh, numbers, until
from policyd.sinks import outlet as outlet_module
from policyd.sinks.outlet import Choice, Outlet
from policyd.sinks.sink import SinkError
from policyd.sinks.spool import Spool
from policyd.sinks.file import FileSink
outlet_module.FIRST_PAUSE = outlet_module._DISK_PAUSE = 0.01
disk = Path(sys.argv[1])
ballast = disk / "ballast"
ballast.write_bytes(bytes(1 << 20))
def fill():
    with open(disk / "rest", "wb", 0) as rest:
        try:
            while rest.write(bytes(4096)) == 4096: pass
        except OSError: pass
"""
FILE = (
    HEAD
    + """
sink = FileSink(str(disk / "events"))
outlet = Outlet("file", sink, Choice(events=10**6))
outlet.start()
outlet.offer(fresh(100))
until(lambda: outlet.status().sent == 100)
fill()
while not outlet.status().error:
    outlet.offer(fresh(1000))
    time.sleep(0.01)
assert "No space left on device" in outlet.status().error, outlet.status()
half = (disk / "events").read_bytes()
assert half.endswith(b"\\n") and len(numbers(half)) == outlet.status().sent, "half a batch stayed"
ballast.unlink()
until(lambda: outlet.status().queued == 0)
outlet.stop(10)
status = outlet.status()
found = numbers((disk / "events").read_bytes())
assert found == list(range(1, status.sent + 1)) and not status.dropped, status
print("good")
"""
)
SPOOL = (
    HEAD
    + """
sink = Memory()
sink.fail = SinkError("down")
outlet = Outlet("far", sink, Choice(events=2000), Spool(str(disk / "spool"), 64 << 20))
outlet.start()
fill()
offered = 0
while not outlet.status().dropped.get("queue-full"):
    outlet.offer(fresh(500))
    offered += 500
    outlet.hurry()
    time.sleep(0.01)
assert "No space left on device" in outlet.status().error, outlet.status()
ballast.unlink()
until(lambda: "No space" not in outlet.status().error)
sink.fail = None
until(lambda: outlet.status().queued == 0)
outlet.stop(10)
status = outlet.status()
assert status.sent + sum(status.dropped.values()) == offered, (status, offered)
assert sink.numbers == sorted(set(sink.numbers)) and len(sink.numbers) == status.sent
print("good")
"""
)


@pytest.mark.parametrize("script", [FILE, SPOOL], ids=["file", "spool"])
def test_a_full_disk_is_a_pause_and_its_losses_are_counted(tmp_path: Path, script: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    doubles = Path(__file__).resolve().parents[1] / "unit"
    mount = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" -c "$3" "$1" "$4"'
    words = ["unshare", "--mount", "sh", "-c", mount, "sh", str(disk), sys.executable, script, str(doubles)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "good\n", done.stderr
