"""Names of functions and probes in a file, as hooks spell them: globs, near misses, and why one cannot be hooked."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from policyd.resolve.packets import is_glob
from policyd.resolve.problems import Missing
from policyd.text import did_you_mean, one_of, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policyd.elf import Binary, Symbol, UsdtProbe


def matching_symbols(patterns: tuple[str, ...], binary: Binary) -> tuple[list[tuple[str, Symbol]], list[Missing]]:
    """Return (name, function) for each function that is meant, by its first name if several names mean it."""
    known = binary.symbols()
    found: dict[int, tuple[str, Symbol]] = {}
    missing = []
    for pattern in patterns:
        names = _globbed(pattern, known) if is_glob(pattern) else _exact(pattern, known)
        usable = [name for name in names if not known[name].indirect]
        if not usable:
            missing.append(_no_function(pattern, names, binary))
        for name in usable:
            found.setdefault(known[name].offset, (name, known[name]))
    return list(found.values()), missing


def _exact(name: str, known: Mapping[str, Symbol]) -> list[str]:
    return [name] if name in known else []


def _globbed(pattern: str, known: Mapping[str, Symbol]) -> list[str]:
    """Return what matches; functions of a version (`NAME@VERSION`) only if the pattern asks for versions."""
    versions = "@" in pattern
    return [name for name in known if fnmatchcase(name, pattern) and ("@" in name) == versions]


def _no_function(pattern: str, indirect: list[str], binary: Binary) -> Missing:
    where = quote(binary.path, 200)
    if indirect:
        message = f"{quote(indirect[0])} of {where} is chosen as the program starts (an indirect function): it has no code"
        return Missing("unknown-target", message, "hook what it chooses from, where the file names that, or its callers")
    if is_glob(pattern):
        return Missing("unknown-target", f"no function of {where} matches {quote(pattern)}")
    names = [name for name, symbol in binary.symbols().items() if not symbol.indirect]
    if not names:
        hint = "it is stripped: give an `offset`, or install its symbols (.gnu_debugdata)"
        return Missing("unknown-target", f"{where} names no functions", hint)
    hint = did_you_mean(pattern, _likely_first(pattern, names))
    return Missing("unknown-target", f"there is no function {quote(pattern)} in {where}", hint)


def _likely_first(word: str, names: Iterable[str]) -> list[str]:
    """Return names with those first that are written nearly so: a program can have a million."""
    fold = word.casefold()
    return sorted(names, key=lambda name: (fold[:3] not in name.casefold(), abs(len(name) - len(word))))


def matching_probes(provider: str, patterns: tuple[str, ...], binary: Binary) -> tuple[list[UsdtProbe], list[Missing]]:
    """Return every place of the USDT probes that are meant, in the order of the file."""
    of_provider = [probe for probe in binary.usdt() if fnmatchcase(probe.provider, provider)]
    found, missing = [], []
    for pattern in patterns:
        probes = [probe for probe in of_provider if fnmatchcase(probe.name, pattern)]
        if not probes:
            missing.append(_no_probe(provider, pattern, binary))
        found += [probe for probe in probes if probe not in found]
    return found, missing


def _no_probe(provider: str, pattern: str, binary: Binary) -> Missing:
    where, wanted = quote(binary.path, 200), f"{provider}:{pattern}"
    known = list(dict.fromkeys(probe.key for probe in binary.usdt()))
    if not known:
        return Missing("unknown-target", f"{where} has no USDT probes")
    hint = did_you_mean(wanted, known) or f"there are {one_of(known)}"
    return Missing("unknown-target", f"there is no probe {quote(wanted)} in {where}", hint)
