"""The code generator: a bound unit becomes one self-contained C text, through the templates of `bpf_templates/`.

Called by the toolchain (to build) and `policyd render` (to read).  The text depends on the unit, its rows and the types of
the target only; `#line` directives name the policy's file, so that compiler and verifier speak of YAML.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd import __version__
from policyd.codegen.source import (
    PROCESSES_ENTRIES,
    PROCESSES_FLAGS,
    PROCESSES_TYPE,
    PROCESSES_VALUE,
    PrivateMap,
    Source,
)

if TYPE_CHECKING:
    from policyd.target import Target
    from policyd.unit import BoundUnit

PROCESSES = (PROCESSES_TYPE, 4, PROCESSES_VALUE, PROCESSES_ENTRIES, PROCESSES_FLAGS)
"""Type, key size, value size, entries and flags of the shared map `processes`."""

__all__ = ["PROCESSES", "PrivateMap", "Source", "render"]


def render(bound: BoundUnit, target: Target, shards: int = 1) -> Source:
    """Return the C of a unit, in at least `shards` programs that call one another (more if it has very many rules).

    Raises `TargetError` where the target lacks a type that the code needs.
    """
    from policyd.codegen.ctext import block, environment  # noqa: PLC0415  an apply that has nothing to build pays nothing
    from policyd.codegen.offsets import offsets  # noqa: PLC0415
    from policyd.codegen.program import draw  # noqa: PLC0415

    entry = bound.program_name
    blueprint = draw(bound, f"policyd {__version__}, {bound.unit.attach_point.key}, {entry}", entry, shards)
    types = target.btf.slice(blueprint.types) if blueprint.types else ""
    view = replace(blueprint.view, slice=block(types))
    text = environment().get_template("program.c").render(program=view)
    programs = tuple(str(shard.entry) for shard in view.shards)
    text = _number_lines(text)
    return Source(text, programs, blueprint.shared, blueprint.private, offsets(text, target.btf))


def _number_lines(text: str) -> str:
    """Give each `#line here` the number of the line behind it, so that what follows counts as the generated file again."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line == "#line here":
            lines[index] = f'#line {index + 2} "policyd.c"'
    return "\n".join(lines)
