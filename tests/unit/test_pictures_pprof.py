"""Profiles are what pprof reads: by a small reader of protocol buffers here, by `go tool pprof` where it is installed."""

from __future__ import annotations

import gzip
import os
import pwd
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from policyd.pictures.pprof import Meaning, pprof
from policyd.pictures.samples import Frame, Kind, Sample

MAIN, READ = Frame("main", Kind.USER, "cat"), Frame("read", Kind.USER, "libc.so.6")
KERNEL = Frame("vfs_read", Kind.KERNEL, "kernel")
SAMPLES = (
    Sample((MAIN, READ, KERNEL), 3_000_000_000, (("comm", "cat"),)),
    Sample((MAIN, READ), 1_500_000_000, (("comm", "dd"),)),
    Sample((), 5, ()),
)
MEANING = Meaning("offcpu", "nanoseconds", 1_700_000_000_000_000_000, "policyd: policy waits, output offcpu")


def varint(raw: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = raw[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def message(raw: bytes) -> dict[int, list[int | bytes]]:
    """Return the fields of a message."""
    found: dict[int, list[int | bytes]] = defaultdict(list)
    at = 0
    while at < len(raw):
        tag, at = varint(raw, at)
        number, at = varint(raw, at)
        if tag & 7 == 2:
            found[tag >> 3].append(raw[at : at + number])
            at += number
        else:
            found[tag >> 3].append(number)
    return found


def numbers(raw: bytes) -> list[int]:
    found, at = [], 0
    while at < len(raw):
        number, at = varint(raw, at)
        found.append(number)
    return found


def parts(profile: dict[int, list[int | bytes]], field: int) -> list[dict[int, list[int | bytes]]]:
    return [message(raw) for raw in profile[field] if isinstance(raw, bytes)]


def test_a_profile_holds_every_sample_from_the_innermost_function_outwards() -> None:
    profile = message(gzip.decompress(pprof(SAMPLES, MEANING)))
    texts = [raw.decode() for raw in profile[6] if isinstance(raw, bytes)]
    function = {one[1][0]: texts[int(one[2][0])] for one in parts(profile, 5)}
    location = {one[1][0]: function[message(bytes(one[4][0]))[1][0]] for one in parts(profile, 4)}
    found = [([location[at] for at in numbers(bytes(one[1][0]))], numbers(bytes(one[2][0]))) for one in parts(profile, 2)]

    assert texts[0] == ""
    assert found == [(["vfs_read", "read", "main"], [3_000_000_000]), (["read", "main"], [1_500_000_000]), ([], [5])]
    assert [texts[int(one[1][0])] for one in parts(profile, 1)] == ["offcpu"]
    assert [texts[int(one[2][0])] for one in parts(profile, 1)] == ["nanoseconds"]


def test_labels_and_files_are_kept() -> None:
    profile = message(gzip.decompress(pprof(SAMPLES, MEANING)))
    texts = [raw.decode() for raw in profile[6] if isinstance(raw, bytes)]
    labels = [message(bytes(raw)) for one in parts(profile, 2) for raw in one[3]]

    assert [(texts[int(one[1][0])], texts[int(one[2][0])]) for one in labels] == [("comm", "cat"), ("comm", "dd")]
    assert [texts[int(one[5][0])] for one in parts(profile, 3)] == ["kernel", "libc.so.6", "cat"]


def test_the_same_samples_are_the_same_bytes() -> None:
    assert pprof(SAMPLES, MEANING) == pprof(SAMPLES, MEANING)


def test_values_below_zero_are_kept() -> None:
    profile = message(gzip.decompress(pprof([Sample((MAIN,), -2)], MEANING)))

    assert numbers(bytes(parts(profile, 2)[0][2][0])) == [2**64 - 2]


def go_pprof() -> tuple[list[str], dict[str, str]]:
    """Return how `go tool pprof` is run: Go compiles it when it is asked for first, which takes minutes without a cache."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    cache = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "go-build"
    if go is None or not os.environ.get("POLICYD_TEST_WITH_GO"):
        pytest.skip("Go may have to compile pprof first, for minutes: set POLICYD_TEST_WITH_GO=1")
    return [go, "tool", "pprof"], {**os.environ, "GOCACHE": str(cache), "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}


def test_go_tool_pprof_reads_it(tmp_path: Path) -> None:
    command, environment = go_pprof()
    file = tmp_path / "profile.pb.gz"
    file.write_bytes(pprof(SAMPLES, MEANING))

    done = subprocess.run(
        [*command, "-top", "-cum", "-unit=s", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "PPROF_TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        timeout=600,
    )

    assert "Type: offcpu" in done.stdout
    rows = {line.split()[-1]: line.split() for line in done.stdout.splitlines() if line.endswith(("main", "vfs_read"))}
    assert (rows["main"][0], rows["main"][3], rows["vfs_read"][0]) == ("0", "4.50s", "3s")
