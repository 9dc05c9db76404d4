"""What is in a file to be hooked, as rows of text: functions by glob, USDT probes with their arguments."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyd.elf.binary import Binary
    from policyd.elf.usdt import UsdtProbe

Rows = tuple[tuple[str, ...], ...]


def function_rows(binary: Binary, pattern: str) -> Rows:
    """Return (name, offset, bytes, remark) of the functions that match, by name; versions only where they are asked for."""
    found = [
        (name, f"{one.offset:#x}", str(one.size or "?"), "indirect: it has no code of its own" if one.indirect else "")
        for name, one in sorted(binary.symbols().items())
        if fnmatchcase(name, pattern) and ("@" in name) == ("@" in pattern)
    ]
    return tuple(found)


def probe_rows(binary: Binary, pattern: str) -> Rows:
    """Return (provider:name, places, arguments) of the probes that match, in the order of the file."""
    probes: dict[str, list[UsdtProbe]] = {}
    for probe in binary.usdt():
        if fnmatchcase(probe.key, pattern):
            probes.setdefault(probe.key, []).append(probe)
    return tuple((key, str(len(places)), _arguments(places[0])) for key, places in probes.items())


def _arguments(probe: UsdtProbe) -> str:
    """Return `args[0] s32, args[1] u64` as the first place of a probe has them, or how the note spells it."""
    shown = []
    for index, one in enumerate(probe.arguments):
        kind = f"{'s' if one.signed else 'u'}{one.size * 8}" if one.place is not None else f"({one.text})"
        shown.append(f"args[{index}] {kind}")
    return ", ".join(shown)
