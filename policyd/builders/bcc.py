"""The bcc builder: C → bare instructions, compiled by the distribution's bcc in a process of its own → programs.

bcc only compiles.  Maps are numbers in its output, which this process replaces by the fds of the engine's maps before it
loads the instructions itself: so compiling needs no privilege, its results can be kept, and the verifier's log comes to us.
There is no BTF in these programs; types are those of the kernel that the C was generated for, and of that kernel only.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

from policyd.builders.bcc_server import Bcc, Job
from policyd.builders.building import CachingBuilder
from policyd.builders.cage import LONGEST_PROGRAM, STRICT, CompilerError
from policyd.builders.diagnostics import Lines, compile_error, too_long, verifier_error
from policyd.builders.directives import without_directives
from policyd.errors import CompileError, KernelError, UnsupportedError, VerifierError
from policyd.kernel.bpf import programs
from policyd.kernel.bpf.instructions import with_maps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.builders.cache import ObjectCache
    from policyd.builders.directives import Plain
    from policyd.codegen.source import Source
    from policyd.kernel.bpf.programs import ProgramKind
    from policyd.unit import AttachPoint

FLAGS = (
    *("-Wno-everything", *STRICT),
    *("-fno-caret-diagnostics", "-fno-color-diagnostics", "-ferror-limit=20"),
    *("-D_UAPI__LINUX_BPF_H__", "-D__BPF_HELPERS_H"),  # the guards of bcc's own headers, which need the kernel's
    "-DBCC_SEC(name)=__attribute__((section(name),used))",
    "-DPD_LITERAL_MAPS",
)

_FIRST_NUMBER = 0x50000000
"""Stands for the first map, the next number for the next one: far above all fds, so that none is taken for another."""

_MAGIC = b"policyd-bcc-1\n"
_NAME = re.compile(r"pd_[0-9a-z_]{1,12}")
_SOURCE_LINES = 8  # bcc's DEBUG_SOURCE
_FUNCTION = re.compile(r"Disassembly of function (\S+)")
_LINE = re.compile(r"; (?P<text>.*) // Line +(?P<line>\d+)")
_INSTRUCTION = re.compile(r" *(\d+):\t")
_BROKEN = "bcc made no program (if `policyd doctor` finds bcc here, please report this as a bug of policyd)"


class BccBuilder(CachingBuilder):
    """Builds with one bcc.  See `policyd.builders.Builder` for what the methods promise."""

    name = "bcc"

    def __init__(self, cache: ObjectCache | None = None, bcc: Bcc | None = None) -> None:
        """`bcc` None: the system's, started when something must be compiled."""
        super().__init__(cache)
        self._bcc = bcc or Bcc()
        self._is_known = True

    def close(self) -> None:
        self._bcc.end()

    def ingredients(self, source: Source) -> tuple[str, ...] | None:
        identity = self._bcc.identity if self._is_known else None
        return None if identity is None else (*identity, *_flags(source), _checks(source))

    def compile_plain(self, source: Source, plain: Plain, unit: str) -> bytes:
        for name in source.programs:
            if not _NAME.fullmatch(name):  # bcc attaches functions with certain prefixes by itself
                raise CompileError(unit, f"the program name {name!r} is none for bcc; a bug of policyd")
        try:
            self._is_known = self._covers()
            result = self._bcc.compile(Job(plain.text + _checks(source), source.programs, _flags(source)))
        except CompilerError as error:
            raise compile_error(unit, plain, str(error).removeprefix("error: "), _BROKEN) from None
        longest = max(map(len, result.code)) // 8
        if longest > LONGEST_PROGRAM:
            raise too_long(unit, longest)
        return _packed(result.code)

    def load_with(
        self, compiled: bytes, source: Source, point: AttachPoint, kind: ProgramKind, maps: Mapping[str, int]
    ) -> tuple[int, ...]:
        try:
            fds = {number: maps[symbol] for symbol, number in _numbers(source).items()}
            codes = [with_maps(code, fds) for code in _unpacked(compiled, len(source.programs))]
        except (KeyError, ValueError) as error:
            what = f"the compiled programs cannot be loaded: {error}; a bug of policyd"
            raise CompileError(point.key, what) from None
        loaded: list[int] = []
        try:
            for name, code in zip(source.programs, codes, strict=True):
                loaded.append(programs.load_or_explain(kind, code, name))
        except (programs.RefusedError, KernelError) as error:
            for fd in loaded:
                os.close(fd)
            if isinstance(error, programs.RefusedError):
                raise self._verifier_error(source, point.key, compiled, error) from None
            raise
        return tuple(loaded)

    def _verifier_error(self, source: Source, unit: str, compiled: bytes, refused: programs.RefusedError) -> VerifierError:
        plain = without_directives(source.text)
        return verifier_error(unit, plain, refused, lambda: self._lines(source, plain, compiled, refused.program))

    def _covers(self) -> bool:
        """Tell whether `identity` knows all files that bcc consists of: else a change of one of them would go unseen."""
        description, identity = self._bcc.describe(), self._bcc.identity or ()
        known = {entry.rsplit(" ", 2)[0] for entry in identity}
        return known.issuperset(map(os.path.realpath, (description.file, *description.libraries)))

    def _lines(self, source: Source, plain: Plain, compiled: bytes, program: str) -> Lines:
        """Return the lines of a program's instructions: compiled again, for bcc only prints them; empty if it does not."""
        try:
            text = plain.text + _checks(source)
            result = self._bcc.compile(Job(text, source.programs, _flags(source), _SOURCE_LINES))
        except (CompilerError, UnsupportedError):
            return Lines()
        return line_table(result.said, program, plain) if _packed(result.code) == compiled else Lines()


