"""Which builder to use: what was asked for, else clang where it is installed, else bcc.

Nothing is started for it.  Where there is neither, the builder says so only when something must be compiled: an `apply` that
changes no program needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.builders.bcc import BccBuilder
from policyd.builders.bcc_server import INSTALL, Bcc
from policyd.builders.building import CachingBuilder
from policyd.builders.clang import ClangBuilder
from policyd.builders.compiler import find_clang
from policyd.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.builders import Builder
    from policyd.builders.cache import ObjectCache
    from policyd.builders.directives import Plain
    from policyd.codegen.source import Source
    from policyd.kernel.bpf.programs import ProgramKind
    from policyd.unit import AttachPoint

CHOICES = ("auto", "clang", "bcc")


@dataclass(frozen=True, slots=True)
class Choice:
    """A builder's name, and why this one."""

    name: str
    why: str


def choose(wanted: str) -> Choice:
    """Return the builder for one of `CHOICES`; `UnsupportedError` if there is neither."""
    if wanted != "auto":
        return Choice(wanted, "asked for with --builder or POLICYD_BUILDER")
    try:
        find_clang()
    except UnsupportedError as error:
        if Bcc().identity is None:
            what = "neither clang nor bcc is installed"
            raise UnsupportedError(what, instead=f"install the package clang, or {INSTALL}") from error
        return Choice("bcc", "bcc is installed, clang is not")
    return Choice("clang", "clang is installed")


def make_builder(wanted: str, cache: ObjectCache | None = None) -> Builder:
    """Return the builder for one of `CHOICES`."""
    try:
        name = choose(wanted).name
    except UnsupportedError as error:
        return _NoBuilder(error)
    return BccBuilder(cache) if name == "bcc" else ClangBuilder(cache)


class _NoBuilder(CachingBuilder):
    """Says why there is no builder, to whoever needs one."""

    name = "none"

    def __init__(self, error: UnsupportedError) -> None:
        super().__init__()
        self._error = error

    def ingredients(self, source: Source) -> tuple[str, ...] | None:  # noqa: ARG002 (there is none, whatever it is)
        raise self._error

    def compile_plain(self, source: Source, plain: Plain, unit: str) -> bytes:  # noqa: ARG002 (as above)
        raise self._error

    def load_with(
        self,
        compiled: bytes,  # noqa: ARG002 (as above)
        source: Source,  # noqa: ARG002
        point: AttachPoint,  # noqa: ARG002
        kind: ProgramKind,  # noqa: ARG002
        maps: Mapping[str, int],  # noqa: ARG002
    ) -> tuple[int, ...]:
        raise self._error
