"""What the suite applies, stage by stage: so that the host can compile all of it before, and the guest compiles nothing.

Each stage is applied alone, on a host where nothing runs or where the stage before it has the same rows.
"""

from __future__ import annotations

from pathlib import Path

from load import CALLS, PACKETS, Kind

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "policies"
KINDS = (CALLS, PACKETS)
"""Replaced through a slot, and by a link update."""
PORTABLE = FOLDER / "exec-audit.yaml"
"""Loaded from objects that were compiled for another kernel: it walks through the kernel's structures."""


def replaced(kind: Kind) -> tuple[str, str]:
    """Return the two versions of a policy that are put in each other's place."""
    return kind.versions()
