"""The clang builder: C → ELF object with BTF (cached) → programs loaded by libbpf, relocated for the kernel that runs.

Compiling needs no privilege, so that policies can be compiled in CI; objects fit any kernel that has the types.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from policyd.builders.cache import ObjectCache
from policyd.builders.compiler import FLAGS, Clang, CompilerError, find_clang
from policyd.builders.directives import Plain, without_directives
from policyd.errors import CompileError, Position, VerifierError
from policyd.kernel.bpf import lines, verifier
from policyd.kernel.bpf import maps as bpf_maps
from policyd.kernel.bpf import object as bpf_object
from policyd.kernel.bpf.programs import ProgramKind
from policyd.vocabulary.attach import attach_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policyd.codegen.source import PrivateMap, Source
    from policyd.unit import AttachPoint

_DIAGNOSTIC = re.compile(r"<stdin>:(?P<line>\d+):\d+: (?:fatal )?(?P<severity>error|warning): (?P<text>.*)")
_LOGGED_SOURCE = re.compile(r"^; (.*)@ <stdin>:(\d+)$", re.MULTILINE)
_TOO_BIG = ("BPF stack limit", "out of insn range")  # llvm/lib/Target/BPF: BPFRegisterInfo.cpp, BPFMIPeephole.cpp
_BUG = "generated code does not compile: please report this as a bug of policyd"
_BROKEN = "clang made no object (if `clang --version` works here, please report this as a bug of policyd)"


class ClangBuilder:
    """Builds with one clang.  See `policyd.builders.Builder` for what the methods promise."""

    name = "clang"

    def __init__(self, cache: ObjectCache | None = None, clang: Clang | None = None) -> None:
        """`clang` None: the system's, looked for when something must be compiled."""
        self._cache = cache if cache is not None else ObjectCache(None)
        self._given = clang

    @cached_property
    def _clang(self) -> Clang:
        return self._given or find_clang()

    def compile(self, source: Source, unit: str) -> bytes:
        plain = without_directives(source.text)
        key = hashlib.sha256("\0".join([self._clang.identity, *FLAGS, plain.text]).encode()).hexdigest()
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        try:
            compiled = self._clang.compile(plain.text)
        except CompilerError as error:
            raise _compile_error(unit, plain, str(error)) from None
        self._cache.put(key, compiled)
        return compiled

    def compile_many(
        self, sources: Mapping[str, Source], progress: Callable[[str], object] | None = None
    ) -> dict[str, bytes | CompileError]:
        results: dict[str, bytes | CompileError] = {}
        with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
            futures = {pool.submit(self._attempt, source, name): name for name, source in sources.items()}
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                if progress is not None:
                    progress(futures[future])
        return {name: results[name] for name in sources}

    def _attempt(self, source: Source, unit: str) -> bytes | CompileError:
        try:
            return self.compile(source, unit)
        except CompileError as error:
            return error

    def load(self, compiled: bytes, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        wanted = bpf_object.Wanted(
            source.programs, ProgramKind.of(attach_kind(point.kind, point.option)), f"load the programs of {point.key}"
        )
        try:
            with _made(source.private) as private:
                return bpf_object.load(compiled, wanted, {**maps, **private})
        except bpf_object.MalformedObjectError as error:
            raise CompileError(point.key, f"the compiled object cannot be loaded: {error}; a bug of policyd") from None
        except bpf_object.RefusedError as error:
            raise _verifier_error(source, compiled, point.key, error) from None

    def build(self, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        return self.load(self.compile(source, point.key), source, point, maps)


@contextmanager
def _made(wanted: tuple[PrivateMap, ...]) -> Iterator[dict[str, int]]:
    """Make the maps that belong to the programs of one unit; the programs keep them when these fds are closed."""
    fds: dict[str, int] = {}
    try:
        for row in wanted:
            fds[row.symbol] = bpf_maps.create(row.type, row.key_size, row.value_size, row.max_entries, 0, row.symbol[:15])
            for index, start in enumerate(range(0, len(row.contents or b""), row.value_size)):
                value = (row.contents or b"")[start : start + row.value_size]
                bpf_maps.update(fds[row.symbol], index.to_bytes(row.key_size, "little"), value, f"fill map {row.symbol}")
        yield fds
    finally:
        for fd in fds.values():
            os.close(fd)


def _compile_error(unit: str, plain: Plain, said: str) -> CompileError:
    """Return the error with every diagnostic about our C, each with the line of C and the policy's line.

    Other lines are left out where there are such, for a diagnostic about another file would quote that file.
    """
    report, first, position = [], "", None
    for match in filter(None, map(_DIAGNOSTIC.match, said.splitlines())):
        line = int(match["line"])
        place = plain.position(line)
        where = f"{place.file}:{place.line}: " if place else ""
        report.append(f"{where}{match['severity']}: {match['text']} (generated line {line}: {plain.line(line)})")
        if match["severity"] == "error" and not first:
            first, position = match["text"], place
    what = _BUG if report else _BROKEN
    if not first:
        first = "it names another file" if "In file included" in said else said.partition("\n")[0]
    too_big = any(words in said for words in _TOO_BIG)
    return CompileError(unit, f"{what}: {first}", "\n".join(report), position, too_big=too_big)


def _verifier_error(source: Source, compiled: bytes, unit: str, refused: bpf_object.RefusedError) -> VerifierError:
    plain = without_directives(source.text)
    found = verifier.diagnose(refused.log, refused.errno)
    line = found.line
    if not line and found.instruction >= 0:
        line = lines.instruction_line(compiled, refused.program or source.programs[0], found.instruction)
    code = errno.E2BIG if found.over_budget else refused.errno
    return VerifierError(unit, found.summary, _readable(refused.log, plain), code, _position(plain, line))


def _position(plain: Plain, line: int) -> Position | None:
    return plain.position(line) if line else None


def _readable(log: str, plain: Plain) -> str:
    """Put the text of the C lines into the log: the compiler read its input from a pipe and could not."""

    def shown(match: re.Match[str]) -> str:
        line = int(match[2])
        place = plain.position(line)
        return f"; {plain.line(line)} @ " + (f"{place.file}:{place.line}" if place else f"generated:{line}")

    return _LOGGED_SOURCE.sub(shown, log)
