"""The maps of `shared/` that have one shape on every host, and whether what is there has it.

The planner compares with them, the engine makes maps like them, generated code names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.layout import ACCOUNT_BYTES, READER
from policyd.unit import MOST_GUARDED, SHARED_ROWS

if TYPE_CHECKING:
    from policyd.kernel.port import MapInfo

MAX_SCALARS = 8192


@dataclass(frozen=True, slots=True)
class SharedShape:
    """A map's type and sizes (in bytes), as the kernel is told them."""

    type: str
    key_size: int
    value_size: int
    max_entries: int

    def fits(self, found: MapInfo) -> bool:
        """Whether a map that is there has this shape."""
        return self == SharedShape(found.type, found.key_size, found.value_size, found.max_entries)


SHARED_SHAPES: dict[str, SharedShape] = {
    "config": SharedShape("array", 4, 8, SHARED_ROWS),
    "account": SharedShape("percpu_array", 4, ACCOUNT_BYTES, SHARED_ROWS),
    "scalars": SharedShape("array", 4, 24, MAX_SCALARS),
    "readers": SharedShape("array", 4, READER.size, SHARED_ROWS),
    "guarded": SharedShape("hash", 4, 8, MOST_GUARDED),
}


def outdated(shared: dict[str, MapInfo], processes: SharedShape | None) -> frozenset[str]:
    """Return the names of those maps of `shared/` that another version of policyd made in another shape.

    `processes` is the shape of the process table, for those who have one.
    """
    shapes = SHARED_SHAPES | ({"processes": processes} if processes else {})
    return frozenset(name for name, shape in shapes.items() if name in shared and not shape.fits(shared[name]))
