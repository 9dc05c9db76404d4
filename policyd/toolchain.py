"""The engine's toolchain: `codegen` and a builder joined, so that a bound unit becomes loaded programs.

`compile_all` is `policyd validate --compile`: everything up to the object, without privilege.  Safe for the engine's
threads: units are rendered one at a time (BTF and templates are shared), compiled and loaded side by side.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from policyd.codegen import render
from policyd.errors import BuildError
from policyd.privileges import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.builders import Builder
    from policyd.codegen import Source
    from policyd.target import Target
    from policyd.unit import AttachPoint, BoundUnit

MOST_PER_CPU = 32 * 1024
"""The largest value of a per-CPU map, in bytes (PCPU_MIN_UNIT_SIZE in the kernel's include/linux/percpu.h)."""


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
        source = self._fitting(bound, shards)
        compiled = self._builder.compile(source, bound.unit.attach_point.key)
        maps = {symbol: open_map(name) for symbol, name in source.shared}
        fds = self._builder.load(compiled, source, bound.unit.attach_point, maps)
        if self._built is not None:
            self._built(bound.unit.attach_point.key)
        return fds

    def compile_all(
        self, units: Iterable[BoundUnit], progress: Callable[[str], object] | None = None
    ) -> dict[str, BuildError]:
        """Compile units side by side without loading them; return the errors by the attach point's key."""
        errors, sources = dict[str, BuildError](), dict[str, "Source"]()
        for bound in units:
            try:
                sources[bound.unit.attach_point.key] = self._fitting(bound)
            except BuildError as error:
                errors[error.unit] = error
        results = self._builder.compile_many(sources, progress)
        return errors | {key: result for key, result in results.items() if not isinstance(result, bytes)}

    def _fitting(self, bound: BoundUnit, shards: int = 1) -> Source:
        """Return the C of a unit; `BuildError` if what its rules read of one event does not fit a CPU's place for it."""
        source = self.render(bound, shards)
        most = max((row.value_size for row in source.private if row.type == "percpu_array"), default=0)
        if most > MOST_PER_CPU:
            said = f"its rules need {most:,} bytes for the texts that they read of one event, and there are {MOST_PER_CPU:,}"
            raise BuildError(bound.unit.attach_point.key, f"{said}: read fewer long ones, or fewer policies' at this hook")
        return source
