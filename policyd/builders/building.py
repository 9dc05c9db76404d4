"""What all builders do alike: look into the cache, compile many units side by side, make the programs' private maps.

A builder says with what its units are compiled (`ingredients`: a part of the cache's key), compiles one, and loads one.
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TYPE_CHECKING

from policyd.builders.cache import ObjectCache
from policyd.builders.directives import Plain, without_directives
from policyd.errors import CompileError
from policyd.kernel.bpf import maps as bpf_maps
from policyd.kernel.bpf.programs import ProgramKind
from policyd.places import attach_target
from policyd.vocabulary.attach import attach_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policyd.codegen.source import PrivateMap, Source
    from policyd.unit import AttachPoint


class CachingBuilder(ABC):
    """The common part of the builders.  See `policyd.builders.Builder` for what the methods promise."""

    name: str

    def __init__(self, cache: ObjectCache | None = None) -> None:
        """`cache` None: every unit is compiled anew."""
        self._cache = cache if cache is not None else ObjectCache(None)

    @abstractmethod
    def ingredients(self, source: Source) -> tuple[str, ...] | None:
        """Return what decides about the result beside the text; None if that cannot be known, and nothing is kept."""

    @abstractmethod
    def compile_plain(self, source: Source, plain: Plain, unit: str) -> bytes:
        """Return what `load_with` takes, made now; `CompileError`, `UnsupportedError`."""

    @abstractmethod
    def load_with(
        self, compiled: bytes, source: Source, point: AttachPoint, kind: ProgramKind, maps: Mapping[str, int]
    ) -> tuple[int, ...]:
        """Load with all maps made: see `Builder.load`."""

    def compile(self, source: Source, unit: str) -> bytes:
        plain = without_directives(source.text)
        ingredients = self.ingredients(source)
        if ingredients is None:
            return self.compile_plain(source, plain, unit)
        key = hashlib.sha256("\0".join([*ingredients, plain.text]).encode()).hexdigest()
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        compiled = self.compile_plain(source, plain, unit)
        if self.ingredients(source) == ingredients:  # what compiled is what was asked for
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
        kind = ProgramKind.of(attach_kind(point.kind, point.option), attach_target(point))
        with _made(source.private) as private:
            return self.load_with(compiled, source, point, kind, {**maps, **private})

    def close(self) -> None:  # noqa: B027 (most hold nothing)
        """See `Builder`."""

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
