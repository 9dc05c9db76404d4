"""Sampled events on this kernel: a clock, faults (each is seen), switches, and a counter that the machine has not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from inside import ROOT, Shell
from stages import CASES

ACT = """
import mmap
begun = time.process_time()
while time.process_time() - begun < 1:
    pass
libc.mmap.restype = ctypes.c_void_p
at, size = 0x610000000000, 200 * 4096
found = libc.mmap(ctypes.c_void_p(at), ctypes.c_size_t(size), 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x10, -1, 0)
assert found == at
assert libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(size), mmap.MADV_NOHUGEPAGE) == 0
pages = (ctypes.c_char * size).from_address(at)
for page in range(0, size, 4096):
    pages[page] = 1
time.sleep(0.01)
"""


def _value(shell: Shell, metric: str) -> float:
    (series,) = shell.metrics("sampled")[metric]
    return float(series["value"])


def _perf_hooks(shell: Shell) -> list[dict[str, Any]]:
    hooks = json.loads(shell.run("get", "hooks", "-o", "json").stdout)["items"]
    return [hook for hook in hooks if hook["name"].startswith("perf_event:")]


def test_what_runs_is_sampled_and_what_faults_is_counted(shell: Shell) -> None:
    with shell.case("sampled"):
        hooks = _perf_hooks(shell)
        assert {hook["phase"] for hook in hooks} == {"Ready"}
        assert [len(hook["links"]) for hook in hooks] == [os.cpu_count()] * 4

        shell.act(ACT)
        events = [event["fields"] for event in shell.events("sampled") if event["rule"] == "clock"]
        assert events
        assert {(one["process_comm"], one["hook_name"], one["hook_kind"]) for one in events} == {
            ("pd-actor", "cpu-clock", "perf")
        }
        assert {one["perf_period"] for one in events} == {10**9 // 97}
        assert all(one["perf_ip"] for one in events)
        programs = {one["process_exe"] for one in events} - {None}  # none: the process was about to end
        assert len(programs) == 1
        assert "python" in programs.pop()
        assert _value(shell, "sampled_nanoseconds_total") == len(events) * (10**9 // 97)
        assert _value(shell, "touched_total") == 200
        assert _value(shell, "switches_total") >= 1
        assert [one["labels"] for one in shell.metrics("sampled")["cycles_total"]] == [{"hook_name": "cpu-clock"}]

        for pin in Path(ROOT).glob("hooks/perf_event-*/link-0"):
            pin.unlink()
        assert {hook["reason"] for hook in _perf_hooks(shell)} == {"CPU 0 has no link"}
        shell.run("apply", "-f", str(CASES / "sampled.yaml"))
        assert {hook["phase"] for hook in _perf_hooks(shell)} == {"Ready"}
        shell.act(ACT)
        assert _value(shell, "touched_total") == 400
