"""Lists of CPUs, as the kernel and its tools spell them: `0-3,8`.  Text in, numbers out, and back."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CPUS = 8192
"""The most that a kernel can be built for (`CONFIG_NR_CPUS` of x86)."""

_PART = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")
_SYSFS = Path("/sys/devices/system/cpu")


def parse_cpus(text: str) -> tuple[int, ...]:
    """Return the CPUs of a list, sorted, each once; `ValueError` if it is none."""
    found: set[int] = set()
    for part in text.strip().split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"not a list of CPUs: {text!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last >= MOST_CPUS:
            raise ValueError(f"not a list of CPUs: {text!r}")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def show_cpus(cpus: Iterable[int]) -> str:
    """Return the shortest list of these CPUs: `0-3,8`."""
    runs = [[cpu for _, cpu in run] for _, run in groupby(enumerate(sorted(cpus)), lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def online_cpus() -> tuple[int, ...]:
    """Return the CPUs that run now."""
    return parse_cpus((_SYSFS / "online").read_text(encoding="ascii"))


def possible_cpus() -> tuple[int, ...]:
    """Return the CPUs that this host has, or can be given while it runs."""
    return parse_cpus((_SYSFS / "possible").read_text(encoding="ascii"))
