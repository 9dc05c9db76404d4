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
_ASKED = "asked for with --builder or POLICYD_BUILDER"


@dataclass(frozen=True, slots=True)
class Choice:
    """A builder's name, and why this one."""

    name: str
    why: str


def choose(wanted: str) -> Choice:
    """Return the builder for one of `CHOICES`; `UnsupportedError` if it, or for `auto` each of them, is not installed."""
    if wanted == "bcc":
        if not is_bcc_installed():
            raise UnsupportedError("bcc is not installed", instead=INSTALL)
        return Choice("bcc", _ASKED)
    try:
        find_clang()
    except UnsupportedError as error:
        if wanted == "clang":
            raise
        if not is_bcc_installed():
            what = "neither clang nor bcc is installed"
            raise UnsupportedError(what, instead=f"install the package clang, or {INSTALL}") from error
        return Choice("bcc", "bcc is installed, clang is not")
    return Choice("clang", _ASKED if wanted == "clang" else "clang is installed")


def is_bcc_installed() -> bool:
    """Tell whether there are files of bcc at the places where distributions put them."""
    return Bcc().identity is not None


def make_builder(wanted: str, cache: ObjectCache | None = None) -> Builder:
    """Return the builder for one of `CHOICES`."""
    if wanted == "bcc":
        return BccBuilder(cache)
    if wanted == "clang":
        return ClangBuilder(cache)
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
