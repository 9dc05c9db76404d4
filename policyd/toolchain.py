"""The engine's toolchain: `codegen` and a builder joined, so that a bound unit becomes loaded programs.

`compile_all` is `policyd validate --compile`: everything up to the object, without privilege.  Safe for the engine's
threads: units are rendered one at a time (BTF and templates are shared), compiled and loaded side by side.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from policyd.codegen import render
from policyd.privileges import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.builders import Builder
    from policyd.codegen import Source
    from policyd.errors import CompileError
    from policyd.target import Target
    from policyd.unit import AttachPoint, BoundUnit


class Toolchain:
    """Renders for one target and builds with one builder; see `policyd.engine.seams.Toolchain` for what `build` promises."""

    def __init__(
        self,
        target: Target,
        builder: Builder,
        built: Callable[[str], object] | None = None,
        permitted: Callable[[AttachPoint], object] = require,
    ) -> None:
        """`built` is told the key of each attach point whose program has been loaded.

        `permitted` raises for an attach point whose programs this process may not load: before they are compiled.
        """
        self._target, self._builder, self._built, self._permitted = target, builder, built, permitted
        self._rendering = threading.Lock()

    def render(self, bound: BoundUnit, shards: int = 1) -> Source:
        """Return the C of a unit."""
        with self._rendering:
            return render(bound, self._target, shards)

    def build(self, bound: BoundUnit, open_map: Callable[[str], int], shards: int = 1) -> tuple[int, ...]:
        """Return the file descriptors of the loaded programs, one a shard; the caller closes them."""
        self._permitted(bound.unit.attach_point)
        source = self.render(bound, shards)
        compiled = self._builder.compile(source, bound.unit.attach_point.key)
        maps = {symbol: open_map(name) for symbol, name in source.shared}
        fds = self._builder.load(compiled, source, bound.unit.attach_point, maps)
        if self._built is not None:
            self._built(bound.unit.attach_point.key)
        return fds

    def compile_all(
        self, units: Iterable[BoundUnit], progress: Callable[[str], object] | None = None
    ) -> dict[str, CompileError]:
        """Compile units side by side without loading them; return the errors by the attach point's key."""
        sources = {bound.unit.attach_point.key: self.render(bound) for bound in units}
        results = self._builder.compile_many(sources, progress)
        return {key: result for key, result in results.items() if not isinstance(result, bytes)}
