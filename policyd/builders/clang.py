"""The clang builder: C → ELF object with BTF (cached) → programs loaded by libbpf, relocated for the kernel that runs.

Compiling needs no privilege, so that policies can be compiled in CI; objects fit any kernel that has the types.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from policyd.builders.building import CachingBuilder
from policyd.builders.cage import LONGEST_PROGRAM, CompilerError
from policyd.builders.compiler import FLAGS, Clang, find_clang
from policyd.builders.diagnostics import Lines, compile_error, too_long, verifier_error
from policyd.builders.directives import without_directives
from policyd.errors import CompileError
from policyd.kernel.bpf import lines
from policyd.kernel.bpf import object as bpf_object
from policyd.kernel.bpf.programs import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.builders.cache import ObjectCache
    from policyd.builders.directives import Plain
    from policyd.codegen.source import Source
    from policyd.kernel.bpf.programs import ProgramKind
    from policyd.unit import AttachPoint

_BROKEN = "clang made no object (if `clang --version` works here, please report this as a bug of policyd)"


class ClangBuilder(CachingBuilder):
    """Builds with one clang.  See `policyd.builders.Builder` for what the methods promise."""

    name = "clang"

    def __init__(self, cache: ObjectCache | None = None, clang: Clang | None = None) -> None:
        """`clang` None: the system's, looked for when something must be compiled."""
        super().__init__(cache)
        self._given = clang

    @cached_property
    def _clang(self) -> Clang:
        return self._given or find_clang()

    def ingredients(self, source: Source) -> tuple[str, ...]:  # noqa: ARG002 (of all units the same)
        return (self._clang.identity, *FLAGS)

    def compile_plain(self, source: Source, plain: Plain, unit: str) -> bytes:
        try:
            compiled = self._clang.compile(plain.text)
        except CompilerError as error:
            raise compile_error(unit, plain, str(error), _BROKEN) from None
        length = max((lines.function_length(compiled, name) for name in source.programs), default=0)
        if length > LONGEST_PROGRAM:
            raise too_long(unit, length)
        return compiled

    def load_with(
        self, compiled: bytes, source: Source, point: AttachPoint, kind: ProgramKind, maps: Mapping[str, int]
    ) -> tuple[int, ...]:
        wanted = bpf_object.Wanted(source.programs, kind, f"load the programs of {point.key}")
        try:
            return bpf_object.load(compiled, wanted, maps)
        except bpf_object.MalformedObjectError as error:
            raise CompileError(point.key, f"the compiled object cannot be loaded: {error}; a bug of policyd") from None
        except RefusedError as error:
            name = error.program or source.programs[0]
            raise verifier_error(
                point.key, without_directives(source.text), error, lambda: Lines(lines.line_table(compiled, name))
            ) from None