def line_table(said: str, program: str, plain: Plain) -> Lines:
    """Return what bcc's annotated disassembly tells of a program's lines.

    Its numbers count some lines that bcc put before our text (11 to 15, seen with 0.26 to 0.31): by as many as make the most
    of the texts that it shows agree with ours.
    """
    rows: list[tuple[int, int]] = []
    texts: dict[int, str] = {}
    here, line = False, 0
    for entry in said.splitlines():
        if function := _FUNCTION.fullmatch(entry):
            here = function[1] == program
        elif here and (shown := _LINE.fullmatch(entry)):
            line = int(shown["line"])
            texts[line] = shown["text"].strip()
        elif here and line and (instruction := _INSTRUCTION.match(entry)):
            rows.append((int(instruction[1]), line))
            line = 0
    ours: dict[str, list[int]] = {}
    for number, text in enumerate(plain.text.splitlines(), start=1):
        ours.setdefault(text.strip(), []).append(number)
    votes = Counter(line - number for line, text in texts.items() for number in ours.get(text, ()) if line >= number)
    if not votes:
        return Lines()
    before = votes.most_common(1)[0][0]
    return Lines(tuple((instruction, line - before) for instruction, line in rows if line > before))


def _numbers(source: Source) -> dict[str, int]:
    """Return the number that stands for each map in the code."""
    symbols = [*(symbol for symbol, _ in source.shared), *(row.symbol for row in source.private)]
    return {symbol: _FIRST_NUMBER + index for index, symbol in enumerate(symbols)}


def _flags(source: Source) -> tuple[str, ...]:
    return (*FLAGS, *(f"-DPD_FD_{symbol}={number:#x}" for symbol, number in _numbers(source).items()))


def _checks(source: Source) -> str:
    """Return C that does not compile unless members are where the kernel has them: bcc relocates nothing.

    The types come from BTF through libbpf, which some versions of it do not print quite as they are.
    """
    return "".join(
        f'\n_Static_assert(__builtin_offsetof({type_}, {member}) == {offset}, "layout: {type_}.{member}");'
        for type_, member, offset in source.offsets
    )


def _packed(codes: tuple[bytes, ...]) -> bytes:
    return _MAGIC + b"".join(len(code).to_bytes(4, "little") + code for code in codes)


def _unpacked(compiled: bytes, count: int) -> list[bytes]:
    """Return the instructions of each program; `ValueError` if these are no `count` programs."""
    if not compiled.startswith(_MAGIC):
        raise ValueError("they were not compiled by bcc")
    codes, at = [], len(_MAGIC)
    while at < len(compiled):
        size = int.from_bytes(compiled[at : at + 4], "little")
        codes.append(compiled[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(compiled) or len(codes) != count:
        raise ValueError(f"they are not {count}")
    return codes
