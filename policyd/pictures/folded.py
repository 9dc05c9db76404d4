"""Folded stacks: a line for each, `main;read;vfs_read_[k] 12`, as flame graph tools take them.

Kernel functions end in `_[k]`, by which those tools colour them; a `;` in a name becomes `:`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.pictures.samples import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.pictures.samples import Frame, Sample


def folded(samples: Iterable[Sample]) -> Iterator[str]:
    """Yield a line for each sample, without its end; labels are the outermost frames."""
    for sample in samples:
        frames = ";".join(map(_name, sample.labelled)) or "[empty]"
        yield f"{frames} {sample.value}"


def _name(frame: Frame) -> str:
    name = frame.name.replace(";", ":")
    return f"{name}_[k]" if frame.kind is Kind.KERNEL else name
