"""policyd's names for addresses beside those of bcc's symboliser, for the same addresses: agreement, time, memory.

Each runs in a process of its own.  Addresses are taken at random from the kernel's functions, and from the code that some
processes have mapped: the distribution's Python and bash, a program with symbols, and one that is stripped but has a debug
file beside it.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import bench

from policyd.symbols.mappings import read_mappings

KERNEL, PROGRAM = 20_000, 5_000
"""Addresses of the kernel, and of each process."""
PROBED = bench.HERE.parent / "data" / "probed.c"
HEAD = """
import json, sys, time

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

wanted = json.load(sys.stdin)
"""
TAIL = """
def timed(pid, addresses):
    before, start = resident(), time.perf_counter()
    name = names(pid)
    first = [name(address) for address in addresses[:1]]
    second = time.perf_counter()
    rest = [name(address) for address in addresses[1:]]
    end = time.perf_counter()
    return {"names": first + rest, "first": second - start, "rest": end - second, "kib": resident() - before}

print(json.dumps({what: timed(pid, addresses) for what, (pid, addresses) in wanted.items()}))
"""
OURS = """
from policyd.stack import UserFrame
from policyd.symbols import Symbols
symbols = Symbols()

def names(pid):
    if pid < 0:
        return lambda address: shown(symbols.kernel(address))
    return lambda address: shown(symbols.user(UserFrame(address), pid))

def shown(symbol):
    return (symbol.name, symbol.offset if symbol.name else 0)
"""
BCC = """
import bcc
kept = {}

def names(pid):
    if pid not in kept:
        kept[pid] = bcc.SymbolCache(pid)
    return lambda address: shown(*kept[pid].resolve(address, False))

def shown(name, offset, module):
    return (name.decode("utf-8", "replace"), offset) if name else ("", 0)
"""


def kernel_addresses(chance: random.Random) -> list[int]:
    """Return addresses in the kernel's code: at the start of a function, inside it, or shortly behind."""
    rows = [line.split() for line in Path("/proc/kallsyms").read_text(encoding="ascii").splitlines()]
    starts = [int(row[0], 16) for row in rows if row[1] in "tTwW"]
    return [chance.choice(starts) + chance.choice((0, 1, 5, 16, 64, 300)) for _ in range(KERNEL)]


def code_addresses(pid: int, chance: random.Random) -> list[int]:
    """Return addresses in the code of a process, as many in each file by its size."""
    mappings = [one for one in read_mappings(f"/proc/{pid}") if one.is_file]
    chosen = chance.choices(mappings, [one.end - one.start for one in mappings], k=PROGRAM)
    return [chance.randrange(one.start, one.end) for one in chosen]


def programs(build: Path) -> dict[str, list[str]]:
    """Return the command lines of the processes whose code is looked at."""
    whole, stripped = build / "symbols-whole", build / "symbols-stripped"
    for path in (whole, stripped):
        subprocess.run(["gcc", "-O1", "-g", "-static", "-Wl,--build-id", "-o", path, PROBED], check=True)
    debug = stripped.with_suffix(".debug")
    subprocess.run(["objcopy", "--only-keep-debug", stripped, debug], check=True)
    subprocess.run(["strip", stripped], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", stripped], check=True, cwd=build)
    wait = "import ssl, sqlite3, ctypes, sys; print(flush=True); sys.stdin.read()"
    found = {
        "program with symbols": [str(whole)],
        "stripped, debug file": [str(stripped)],
        "python3": ["/usr/bin/python3", "-c", wait],
        "bash": ["/bin/bash", "-c", "echo; read line"],
    }
    return {what: command for what, command in found.items() if shutil.which(command[0])}


def measure(build: Path) -> dict[str, Any]:
    """Return, for each kind of addresses, what both find, and what that takes."""
    chance = random.Random(7)
    wanted: dict[str, tuple[int, list[int]]] = {"kernel": (-1, kernel_addresses(chance))}
    with ExitStack() as stack:
        for what, command in programs(build).items():
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            assert process.stdin is not None
            assert process.stdout is not None
            stack.callback(process.stdin.close)
            if command[0].startswith(str(build)):
                process.stdin.write("nine\n")
                process.stdin.flush()
            process.stdout.readline()
            wanted[what] = (process.pid, code_addresses(process.pid, chance))
        ours = _answers([sys.executable, "-c", HEAD + OURS + TAIL], wanted)
        theirs = _answers(["/usr/bin/python3", "-c", HEAD + BCC + TAIL], wanted)
    return {what: _compared(len(addresses), ours[what], theirs[what]) for what, (_, addresses) in wanted.items()}


def _answers(command: list[str], wanted: dict[str, tuple[int, list[int]]]) -> dict[str, Any]:
    done = subprocess.run(command, input=json.dumps(wanted), stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _compared(count: int, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    pairs = list(zip(ours["names"], theirs["names"], strict=True))
    kinds = Counter(_kind(mine, other) for mine, other in pairs)
    differing = Counter(f"{mine[0] or '-'} / {other[0] or '-'}" for mine, other in pairs if mine != other)
    times = {
        f"{what} {key}": one[key] for what, one in (("policyd", ours), ("bcc", theirs)) for key in ("first", "rest", "kib")
    }
    return {"addresses": count, **{kind: kinds[kind] for kind in KINDS}, **times, "examples": differing.most_common(12)}


KINDS = ("same name", "both none", "alias", "another function", "only policyd", "only bcc")
"""An alias is another name of a function that begins at the same place."""


def _kind(mine: list[Any], other: list[Any]) -> str:
    if mine == other:
        return "same name" if mine[0] else "both none"
    if mine[0] and other[0]:
        return "alias" if mine[1] == other[1] else "another function"
    return "only policyd" if mine[0] else "only bcc"


def report(found: dict[str, Any]) -> None:
    """Print agreement, then what it takes."""
    rows = [(what, str(one["addresses"]), *(str(one[kind]) for kind in KINDS)) for what, one in found.items()]
    bench.table("Names of the same addresses", ("of", "addresses", *KINDS), rows)
    costs = [
        (what, who, f"{one[f'{who} first'] * 1000:.0f}", _each(one, who), f"{one[f'{who} kib'] / 1024:.1f}")
        for what, one in found.items()
        for who in ("policyd", "bcc")
    ]
    bench.table("What they take", ("of", "who", "first, ms", "each more, us", "memory, MiB"), costs)
    for what, one in found.items():
        for names, count in one["examples"][:4]:
            print(f"  {what}: {names} ({count})")


def _each(one: dict[str, Any], who: str) -> str:
    return f"{one[f'{who} rest'] / (one['addresses'] - 1) * 1e6:.1f}"
