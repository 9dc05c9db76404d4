"""Generated C becomes loaded programs: the seam that every builder fills.

Compiling needs no privilege and touches nothing but a cache; loading goes through the verifier.  The engine compiles all
units side by side first (`compile_many`), then loads one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.codegen.source import Source
    from policyd.errors import CompileError
    from policyd.unit import AttachPoint


class Builder(Protocol):
    """A way from C to programs."""

    name: str

    def compile(self, source: Source, unit: str) -> bytes:
        """Return what `load` takes.  `unit` (an attach point's key) names it in a `CompileError`; `UnsupportedError`."""

    def compile_many(
        self, sources: Mapping[str, Source], progress: Callable[[str], object] | None = None
    ) -> dict[str, bytes | CompileError]:
        """Compile units by key, as many at once as there are CPUs; `progress` gets each key as it is done."""

    def load(self, compiled: bytes, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        """Return one fd a program, in the order of `source.programs`.

        `maps` are the fds of the shared maps, by symbol; they stay the caller's.  Private maps are made, and live as long as
        the programs.  `VerifierError` if the kernel refuses a program (then none is loaded), `KernelError` if loading fails
        for another reason, `CompileError` if object and maps do not fit.
        """

    def build(self, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        """`compile`, then `load`."""

    def close(self) -> None:
        """Give back the processes that compiling holds; a later `compile` takes them again."""
